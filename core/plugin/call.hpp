// SPDX-License-Identifier: Apache-2.0
// One invocation of a plugin: its arena of values, its deadline and stop flag, its error, and the run that it belongs
// to.
#pragma once

#include <kdeps/kdeps.h>
#include <forward_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/base.hpp"
#include "core/config/config.hpp"
#include "core/expr/expr.hpp"
#include "core/value/value.hpp"
#include "core/workflow/workflow.hpp"

// What a kdeps_value points to: a value of a run, a container that a plugin is still building, or a node of
// configuration.  Small, because every element of a large list gets one that is looked at.
struct kdeps_value_ {
    // What few values have.
    struct More {
        // A container under construction.
        std::variant<std::monostate, kdeps::value::List, kdeps::value::Map> open;
        // Configuration: a handle for each element, entry, or expression part, which live as long as this one.
        std::vector<std::unique_ptr<kdeps_value_>> children;
    };

    kdeps::value::Value content;
    const kdeps::workflow::ConfigValue* config = nullptr;  // the node of configuration
    std::unique_ptr<More> more;

    kdeps::value::List* open_list() { return more == nullptr ? nullptr : std::get_if<kdeps::value::List>(&more->open); }
    kdeps::value::Map* open_map() { return more == nullptr ? nullptr : std::get_if<kdeps::value::Map>(&more->open); }
    // The value; a container under construction is closed.
    const kdeps::value::Value& value();
};

namespace kdeps::plugin {

class Registry;

// What a call may ask of the run that it belongs to.  Implemented by the engine.
class CallContext {
public:
    virtual ~CallContext() = default;
    virtual value::Value get(std::string_view key, std::string_view hint) = 0;
    virtual void set(std::string_view key, value::Value value, std::string_view storage) = 0;
    virtual value::Value info(std::string_view name) = 0;
    virtual expr::Environment& environment() = 0;
};

// The handles of a step's configuration.  Lives as long as the step.
std::unique_ptr<kdeps_value_> make_handles(const workflow::ConfigValue& config);

}  // namespace kdeps::plugin

struct kdeps_call_ {
    kdeps_call_(kdeps::plugin::Registry& registry_of_call, std::string_view resource_name,
                std::string_view workflow_folder)
        : registry(registry_of_call), resource(resource_name), folder(workflow_folder) {}
    kdeps_call_(const kdeps_call_&) = delete;
    kdeps_call_& operator=(const kdeps_call_&) = delete;

    // OK, TIMEOUT or CANCELLED.
    kdeps::Status state() const;

    kdeps_value_* keep(kdeps::value::Value value);

    // The value of a handle that a plugin gave back; null for NULL.
    static kdeps::value::Value take(kdeps_value handle);

    // Runs `work` and turns what it throws into the error of this call.
    template <typename Work>
    kdeps_status guard(Work work) {
        return guard([](void* given) { (*static_cast<Work*>(given))(); }, &work);
    }

    // The error to throw after a slot returned `status`, not OK.
    kdeps::Error failure(kdeps_status status, std::string_view plugin) const;

    kdeps::plugin::Registry& registry;
    std::string_view resource;  // actionId, or what a background call does
    std::string_view folder;
    std::string_view request_id;
    kdeps::Deadline deadline;
    const kdeps::StopFlag* stop = nullptr;          // of the run
    kdeps::plugin::CallContext* context = nullptr;  // null outside of a run
    kdeps::config::Diagnostics* faults = nullptr;   // set while a configuration is compiled
    std::optional<kdeps::Error> error;
    std::int32_t sql_offset = -1;  // byte in a statement that `error` tells of, -1 = unknown
    std::mutex arena_mutex;        // guards arena: a plugin may build values on threads of its own
    std::forward_list<kdeps_value_> arena;
    std::string owned_name;  // behind `resource`, where nobody else keeps it

private:
    kdeps_status guard(void (*work)(void*), void* given);
};
