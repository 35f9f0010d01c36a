// SPDX-License-Identifier: Apache-2.0
// One resource, in either spelling: metadata + run, or flat (spec: workflow files, the flattened form).
#include "core/workflow/fields.hpp"

namespace kdeps::workflow {

using config::Node;

namespace {

const std::vector<std::string> kMethods = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"};

// Executors of this project that are packages of their own, so that a missing one is named with its package.
const std::map<std::string, std::string, std::less<>> kPackages = {
    {"sql", "kdeps"}, {"apiResponse", "kdeps"}, {"python", "kdeps-executor-python"}};

// Where the two spellings keep a field.  `run` and `checks` are the same map as `meta` in the flat form, or one of
// their own.
struct Spelling {
    bool is_flat;
    Fields& meta;
    Fields& run;
    Fields& checks;

    // Key in the long form, key in the flat form.
    std::pair<Fields*, std::string_view> check(std::string_view in_run, std::string_view in_checks) {
        return is_flat ? std::pair(&checks, in_checks) : std::pair(&run, in_run);
    }
};

void read_conditions(Spelling& spelling, Resource& out, Reading& reading) {
    const auto [methods, methods_key] = spelling.check("restrictToHttpMethods", "methods");
    out.methods = methods->words(methods_key, kMethods).value_or(std::vector<std::string>());
    const auto [routes, routes_key] = spelling.check("restrictToRoutes", "routes");
    out.routes = routes->texts(routes_key).value_or(std::vector<std::string>());
    for (std::size_t i = 0; i < out.routes.size(); ++i) {
        if (!out.routes[i].starts_with('/')) {
            reading.faults.error(
                routes->field(routes_key) + ": '" + out.routes[i] + "' Must start with '/'. Example: '/api/users'",
                routes->node()->find(routes_key)->children[i].position);
        }
    }
    const auto [headers, headers_key] = spelling.check("allowedHeaders", "headers");
    out.allowed_headers = headers->texts(headers_key);
    const auto [params, params_key] = spelling.check("allowedParams", "params");
    out.allowed_params = params->texts(params_key);
    const auto [skip, skip_key] = spelling.check("skipCondition", "skip");
    out.skip_condition = read_expressions(*skip, skip_key, reading);
}

void read_preflight(Fields& list, std::string_view list_key, Fields& error_owner, Resource& out, Reading& reading) {
    Preflight preflight;
    preflight.validations = read_expressions(list, list_key, reading);
    if (const Node* error = error_owner.get("error")) {
        Fields fields(error, error_owner.field("error"), reading.faults);
        preflight.code = static_cast<int>(fields.integer("code", 100, 599).value_or(0));
        if (const Node* message = fields.get("message")) {
            preflight.message =
                compile(*message, config::Schema(R"({"x-kdeps-read": "template"})"), reading.names, reading.faults);
        }
        fields.report_unknown();
    }
    if (!preflight.validations.empty()) out.preflight = std::move(preflight);
}

void read_items(const Node* node, Resource& out, Reading& reading) {
    if (node == nullptr || node->kind == Node::Kind::null) return;
    if (node->kind == Node::Kind::scalar) {
        out.items = compile_expression(*node, reading.names, reading.faults);
    } else if (node->kind == Node::Kind::list) {
        if (!node->children.empty()) out.items = compile(*node, config::Schema(), reading.names, reading.faults);
    } else {
        reading.faults.error("items: Expected type: array or string", node->position);
    }
}

void read_loop(const Node* node, Resource& out, Reading& reading) {
    if (node == nullptr || node->kind == Node::Kind::null) return;
    Fields fields(node, "loop", reading.faults);
    fields.require("while");
    const Node* condition = fields.get("while");
    if (condition == nullptr) return;
    Loop loop;
    loop.condition = compile_expression(*condition, reading.names, reading.faults);
    if (const auto most = fields.integer("maxIterations", 1, 1'000'000))
        loop.max_iterations = static_cast<std::size_t>(*most);
    if (const auto every = fields.duration("every")) loop.every = *every;
    if (const Node* at = fields.get("at")) {
        reading.faults.error(
            "loop.at: times of day are not supported; have a timer (cron, systemd) start 'kdeps run --once' at them",
            at->position);
    }
    fields.report_unknown();
    if (out.items) reading.faults.error("items and loop cannot stand together", node->position);
    out.loop = std::move(loop);
}

// The executor behind a key of run; reports why there is none.
std::optional<ExecutorInfo> executor(const std::string& key, const Node& at, Reading& reading) {
    try {
        if (auto info = reading.catalog.executor(key)) return info;
    } catch (const Error& error) {
        reading.faults.error("executor '" + key + "': " + error.message, at.position);
        return std::nullopt;
    }
    const auto package = kPackages.find(key);
    reading.faults.error(
        "no executor for '" + key + "'" + did_you_mean(key, reading.catalog.run_keys()) + "; install " +
            (package == kPackages.end() ? "the plugin that brings it" : "the package " + package->second) +
            ", or set KDEPS_PLUGIN_PATH",
        at.position);
    return std::nullopt;
}

void read_actions(Fields& run, Resource& out, Reading& reading) {
    if (run.node() == nullptr) return;
    const std::vector<std::string> installed = reading.catalog.run_keys();
    // A map under a key that nobody knows may be the action of a plugin that is not installed, unless it looks like a
    // typing error.
    const std::vector<std::string> known = run.known();
    for (std::size_t i = 0; i < run.node()->keys.size(); ++i) {
        const Node& key = run.node()->keys[i];
        const Node& value = run.node()->children[i];
        const bool is_installed = std::find(installed.begin(), installed.end(), key.text) != installed.end();
        const bool may_be_action =
            kPackages.contains(key.text) ||
            (value.kind == Node::Kind::map && !run.knows(key.text) && did_you_mean(key.text, known).empty());
        if (!is_installed && !may_be_action) continue;
        run.get(key.text);
        const auto info = executor(key.text, key, reading);
        if (!info) {
            out.has_faulty_action = true;
            continue;
        }
        Action action = read_action(key.text, value, run.field(key.text), *info, reading);
        if (info->responds && !out.response) {
            out.response = std::move(action);
        } else if (!info->responds && !out.action) {
            out.action = std::move(action);
        } else {
            reading.faults.error("resource can only specify one primary execution type; '" +
                                     (info->responds ? out.response : out.action)->run_key + "' and '" + key.text +
                                     "' stand here",
                                 key.position);
        }
    }
}

void collect(const std::vector<ConfigValue>& values, Resource& out) {
    for (const ConfigValue& value : values) value.collect_references(out.references);
}

void collect_references(Resource& out) {
    if (out.items) out.items->collect_references(out.references);
    if (out.loop) out.loop->condition.collect_references(out.references);
    collect(out.skip_condition, out);
    collect(out.expr_before, out);
    collect(out.expr_after, out);
    for (const CustomRule& rule : out.custom_rules) rule.condition.collect_references(out.references);
    if (out.preflight) {
        collect(out.preflight->validations, out);
        if (out.preflight->message) out.preflight->message->collect_references(out.references);
    }
    if (out.action) out.action->config.collect_references(out.references);
    if (out.response) out.response->config.collect_references(out.references);
    if (out.on_error) {
        collect(out.on_error->when, out);
        collect(out.on_error->expr, out);
        if (out.on_error->fallback) out.on_error->fallback->collect_references(out.references);
        if (out.on_error->response) out.on_error->response->config.collect_references(out.references);
    }
}

void append(std::vector<ConfigValue>&& more, std::vector<ConfigValue>& to) {
    std::move(more.begin(), more.end(), std::back_inserter(to));
}

}  // namespace

std::vector<ConfigValue> read_expressions(Fields& fields, std::string_view key, Reading& reading) {
    std::vector<ConfigValue> out;
    const Node* node = fields.get(key);
    if (node == nullptr || node->kind == Node::Kind::null) return out;
    const auto one = [&](const Node& expression) {
        if (expression.kind == Node::Kind::scalar) {
            out.push_back(compile_expression(expression, reading.names, reading.faults));
        } else if (expression.kind == Node::Kind::map && (key == "before" || key == "after")) {
            reading.faults.error(fields.field(key) +
                                     ": actions inside a list are not supported; make the action a resource of its own "
                                     "and name it in requires",
                                 expression.position);
        } else {
            reading.faults.error(fields.field(key) + ": Expected type: string. Example: get('q') == ''",
                                 expression.position);
        }
    };
    if (node->kind == Node::Kind::list) {
        for (const Node& expression : node->children) one(expression);
    } else {
        one(*node);
    }
    return out;
}

Action read_action(const std::string& run_key, const Node& node, const std::string& field, const ExecutorInfo& info,
                   Reading& reading) {
    Action action;
    action.run_key = run_key;
    action.responds = info.responds;
    action.timeout = info.default_timeout;
    // The keys that the core adds to every action are taken off before the executor's schema is asked.
    Node rest = node;
    Fields fields(&node, field, reading.faults);
    for (const char* key : {"timeoutDuration", "timeout"}) {
        if (const auto timeout = fields.duration(key)) action.timeout = *timeout;
        for (std::size_t i = 0; i < rest.keys.size(); ++i) {
            if (rest.keys[i].text == key) {
                rest.keys.erase(rest.keys.begin() + static_cast<std::ptrdiff_t>(i));
                rest.children.erase(rest.children.begin() + static_cast<std::ptrdiff_t>(i));
                break;
            }
        }
    }
    config::Schema schema;
    try {
        if (!info.schema.empty()) schema = config::Schema(info.schema);
    } catch (const Error& error) {
        reading.faults.error("executor '" + run_key + "' has a broken schema: " + error.message, node.position);
    }
    config::check(rest, schema, field, reading.faults);
    action.config = compile(rest, schema, reading.names, reading.faults);
    return action;
}

void read_resource(const Node& node, Reading& reading) {
    if (node.kind != Node::Kind::map) {
        reading.faults.error("a resource must be a map", node.position);
        return;
    }
    const bool is_flat = node.find("metadata") == nullptr && node.find("run") == nullptr;
    Fields root(&node, "", reading.faults);
    check_api_version(root, !is_flat && node.find("kind") != nullptr);
    root.get("kind");
    Fields meta_fields(is_flat ? &node : root.get("metadata"), "metadata", reading.faults);
    Fields run_fields(is_flat ? nullptr : root.get("run"), "run", reading.faults);
    Fields check_fields(is_flat ? root.get("validations") : nullptr, "validations", reading.faults);
    if (!is_flat) {
        root.require("metadata");
        root.require("run");
    }
    Fields& meta = is_flat ? root : meta_fields;
    Fields& run = is_flat ? root : run_fields;
    Spelling spelling{is_flat, meta, run, check_fields};

    Resource out;
    out.position = node.position;
    meta.require("actionId");
    out.action_id = meta.text("actionId").value_or("");
    if (const Node* id = meta.node() == nullptr ? nullptr : meta.node()->find("actionId")) out.position = id->position;
    out.name = meta.text("name").value_or(out.action_id);
    out.requires_ids = meta.texts("requires").value_or(std::vector<std::string>());
    for (std::size_t i = 0; i < out.requires_ids.size(); ++i) {
        out.requires_positions.push_back(meta.node()->find("requires")->children[i].position);
    }
    meta.ignore({"description", "category"});
    read_items(root.get("items"), out, reading);
    if (const auto most = root.integer("itemsConcurrency", 1, 256))
        out.items_concurrency = static_cast<std::size_t>(*most);
    read_loop(root.get("loop"), out, reading);

    read_conditions(spelling, out, reading);
    if (is_flat) {
        read_preflight(check_fields, "check", check_fields, out, reading);
        read_validation(check_fields, check_fields, "expr", out, reading);
        out.expr_before = read_expressions(root, "before", reading);
        out.expr_after = read_expressions(root, "after", reading);
    } else {
        Fields preflight(run.get("preflightCheck"), "run.preflightCheck", reading.faults);
        read_preflight(preflight, "validations", preflight, out, reading);
        preflight.report_unknown();
        Fields validation(run.get("validation"), "run.validation", reading.faults);
        read_validation(validation, validation, "customRules", out, reading);
        validation.report_unknown();
        out.expr_before = read_expressions(run, "exprBefore", reading);
        out.expr_after = read_expressions(run, "expr", reading);
        append(read_expressions(run, "exprAfter", reading), out.expr_after);
    }
    // The seed puts onError beside run's action; the flat form and some documents beside run.
    if (const Node* on_error = run.get("onError")) {
        out.on_error = read_on_error(on_error, run.field("onError"), reading);
    } else if (const Node* outside = root.get("onError")) {
        out.on_error = read_on_error(outside, "onError", reading);
    }
    read_actions(run, out, reading);
    if (!out.action && !out.response && !out.has_faulty_action && out.expr_before.empty() && out.expr_after.empty()) {
        std::string keys;
        for (const std::string& key : reading.catalog.run_keys()) keys += (keys.empty() ? "" : ", ") + key;
        reading.faults.error("resource '" + out.action_id +
                                 "' must specify at least one execution type or an expression. Available options: [" +
                                 keys + "]",
                             run.node() == nullptr ? node.position : run.node()->position);
    }
    root.report_unknown();
    if (!is_flat) {
        meta.report_unknown();
        run.report_unknown();
    } else {
        check_fields.report_unknown();
    }
    collect_references(out);
    reading.workflow.resources.push_back(std::move(out));
}

}  // namespace kdeps::workflow
