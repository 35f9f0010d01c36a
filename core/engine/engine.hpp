// SPDX-License-Identifier: Apache-2.0
// Door of core/engine: runs a workflow for one request.  An Engine is built once and shared by all threads; every run
// has its own state.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/base.hpp"
#include "core/value/value.hpp"

namespace kdeps::config {
class Diagnostics;
}
namespace kdeps::plugin {
class Registry;
}
namespace kdeps::workflow {
struct Workflow;
}
namespace kdeps::expr {
class Names;
}

namespace kdeps::engine {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct UploadedFile {
    std::string field;    // name of the form field
    std::string name;     // as the client called it
    std::string type;     // MIME type
    std::string content;  // bytes
};

// What a run is asked.  Without HTTP (`run --once`) the defaults of the command line stand in.
struct Request {
    bool is_http = false;  // restrictToRoutes and restrictToHttpMethods count
    std::string method = "GET";
    std::string path = "/";
    std::string route;      // pattern of the route that matched; empty = none (a run without routes)
    Pairs path_parameters;  // of the route pattern
    Pairs query;            // first value of each name counts
    Pairs headers;          // names as received; compared without case
    value::Value body;      // JSON of any type, or a map of form fields; null without a body
    bool has_body = false;
    std::vector<UploadedFile> files;
    std::string client_ip;
    std::string id;          // X-Request-ID, or a new UUID
    std::string session_id;  // of the client's cookie; empty = none
    Deadline deadline;
    std::chrono::nanoseconds time_limit{0};  // behind the deadline, for messages; 0 = not known
};

// Are these names of the same header?  Case does not count.
bool same_header(std::string_view a, std::string_view b);

// What a run gave.  `error` is set exactly if the run failed; `data` is then null.
struct Outcome {
    bool success = true;  // as the apiResponse says
    int status = 200;     // HTTP
    value::Value data;
    Pairs headers;      // from the apiResponse
    value::Value meta;  // further members of the envelope's meta, a map or null
    std::optional<Error> error;
    std::string session_id;  // not empty: a session was written, the client gets this id as cookie
};

// HTTP status and code of the error envelope (rules §8).
struct ErrorCode {
    int http_status;
    std::string_view code;
};
ErrorCode error_code(const Error& error);

// The names that every expression of a workflow may use.  Immutable.
const expr::Names& host_names();

struct Parts;

class Engine {
public:
    // Configures the plugins and compiles every step, also of resources that the target does not need.  Faults go to
    // `faults`; an engine made while there are errors must not run.  All references outlive the engine.
    Engine(const workflow::Workflow& workflow, plugin::Registry& plugins, config::Diagnostics& faults);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Opens what should be ready before the first request (pools).  Failures are logged.
    void start();

    // Any thread.  Never throws: failures are in the outcome.  `stop` ends the run early (CANCELLED), also inside a
    // database, and outlives the call.
    Outcome run(const Request& request, const StopFlag& stop);

    // What the plugins say of their connections: a list of maps as kdeps.health/1 tells.  Waits at most `timeout`.
    value::Value health(std::chrono::nanoseconds timeout);

    // Checks every step against what it would work on, without running it.  Faults go to `faults`.  Gives what was
    // looked at: a list of maps as kdeps.live/1 tells, each with its `resource`.
    value::Value check_live(config::Diagnostics& faults, std::chrono::nanoseconds timeout);

    const workflow::Workflow& workflow() const;

private:
    const config::Diagnostics& sources_;  // shows the line of a failure
    std::unique_ptr<Parts> parts_;
};

}  // namespace kdeps::engine
