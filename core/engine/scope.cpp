// SPDX-License-Identifier: Apache-2.0
#include "core/engine/scope.hpp"

#include <strings.h>

#include <algorithm>
#include <array>

namespace kdeps::engine {

using value::Kind;
using value::Value;
using Found = std::optional<Value>;

namespace {

bool is_allowed(const std::optional<std::vector<std::string>>& allowed, std::string_view name, bool ignore_case) {
    return !allowed || std::any_of(allowed->begin(), allowed->end(), [&](const std::string& one) {
        return ignore_case ? same_header(one, name) : one == name;
    });
}

Found find_pair(const Pairs& pairs, std::string_view name) {
    for (const auto& [key, text] : pairs) {
        if (key == name) return Value(text);
    }
    return std::nullopt;
}

// What get(key, 'item') gives where nothing is iterated over: no items, at place 0.
Found outside_of_items(std::string_view key) {
    for (const std::string_view number : {"index", "i", "count", "total", "length"}) {
        if (key == number) return Value(0);
    }
    return key == "items" || key == "all" || key == "list" ? Found(Value::list({})) : std::nullopt;
}

// Of several with one name the first counts.  A name that is not there reads as "".
Value pairs_value(const Pairs& pairs, std::string (*spelled)(std::string_view)) {
    value::Map map;
    for (const auto& [key, text] : pairs) {
        const std::string name = spelled(key);
        if (map.find(name) == nullptr) map.set(name, text);
    }
    return Value::map(std::move(map), value::Flavor::texts);
}

std::string as_given(std::string_view name) { return std::string(name); }

// The one spelling under which request.headers has a header, however it was sent: Content-Type, X-Request-Id.
std::string header_spelling(std::string_view name) {
    std::string out(name);
    bool begins = true;
    for (char& c : out) {
        c = static_cast<char>(begins ? std::toupper(static_cast<unsigned char>(c))
                                     : std::tolower(static_cast<unsigned char>(c)));
        begins = c == '-';
    }
    return out;
}

Value storable(const Value& value, std::string_view key, const char* function) {
    Value plain = value::to_plain(value);
    if (value::is_deeper_than(plain, value::kDeepestValue)) {
        throw Error(Status::invalid_argument, std::string(function) + "('" + std::string(key) +
                                                  "', …): the value is nested deeper than 1,000 levels");
    }
    return plain;
}

// What the reader of the session's file takes.
constexpr std::size_t kDeepestInSession = 512;

Value list_of(const std::vector<UploadedFile>& files, std::string UploadedFile::*member) {
    value::List list;
    for (const UploadedFile& file : files) list.emplace_back(file.*member);
    return Value::list(std::move(list));
}

}  // namespace

bool same_header(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

Value Iteration::at(std::int64_t offset) const {
    const std::int64_t place = static_cast<std::int64_t>(index) + offset;
    return place >= 0 && place < static_cast<std::int64_t>(items.size()) ? items.at(static_cast<std::size_t>(place))
                                                                         : Value();
}

Value Scope::get(std::string_view key, std::string_view hint) { return look_up(key, hint).value_or(Value()); }

// Where a name is looked up, in which order (rules §3): the one table that get(), input(), validation and params walk.
const std::array<Scope::Source, 19> Scope::kSources = {{
    {"item", &Scope::from_iteration, kInChain},
    {"memory", &Scope::from_memory, kInChain},
    {"session", &Scope::from_session, kInChain},
    {"output", &Scope::from_output, kInChain},
    {"path", &Scope::from_path, kInChain | kOfRequest | kIsParameter},
    {"query", &Scope::from_query, kInChain | kOfRequest | kIsParameter},
    {"body", &Scope::from_body, kInChain | kOfRequest | kIsParameter},
    {"header", &Scope::from_header, kInChain | kOfRequest},
    {"file", &Scope::from_file, kInChain | kOfRequest},
    {"info", &Scope::from_info, kInChain},
    // Only by name.
    {"loop", &Scope::from_iteration, 0},
    {"app", &Scope::from_app, 0},
    {"param", &Scope::from_parameters, 0},
    {"data", &Scope::from_body, 0},
    {"filepath", &Scope::from_file_path, 0},
    {"filetype", &Scope::from_file_type, 0},
    {"env", &Scope::from_env, 0},
    {"itemvalues", &Scope::from_item_values, 0},
    {"error", &Scope::from_error, 0},
}};

bool Scope::is_source(std::string_view word) {
    return std::any_of(kSources.begin(), kSources.end(), [&](const Source& source) { return source.name == word; });
}

std::string Scope::source_names() {
    std::string out;
    for (const Source& source : kSources) out += (out.empty() ? "" : ", ") + std::string(source.name);
    return out;
}

// get('name') asks for what the client sent; without that, the workflow's name would be a wrong answer.  info() tells it.
static bool is_of_workflow(std::string_view key) {
    return key == "name" || key == "version" || key == "description";
}

Found Scope::walk(std::string_view key, unsigned kind) const {
    for (const Source& source : kSources) {
        if ((source.kinds & kind) == 0) continue;
        if (source.find == &Scope::from_info && is_of_workflow(key)) continue;
        if (Found found = (this->*source.find)(key)) return found;
    }
    return std::nullopt;
}

Found Scope::look_up(std::string_view key, std::string_view hint) const {
    if (hint.empty()) {
        if (error_ != nullptr && key == "error") return Value(error_->message);
        return walk(key, kInChain);
    }
    const auto source =
        std::find_if(kSources.begin(), kSources.end(), [&](const Source& one) { return one.name == hint; });
    if (source == kSources.end()) return std::nullopt;
    if (source->find == &Scope::from_iteration) {
        if (iteration_ == nullptr) return outside_of_items(key);
        if (key.empty()) return from_iteration("item");
    }
    return (this->*source->find)(key);
}

Found Scope::from_request(std::string_view key) const { return walk(key, kOfRequest); }

Found Scope::from_parameters(std::string_view key) const {
    return key.empty() ? Found(parameters()) : walk(key, kIsParameter);
}

Found Scope::from_memory(std::string_view key) const { return run_.memory().get(key); }
Found Scope::from_app(std::string_view key) const { return run_.parts().app.get(key); }

Found Scope::from_session(std::string_view key) const {
    const auto session = run_.session(false);
    return session == nullptr ? std::nullopt : session->get(key);
}

Found Scope::from_env(std::string_view key) const {
    const auto& env = run_.parts().workflow.settings.env;
    if (const auto found = env.find(std::string(key)); found != env.end()) return Value(found->second);
    const char* text = std::getenv(std::string(key).c_str());
    return text == nullptr ? std::nullopt : Found(Value(text));
}

Found Scope::from_item_values(std::string_view key) const {
    const auto index = run_.parts().workflow.index_of(key);
    return index ? run_.items_of(*index) : std::nullopt;
}

Found Scope::from_error(std::string_view key) const {
    return error_ == nullptr ? std::nullopt : error_value(*error_).find(key.empty() ? "message" : key);
}

Found Scope::from_iteration(std::string_view key) const {
    if (iteration_ == nullptr) return std::nullopt;
    if (Found found = iteration_->store.get(key)) return found;
    const auto place = static_cast<std::int64_t>(iteration_->index);
    const auto count = static_cast<std::int64_t>(iteration_->items.size());
    if (key == "item" || key == "current") return iteration_->at(0);
    if (key == "index" || key == "i") return Value(place);
    if (key == "count" || key == "total" || key == "length") return Value(count);
    if (key == "prev" || key == "previous") return place > 0 ? Found(iteration_->at(-1)) : std::nullopt;
    if (key == "next") return place + 1 < count ? Found(iteration_->at(1)) : std::nullopt;
    if (key == "items" || key == "all" || key == "list") return iteration_->items;
    return std::nullopt;
}

Found Scope::from_output(std::string_view action_id) const {
    if (own_output_ && action_id == resource_.action_id) return own_output_;
    const auto index = run_.parts().workflow.index_of(action_id);
    return index ? run_.output(*index) : std::nullopt;
}

Found Scope::from_path(std::string_view name) const { return find_pair(run_.request().path_parameters, name); }

Found Scope::from_query(std::string_view name) const {
    return is_allowed(resource_.allowed_params, name, false) ? find_pair(run_.request().query, name) : std::nullopt;
}

Found Scope::from_body(std::string_view path) const {
    Value at = run_.request().body;
    if (path.empty()) return at;
    if (!is_allowed(resource_.allowed_params, path.substr(0, path.find('.')), false)) return std::nullopt;
    if (at.is_map()) {
        if (Found whole = at.find(path)) return whole;
    }
    while (true) {
        const std::size_t dot = std::min(path.find('.'), path.size());
        const std::string_view name = path.substr(0, dot);
        if (at.is_map()) {
            Found found = at.find(name);
            if (!found) return std::nullopt;
            at = std::move(*found);
        } else if (at.is_array() && !name.empty() &&
                   std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }) &&
                   name.size() < 10) {
            const auto place = static_cast<std::size_t>(std::stoul(std::string(name)));
            if (place >= at.size()) return std::nullopt;
            at = at.at(place);
        } else {
            return std::nullopt;
        }
        if (dot == path.size()) return at;
        path.remove_prefix(dot + 1);
    }
}

