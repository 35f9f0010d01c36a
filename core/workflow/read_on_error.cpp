// SPDX-License-Identifier: Apache-2.0
// onError (rules §7), the seed's apiResponse form included.
#include "core/workflow/fields.hpp"

namespace kdeps::workflow {

std::optional<OnError> read_on_error(const config::Node* node, const std::string& field, Reading& reading) {
    Fields fields(node, field, reading.faults);
    if (fields.node() == nullptr) return std::nullopt;
    OnError out;
    const auto action = fields.word("action", {"continue", "fail", "retry"});
    out.action = action == "continue" ? OnError::Action::carry_on
                 : action == "retry"  ? OnError::Action::retry
                                      : OnError::Action::fail;
    if (const auto retries = fields.integer("maxRetries", 0, 1000)) out.max_retries = static_cast<int>(*retries);
    if (const auto delay = fields.duration("retryDelay")) out.retry_delay = *delay;
    out.is_fixed_delay = fields.word("retryBackoff", {"exponential", "fixed"}) == "fixed";
    if (const config::Node* fallback = fields.get("fallback");
        fallback != nullptr && fallback->kind != config::Node::Kind::null) {
        out.fallback = compile(*fallback, config::Schema(), reading.names, reading.faults);
    }
    if (out.fallback && out.action == OnError::Action::fail) {
        reading.faults.warning(fields.field("fallback") + " is never used with 'action: fail'" +
                                   (action ? "" : ", which holds where no action is given") +
                                   "; write 'action: continue', or 'action: retry'",
                               fields.get("fallback")->position);
    }
    out.when = read_expressions(fields, "when", reading);
    out.expr = read_expressions(fields, "expr", reading);
    if (const config::Node* response = fields.get("apiResponse")) {
        try {
            if (const auto info = reading.catalog.executor("apiResponse")) {
                out.response = read_action("apiResponse", *response, fields.field("apiResponse"), *info, reading);
            } else {
                reading.faults.error(
                    fields.field("apiResponse") +
                        " needs the executor 'apiResponse'; install the package kdeps, or set KDEPS_PLUGIN_PATH",
                    response->position);
            }
        } catch (const Error& error) {
            reading.faults.error("executor 'apiResponse': " + error.message, response->position);
        }
    }
    fields.report_unknown();
    return out;
}

}  // namespace kdeps::workflow
