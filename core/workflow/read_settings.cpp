// SPDX-License-Identifier: Apache-2.0
// settings: of a workflow (rules §2).
#include "core/workflow/fields.hpp"

namespace kdeps::workflow {

using config::Node;

namespace {

const std::vector<std::string> kMethods = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"};

void read_routes(Fields& server, ApiServer& out, Reading& reading) {
    const Node* routes = server.get("routes");
    if (routes == nullptr) return;
    if (routes->kind != Node::Kind::list) {
        reading.faults.error(server.field("routes") + ": Expected type: array", routes->position);
        return;
    }
    for (std::size_t i = 0; i < routes->children.size(); ++i) {
        Fields route(&routes->children[i], server.field("routes") + "[" + std::to_string(i) + "]", reading.faults);
        route.require("path");
        Route read;
        read.position = routes->children[i].position;
        if (const auto path = route.text("path")) {
            if (!path->starts_with('/')) {
                reading.faults.error(
                    route.field("path") + ": '" + *path + "' Must start with '/'. Example: '/api/users'",
                    route.get("path")->position);
                continue;
            }
            read.path = *path;
        }
        read.methods = route.words("methods", kMethods).value_or(std::vector<std::string>());
        if (read.methods.empty()) read.methods = {"GET", "POST"};
        route.ignore({"public"});
        route.report_unknown();
        if (!read.path.empty()) out.routes.push_back(std::move(read));
    }
}

void read_cors(const Node* node, const std::string& field, ApiServer& out, Reading& reading) {
    if (node == nullptr) return;
    Fields fields(node, field, reading.faults);
    Cors cors;
    const bool is_enabled = fields.boolean("enableCors").value_or(true);
    cors.allow_origins = fields.texts("allowOrigins").value_or(cors.allow_origins);
    cors.allow_methods = fields.texts("allowMethods").value_or(cors.allow_methods);
    cors.allow_headers = fields.texts("allowHeaders").value_or(cors.allow_headers);
    cors.expose_headers = fields.texts("exposeHeaders").value_or(cors.expose_headers);
    cors.allow_credentials = fields.boolean("allowCredentials").value_or(false);
    if (const auto age = fields.duration("maxAge"))
        cors.max_age = std::chrono::duration_cast<std::chrono::seconds>(*age);
    fields.report_unknown();
    for (const std::string& origin : cors.allow_origins) {
        if (origin == "*" && cors.allow_credentials) {
            reading.faults.error(field + ".allowCredentials: cannot be true with allowOrigins '*'; name the origins",
                                 node->position);
        }
    }
    if (is_enabled) out.cors = std::move(cors);
}

void read_api_server(const Node* node, Reading& reading) {
    if (node == nullptr) return;
    ApiServer& out = reading.workflow.settings.api_server;
    Fields server(node, "settings.apiServer", reading.faults);
    out.host = server.text("hostIp").value_or(out.host);
    if (const auto port = server.integer("portNum", 1, 65535)) out.port = static_cast<int>(*port);
    out.trusted_proxies = server.texts("trustedProxies").value_or(std::vector<std::string>());
    if (const auto bytes = server.integer("maxBodyBytes", 1, std::int64_t{1} << 40))
        out.max_body_bytes = static_cast<std::size_t>(*bytes);
    read_routes(server, out, reading);
    read_cors(server.get("cors"), "settings.apiServer.cors", out, reading);
    if (const auto ttl = server.duration("shutdownTimeout")) reading.workflow.settings.shutdown_timeout = *ttl;
    server.report_unknown();
}

void read_agent_settings(const Node* node, Reading& reading) {
    Fields agent(node, "settings.agentSettings", reading.faults);
    Settings& out = reading.workflow.settings;
    out.timezone = agent.text("timezone").value_or(out.timezone);
    if (agent.node() != nullptr) {
        static const config::Schema literal(R"({"x-kdeps-read": "literal"})");
        out.agent = compile(*agent.node(), literal, reading.names, reading.faults);
    }
    if (const Node* env = agent.get("env")) {
        Fields entries(env, "settings.agentSettings.env", reading.faults);
        for (const Node& key : env->keys) {
            if (const auto value = entries.text(key.text)) out.env[key.text] = *value;
        }
    }
    // The python plugin's, and those of use only with LLMs or images.
    agent.ignore({"pythonVersion", "pythonPackages", "requirementsFile", "pyprojectFile", "lockFile", "repositories",
                  "packages", "osPackages", "baseOS", "installOllama", "args", "models", "offlineMode", "ollamaUrl"});
    for (const char* key :
         {"models", "ollamaUrl", "installOllama", "offlineMode", "baseOS", "osPackages", "repositories"}) {
        if (const Node* ignored = agent.node() == nullptr ? nullptr : agent.node()->find(key)) {
            reading.faults.note(
                "settings.agentSettings." + std::string(key) + " has no effect here: it concerns LLMs or images",
                ignored->position);
            break;  // one note is enough
        }
    }
    agent.report_unknown();
}

void read_session(const Node* node, Reading& reading) {
    Fields session(node, "settings.session", reading.faults);
    const bool is_enabled = session.boolean("enabled").value_or(true);
    if (const auto ttl = session.duration("ttl")) reading.workflow.settings.session_ttl = *ttl;
    session.duration("cleanupInterval");
    // The nested form wins over the flat one.
    const Node* storage = session.get("storage");
    Fields nested(storage, "settings.session.storage", reading.faults);
    auto type = session.word("type", {"memory", "sqlite"});
    auto path = session.text("path");
    if (const auto inner = nested.word("type", {"memory", "sqlite"})) type = inner;
    if (const auto inner = nested.text("path")) path = inner;
    nested.report_unknown();
    const bool is_file = type == "sqlite" || (!type && path && *path != ":memory:");
    if (is_enabled && is_file) reading.workflow.settings.session_path = path.value_or("sessions.db");
    session.report_unknown();
}

void read_execution(const Node* node, Reading& reading) {
    Fields execution(node, "settings.execution", reading.faults);
    reading.workflow.settings.is_sequential =
        execution.word("mode", {"parallel", "sequential"}).value_or("parallel") == "sequential";
    execution.report_unknown();
}

// A key that a plugin owns.
void read_plugin_settings(const std::string& key, const Node& node, Reading& reading) {
    config::Schema schema;
    try {
        if (const auto text = reading.catalog.settings_schema(key); text && !text->empty()) {
            schema = config::Schema(*text);
        }
    } catch (const Error& error) {
        reading.faults.error("settings." + key + ": " + error.message, node.position);
        return;
    }
    config::check(node, schema, "settings." + key, reading.faults);
    reading.workflow.settings.plugins.emplace_back(key, compile(node, schema, reading.names, reading.faults));
}

}  // namespace

void read_settings(const Node* given, Reading& reading) {
    Node node = given == nullptr ? Node() : *given;
    if (node.kind == Node::Kind::null) {
        node.kind = Node::Kind::map;
        if (node.position.file.empty()) node.position.file = reading.workflow.files.front().string();
    }
    std::set<std::string> missing;
    substitute_environment(node, reading.workflow.folder, missing);
    if (!missing.empty()) {
        std::string names;
        for (const std::string& name : missing) names += (names.empty() ? "" : ", ") + name;
        reading.faults.error("settings use environment variables that are not set: " + names +
                                 "; set them, put them into a .env file beside the workflow, or write ${NAME:-default}",
                             node.position);
    }
    override_connections(node, reading.options.connections);

    Fields settings(&node, "settings", reading.faults);
    Settings& out = reading.workflow.settings;
    out.api_server_mode = settings.boolean("apiServerMode").value_or(false);
    if (const auto host = settings.text("hostIp")) out.api_server.host = *host;
    if (const auto port = settings.integer("portNum", 1, 65535)) out.api_server.port = static_cast<int>(*port);
    read_api_server(settings.get("apiServer"), reading);
    if (const Node* agent = settings.get("agentSettings")) read_agent_settings(agent, reading);
    if (const Node* session = settings.get("session")) read_session(session, reading);
    if (const Node* execution = settings.get("execution")) read_execution(execution, reading);
    if (const auto timeout = settings.duration("shutdownTimeout")) out.shutdown_timeout = *timeout;
    for (const char* key : {"webServerMode", "webServer", "llm"}) {
        if (const Node* ignored = settings.get(key); ignored != nullptr && ignored->text != "false") {
            reading.faults.note("settings." + std::string(key) + " is not supported and ignored", ignored->position);
        }
    }
    if (out.api_server_mode && out.api_server.routes.empty()) {
        const Node* server = settings.get("apiServer");
        reading.faults.error(
            "settings.apiServer: routes is required when apiServerMode is true. Example: routes: [{path: /api/users, "
            "methods: [GET]}]",
            server == nullptr ? node.position : server->position);
    }
    for (const std::string& key : reading.catalog.settings_keys()) {
        if (const Node* found = settings.get(key)) read_plugin_settings(key, *found, reading);
    }
    if (const Node* connections = node.find("sqlConnections"); connections != nullptr && out.plugins.empty()) {
        const auto keys = reading.catalog.settings_keys();
        if (std::find(keys.begin(), keys.end(), "sqlConnections") == keys.end()) {
            settings.get("sqlConnections");
            reading.faults.error(
                "settings.sqlConnections needs the sql executor, which is not installed; install the package kdeps, or "
                "set KDEPS_PLUGIN_PATH",
                connections->position);
        }
    }
    settings.report_unknown();
}

}  // namespace kdeps::workflow