Found Scope::from_header(std::string_view name) const {
    if (!is_allowed(resource_.allowed_headers, name, true)) return std::nullopt;
    for (const auto& [key, text] : run_.request().headers) {
        if (same_header(key, name)) return Value(text);
    }
    return std::nullopt;
}

const UploadedFile* Scope::find_file(std::string_view name) const {
    const auto& files = run_.request().files;
    const auto found = std::find_if(files.begin(), files.end(),
                                    [&](const UploadedFile& file) { return file.name == name || file.field == name; });
    return found == files.end() ? nullptr : &*found;
}

Found Scope::from_file(std::string_view name) const {
    const UploadedFile* file = find_file(name);
    if (file == nullptr) return std::nullopt;
    return is_valid_utf8(file->content) ? Value(file->content) : Value::bytes(file->content);
}

// Uploads are kept in memory.
Found Scope::from_file_path(std::string_view name) const {
    const UploadedFile* file = find_file(name);
    return file == nullptr ? std::nullopt : Found(Value(file->name));
}

Found Scope::from_file_type(std::string_view name) const {
    const UploadedFile* file = find_file(name);
    return file == nullptr ? std::nullopt : Found(Value(file->type));
}

Value Scope::info(std::string_view name) { return from_info(name).value_or(Value()); }

