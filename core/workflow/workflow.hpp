// SPDX-License-Identifier: Apache-2.0
// Door of core/workflow: what a workflow says, read once, with every string compiled.  Immutable after read().
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/base.hpp"
#include "core/config/config.hpp"
#include "core/expr/expr.hpp"
#include "core/workflow/config_value.hpp"

namespace kdeps::workflow {

struct ExecutorInfo {
    std::string schema;  // JSON Schema of the value under the run key; may be empty
    std::chrono::nanoseconds default_timeout{0};
    bool responds = false;
};

// Which executors and settings there are; implemented by the plugins, by a fake in tests.
class ExecutorCatalog {
public:
    virtual ~ExecutorCatalog() = default;
    // Throws Error if there is one and it cannot be loaded.
    virtual std::optional<ExecutorInfo> executor(std::string_view run_key) const = 0;
    virtual std::optional<std::string> settings_schema(std::string_view settings_key) const = 0;
    virtual std::vector<std::string> run_keys() const = 0;
    virtual std::vector<std::string> settings_keys() const = 0;
};

struct Route {
    std::string path;
    std::vector<std::string> methods;
    Position position;
};

// Cross-origin requests (Fetch standard).
struct Cors {
    std::vector<std::string> allow_origins = {"*"};
    std::vector<std::string> allow_methods = {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    std::vector<std::string> allow_headers = {"Content-Type", "Authorization"};
    std::vector<std::string> expose_headers;
    bool allow_credentials = false;
    std::chrono::seconds max_age{0};  // 0 = not sent
};

struct ApiServer {
    std::string host = "127.0.0.1";
    int port = 3000;
    std::vector<std::string> trusted_proxies;
    std::vector<Route> routes;
    std::size_t max_body_bytes = 10 << 20;
    std::optional<Cors> cors;
};

struct Settings {
    bool api_server_mode = false;
    ApiServer api_server;
    std::string timezone = "Etc/UTC";
    std::map<std::string, std::string> env;
    std::chrono::nanoseconds session_ttl = std::chrono::minutes(30);
    std::string session_path;  // of a SQLite file; empty = sessions live in memory
    bool is_sequential = false;
    std::chrono::nanoseconds shutdown_timeout = std::chrono::seconds(10);
    std::vector<std::pair<std::string, ConfigValue>> plugins;  // by settings key
    ConfigValue agent;  // agentSettings, for plugins whose own settings have a property of that name
};

struct Action {
    std::string run_key;
    ConfigValue config;
    std::chrono::nanoseconds timeout{0};  // 0 = none
    bool responds = false;
};

struct Preflight {
    std::vector<ConfigValue> validations;
    int code = 0;  // HTTP status; 0 = not given
    std::optional<ConfigValue> message;
};

// One field of the request (spec: resource validation).  Absent limits are not checked.
struct FieldRule {
    std::string field;
    std::string type;  // string integer number boolean array object email url uuid date; empty = any
    std::optional<std::size_t> min_length;  // characters
    std::optional<std::size_t> max_length;
    std::string pattern;                // RE2, unanchored
    std::vector<value::Value> options;  // enum
    std::optional<double> least;
    std::optional<double> most;
    std::optional<std::size_t> min_items;
    std::optional<std::size_t> max_items;
    std::string message;  // instead of the default
};

struct CustomRule {
    ConfigValue condition;
    std::string message;
};

struct OnError {
    enum class Action { fail, carry_on, retry };
    Action action = Action::fail;
    int max_retries = 3;  // attempts after the first
    std::chrono::nanoseconds retry_delay = std::chrono::seconds(1);
    bool is_fixed_delay = false;
    std::optional<ConfigValue> fallback;
    std::vector<ConfigValue> when;
    std::vector<ConfigValue> expr;
    std::optional<workflow::Action> response;  // the seed's form: apiResponse
};

// Runs the body as long as a condition holds (flat form: loop).
struct Loop {
    ConfigValue condition;
    std::size_t max_iterations = 1000;
    std::chrono::nanoseconds every{0};  // pause between iterations
};

struct Resource {
    std::string action_id;
    std::string name;
    std::vector<std::string> requires_ids;
    std::vector<Position> requires_positions;
    std::vector<std::size_t> predecessors;  // indexes of requires_ids
    std::optional<ConfigValue> items;
    std::size_t items_concurrency = 1;
    std::optional<Loop> loop;
    std::vector<std::string> methods;  // restrictToHttpMethods
    std::vector<std::string> routes;   // restrictToRoutes
    std::optional<std::vector<std::string>> allowed_headers;
    std::optional<std::vector<std::string>> allowed_params;
    std::vector<ConfigValue> skip_condition;
    std::vector<std::string> required_fields;
    std::vector<FieldRule> field_rules;
    std::vector<CustomRule> custom_rules;
    std::optional<Preflight> preflight;
    std::vector<ConfigValue> expr_before;
    std::vector<ConfigValue> expr_after;  // expr, then exprAfter
    std::optional<Action> action;
    std::optional<Action> response;  // apiResponse
    bool has_faulty_action = false;  // one was meant, and could not be read
    std::optional<OnError> on_error;
    Position position;
    std::vector<std::pair<expr::Reference, Position>> references;  // of all its expressions
};

struct Workflow {
    std::string name;
    std::string version;
    std::string description;
    std::string target;
    std::size_t target_index = 0;
    Settings settings;
    std::vector<Resource> resources;
    std::filesystem::path folder;
    std::vector<std::filesystem::path> files;

    std::optional<std::size_t> index_of(std::string_view action_id) const;
};

struct ReadOptions {
    std::map<std::string, std::string> connections;  // --connection name=url
    std::string target;                              // instead of metadata.targetActionId; empty = none
};

// Reads a workflow.yaml, or the folder that holds it, with resources/*.yaml|*.yml.  All faults go to `faults`; with
// errors among them the workflow must not run.  `names` outlives the workflow.
std::unique_ptr<Workflow> read(const std::filesystem::path& path, const ReadOptions& options,
                               const ExecutorCatalog& catalog, const expr::Names& names, config::Diagnostics& faults);

}  // namespace kdeps::workflow
