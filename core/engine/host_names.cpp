// SPDX-License-Identifier: Apache-2.0
// The functions and variables that the host adds to the expression language (rules §3).
#include <algorithm>
#include <array>

#include "core/engine/host_file.hpp"
#include "core/engine/host_updates.hpp"
#include "core/engine/scope.hpp"

namespace kdeps::engine {

using value::Value;
using Arguments = std::span<const Value>;

namespace {

bool is_source(const Value& value) { return value.is_string() && Scope::is_source(value.text()); }

Scope& scope_of(expr::Environment& environment) { return static_cast<Scope&>(environment); }

const std::string& name_of(Arguments arguments, const char* function, std::size_t i = 0) {
    if (!arguments[i].is_string()) {
        throw expr::RunError(std::string(function) + "(): argument " + std::to_string(i + 1) + " must be a string");
    }
    return arguments[i].text();
}

Value get(expr::Environment& environment, Arguments arguments) {
    // get(map, key) and get(list, index) of the expression language.
    if (arguments.size() == 2 && (arguments[0].is_map() || arguments[0].is_array())) {
        if (arguments[0].is_map()) {
            return arguments[1].is_string() ? arguments[0].find(arguments[1].text()).value_or(Value()) : Value();
        }
        if (!arguments[1].is_int()) return {};
        const std::int64_t size = static_cast<std::int64_t>(arguments[0].size());
        const std::int64_t place = arguments[1].integer() < 0 ? arguments[1].integer() + size : arguments[1].integer();
        return place >= 0 && place < size ? arguments[0].at(static_cast<std::size_t>(place)) : Value();
    }
    const std::string& name = name_of(arguments, "get");
    const bool has_source = arguments.size() >= 2 && is_source(arguments[1]);
    if (arguments.size() == 3 && !has_source) {
        std::string given;
        value::append_text(arguments[1], given);
        throw expr::RunError("get() knows no source '" + given + "'. Available options: [" + Scope::source_names() +
                             "]");
    }
    const auto found =
        scope_of(environment).look_up(name, has_source ? std::string_view(arguments[1].text()) : std::string_view());
    if (found) return *found;
    if (arguments.size() == 3) return arguments[2];
    return arguments.size() == 2 && !has_source ? arguments[1] : Value();
}

Value set(expr::Environment& environment, Arguments arguments) {
    const std::string& key = name_of(arguments, "set");
    scope_of(environment)
        .set(key, arguments[1], arguments.size() == 3 ? std::string_view(name_of(arguments, "set", 2)) : "memory");
    return true;
}

Value info(expr::Environment& environment, Arguments arguments) {
    return scope_of(environment).info(name_of(arguments, "info"));
}

Value input(expr::Environment& environment, Arguments arguments) {
    Scope& scope = scope_of(environment);
    const std::string& name = name_of(arguments, "input");
    if (arguments.size() == 2) return scope.get(name, name_of(arguments, "input", 1));
    return scope.from_request(name).value_or(Value());
}

Value output(expr::Environment& environment, Arguments arguments) {
    return scope_of(environment).get(name_of(arguments, "output"), "output");
}

Value session(expr::Environment& environment, Arguments) {
    const auto store = scope_of(environment).run().session(false);
    return store == nullptr ? Value::map({}) : store->all();
}

Value env(expr::Environment& environment, Arguments arguments) {
    const Value found = scope_of(environment).get(name_of(arguments, "env"), "env");
    return found.is_null() && arguments.size() == 2 ? arguments[1] : found;
}

// item.current() and the like.
template <const char* kKey>
Value item(expr::Environment& environment, Arguments) {
    Scope& scope = scope_of(environment);
    const bool is_number = std::string_view(kKey) == "index" || std::string_view(kKey) == "count";
    return scope.iteration() == nullptr && is_number ? Value(0) : scope.get(kKey, "item");
}
constexpr char kCurrent[] = "current";
constexpr char kPrev[] = "prev";
constexpr char kNext[] = "next";
constexpr char kIndex[] = "index";
constexpr char kCount[] = "count";

Value item_values(expr::Environment& environment, Arguments arguments) {
    Scope& scope = scope_of(environment);
    if (arguments.empty()) return scope.iteration() == nullptr ? Value::list({}) : scope.iteration()->items;
    const Value found = scope.get(name_of(arguments, "item.values"), "itemvalues");
    return found.is_null() ? Value::list({}) : found;
}

// How often the body of the loop has begun.
Value loop_count(expr::Environment& environment, Arguments) {
    const Iteration* iteration = scope_of(environment).iteration();
    return iteration == nullptr ? Value(0) : Value(iteration->index + 1);
}

Value loop_results(expr::Environment& environment, Arguments) {
    const Iteration* iteration = scope_of(environment).iteration();
    return iteration == nullptr ? Value::list({}) : iteration->results;
}

// What a plugin left in memory beside its output, under "<what>:<id>".
template <const char* kWhat>
Value accessor(expr::Environment& environment, Arguments arguments) {
    Scope& scope = scope_of(environment);
    const std::string& id = name_of(arguments, kWhat);
    if (auto found = scope.run().memory().get(std::string(kWhat) + ":" + id)) return *found;
    const std::string_view what = kWhat;
    const Value result = scope.get(id, "output");
    const auto member = result.is_map() ? result.find(what.substr(what.find('.') + 1)) : std::nullopt;
    if (member) return *member;
    return what.ends_with("exitCode") ? Value(0) : Value("");
}
constexpr char kPythonOut[] = "python.stdout";
constexpr char kPythonErr[] = "python.stderr";
constexpr char kPythonExit[] = "python.exitCode";
constexpr char kExecOut[] = "exec.stdout";
constexpr char kExecErr[] = "exec.stderr";
constexpr char kExecExit[] = "exec.exitCode";

Value response_body(expr::Environment& environment, Arguments arguments) {
    const Value result = scope_of(environment).get(name_of(arguments, "http.responseBody"), "output");
    if (!result.is_map()) return result;
    if (auto data = result.find("data")) return *data;
    return result.find("body").value_or(Value());
}

Value response_header(expr::Environment& environment, Arguments arguments) {
    const Value result = scope_of(environment).get(name_of(arguments, "http.responseHeader"), "output");
    const auto headers = result.is_map() ? result.find("headers") : std::nullopt;
    const std::string& name = name_of(arguments, "http.responseHeader", 1);
    for (std::size_t i = 0; headers && headers->is_map() && i < headers->size(); ++i) {
        if (same_header(headers->key_at(i), name)) return headers->at(i);
    }
    return {};
}

Value request_header(expr::Environment& environment, Arguments arguments) {
    return scope_of(environment).get(name_of(arguments, "request.header"), "header");
}
Value request_params(expr::Environment& environment, Arguments arguments) {
    return scope_of(environment).get(name_of(arguments, "request.params"), "query");
}
Value request_data(expr::Environment& environment, Arguments) { return scope_of(environment).run().request().body; }
Value request_filecount(expr::Environment& environment, Arguments) { return scope_of(environment).info("filecount"); }
Value request_files(expr::Environment& environment, Arguments) { return scope_of(environment).info("files"); }
Value request_filetypes(expr::Environment& environment, Arguments) { return scope_of(environment).info("filetypes"); }
Value request_file(expr::Environment& environment, Arguments arguments) {
    return scope_of(environment).get(name_of(arguments, "request.file"), "file");
}
Value request_filetype(expr::Environment& environment, Arguments arguments) {
    return scope_of(environment).get(name_of(arguments, "request.filetype"), "filetype");
}
Value request_filepath(expr::Environment& environment, Arguments arguments) {
    return scope_of(environment).get(name_of(arguments, "request.filepath"), "filepath");
}
// 'image/png', or 'image/*'.
Value request_files_by_type(expr::Environment& environment, Arguments arguments) {
    const std::string& wanted = name_of(arguments, "request.filesByType");
    value::List list;
    for (const UploadedFile& file : scope_of(environment).run().request().files) {
        const bool is_group =
            wanted.ends_with("/*") && file.type.starts_with(std::string_view(wanted).substr(0, wanted.size() - 1));
        if (file.type == wanted || is_group) list.emplace_back(file.name);
    }
    return Value::list(std::move(list));
}

expr::Names make_names() {
    expr::Names names;
    for (const char* variable : {"request", "input", "item", "error", "outputs"}) names.add_variable(variable);
    const auto add = [&](const char* name, std::size_t least, std::size_t most, auto* call) {
        names.add_function({name, least, most, call});
    };
    add("get", 1, 3, get);
    add("set", 2, 3, set);
    add("increment", 1, 3, increment_function);
    add("append", 2, 3, append_function);
    add("compareAndSet", 3, 4, compare_and_set_function);
    add("info", 1, 1, info);
    add("input", 1, 2, input);
    add("output", 1, 1, output);
    add("session", 0, 0, session);
    add("env", 1, 2, env);
    add("file", 1, 3, file_function);
    add("item.current", 0, 0, item<kCurrent>);
    add("item.prev", 0, 0, item<kPrev>);
    add("item.next", 0, 0, item<kNext>);
    add("item.index", 0, 0, item<kIndex>);
    add("item.count", 0, 0, item<kCount>);
    add("loop.index", 0, 0, item<kIndex>);
    add("loop.count", 0, 0, loop_count);
    add("loop.results", 0, 0, loop_results);
    add("item.values", 0, 1, item_values);
    add("python.stdout", 1, 1, accessor<kPythonOut>);
    add("python.stderr", 1, 1, accessor<kPythonErr>);
    add("python.exitCode", 1, 1, accessor<kPythonExit>);
    add("exec.stdout", 1, 1, accessor<kExecOut>);
    add("exec.stderr", 1, 1, accessor<kExecErr>);
    add("exec.exitCode", 1, 1, accessor<kExecExit>);
    add("http.responseBody", 1, 1, response_body);
    add("http.responseHeader", 2, 2, response_header);
    add("request.header", 1, 1, request_header);
    add("request.params", 1, 1, request_params);
    add("request.data", 0, 0, request_data);
    add("request.file", 1, 1, request_file);
    add("request.filepath", 1, 1, request_filepath);
    add("request.filetype", 1, 1, request_filetype);
    add("request.filecount", 0, 0, request_filecount);
    add("request.files", 0, 0, request_files);
    add("request.filetypes", 0, 0, request_filetypes);
    add("request.filesByType", 1, 1, request_files_by_type);
    return names;
}

}  // namespace

const expr::Names& host_names() {
    static const expr::Names names = make_names();
    return names;
}

}  // namespace kdeps::engine