Found Scope::from_info(std::string_view name) const {
    const Request& request = run_.request();
    const workflow::Workflow& workflow = run_.parts().workflow;
    const auto any_of = [&](std::initializer_list<std::string_view> names) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (any_of({"now", "timestamp", "current_time", "currentTime", "request_time"}))
        return Value(run_.parts().clock->now());
    if (any_of({"requestId", "request_id", "requestID", "ID", "request.ID"})) return Value(request.id);
    if (any_of({"clientIp", "clientIP", "client_ip", "IP", "request.IP"})) return Value(request.client_ip);
    if (any_of({"method", "request.method"})) return Value(request.method);
    if (any_of({"path", "request.path"})) return Value(request.path);
    // Pattern of the route; null for a run that answers no request.
    if (name == "route") return request.is_http ? Value(request.route) : Value();
    if (any_of({"sessionId", "session_id", "sessionID"})) return Value(run_.session_id());
    if (name == "filecount") return Value(request.files.size());
    if (any_of({"files", "filenames"})) return list_of(request.files, &UploadedFile::name);
    if (name == "filetypes") return list_of(request.files, &UploadedFile::type);
    if (any_of({"name", "workflow.name"})) return Value(workflow.name);
    if (any_of({"version", "workflow.version"})) return Value(workflow.version);
    if (any_of({"description", "workflow.description"})) return Value(workflow.description);
    if (any_of({"index", "count", "current", "prev", "next"})) return from_iteration(name);
    return std::nullopt;
}

void Scope::set(std::string_view key, Value value, std::string_view storage) {
    value = storable(value, key, "set");
    if (storage == "session" && value::is_deeper_than(value, kDeepestInSession)) {
        throw Error(Status::invalid_argument,
                    "set('" + std::string(key) + "', …, 'session'): the value is nested deeper than 512 levels");
    }
    with_store(key, storage, "set", [&](Store& store) { store.set(key, std::move(value), run_.patience()); });
}

void Scope::update(std::string_view key, std::string_view storage, const char* function, const Change& change) {
    with_store(key, storage, function, [&](Store& store) { store.update(key, change, run_.patience()); });
}

void Scope::with_store(std::string_view key, std::string_view storage, const char* function,
                       const std::function<void(Store&)>& use) {
    if (storage.empty() || storage == "memory") {
        use(run_.memory());
    } else if (storage == "session") {
        use(*run_.session(true));
    } else if (storage == "app") {
        use(run_.parts().app);
    } else if (storage == "item" || storage == "loop") {
        if (iteration_ == nullptr) {
            throw Error(Status::invalid_state,
                        std::string(function) + "('" + std::string(key) + "', …, 'item') needs a resource with items");
        }
        use(iteration_->store);
    } else {
        throw Error(Status::invalid_argument, std::string(function) + "() knows no storage '" + std::string(storage) +
                                                  "'. Available options: [memory, session, item, app]");
    }
}

// In the order of the table: what stands earlier wins.
Value Scope::parameters() const {
    value::Map map;
    const Request& request = run_.request();
    const auto add = [&](const Pairs& pairs, const auto& is_let_through) {
        for (const auto& [key, text] : pairs) {
            if (is_let_through(key) && map.find(key) == nullptr) map.set(key, text);
        }
    };
    const auto is_let_through = [&](std::string_view key) { return is_allowed(resource_.allowed_params, key, false); };
    add(request.path_parameters, [](std::string_view) { return true; });
    add(request.query, is_let_through);
    for (std::size_t i = 0; request.body.is_map() && i < request.body.size(); ++i) {
        const std::string_view key = request.body.key_at(i);
        if (is_let_through(key) && map.find(key) == nullptr) map.set(key, request.body.at(i));
    }
    return Value::map(std::move(map));
}

Value Scope::variable(std::string_view name) {
    const Request& request = run_.request();
    // A body that has no fields, such as a list, is the input itself.
    if (name == "input") return request.body.is_null() || request.body.is_map() ? parameters() : request.body;
    if (name == "error") return error_ == nullptr ? Value() : error_value(*error_);
    if (name == "item") {
        const Value current = iteration_ == nullptr ? Value() : iteration_->at(0);
        return current;
    }
    if (name == "request") {
        value::Map map;
        map.set("method", request.method);
        map.set("path", request.path);
        map.set("headers", pairs_value(request.headers, header_spelling));
        map.set("query", pairs_value(request.query, as_given));
        map.set("params", pairs_value(request.path_parameters, as_given));
        map.set("body", request.body);
        map.set("IP", request.client_ip);
        map.set("ID", request.id);
        return Value::map(std::move(map));
    }
    if (name == "outputs") {
        value::Map map;
        const auto& resources = run_.parts().workflow.resources;
        for (std::size_t i = 0; i < resources.size(); ++i) {
            if (auto one = from_output(resources[i].action_id)) map.set(resources[i].action_id, std::move(*one));
        }
        return Value::map(std::move(map));
    }
    return {};
}

void Scope::check() { run_.check(); }

Value Scope::all() {
    value::Map map;
    for (const char* name : {"request", "input", "item", "outputs", "error"}) map.set(name, variable(name));
    return Value::map(std::move(map));
}

Value error_value(const Error& error) {
    const ErrorCode code = error_code(error);
    value::Map map;
    map.set("message", error.message);
    map.set("type", status_name(error.status));
    map.set("code", code.code);
    map.set("statusCode", code.http_status);
    map.set("details", error.details_json.empty() ? Value() : value::parse_json(error.details_json));
    map.set("sqlstate", error.sqlstate.empty() ? Value() : Value(error.sqlstate));
    map.set("resource", error.resource);
    return Value::map(std::move(map));
}

}  // namespace kdeps::engine
