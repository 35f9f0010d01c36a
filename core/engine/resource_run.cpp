// SPDX-License-Identifier: Apache-2.0
#include "core/engine/resource_run.hpp"

#include <algorithm>

#include "core/engine/items.hpp"
#include "core/engine/loop.hpp"
#include "core/engine/match_route.hpp"
#include "core/engine/on_error.hpp"

namespace kdeps::engine {

using value::Value;

ResourceRun::ResourceRun(Run& run, std::size_t resource)
    : run_(run),
      index_(resource),
      compiled_(run.parts().resources[resource]),
      resource_(*compiled_.source),
      scope_(run, resource_) {}

bool ResourceRun::can_begin(const CompiledResource& resource) {
    return resource.action != nullptr && resource.action->can_start() && !resource.source->items &&
           !resource.source->loop;
}

Scheduler::Begun ResourceRun::begin() {
    admit();
    if (is_left_out_ || refusal_) return Scheduler::Begun::not_begun;
    return attempt_.emplace(scope_, compiled_).begin();
}

void ResourceRun::execute() {
    if (!is_admitted_) admit();
    if (refusal_) throw Error(*refusal_);
    run_.set_output(index_, is_left_out_ ? Value() : output());
}

// Once; what is wrong with the request is told by execute().
void ResourceRun::admit() {
    is_admitted_ = true;
    try {
        run_.check();
        is_left_out_ = is_restricted() || is_skipped(scope_);
        if (!is_left_out_) check_request();
    } catch (...) {
        refusal_ = current_error();
        refusal_->reaches_on_error = false;
    }
}

Value ResourceRun::output() {
    if (resource_.items) {
        const Value items = list_items(scope_);
        run_.set_items(index_, items);
        return run_items(run_, compiled_, items, [this](Scope& scope) { return is_skipped(scope); });
    }
    if (resource_.loop) return run_loop(scope_, compiled_);
    if (!attempt_) attempt_.emplace(scope_, compiled_);
    return finish_with_on_error(*attempt_).value;
}

bool ResourceRun::is_restricted() const {
    const Request& request = run_.request();
    if (request.route.empty() && !request.is_http) {
        return false;
    }
    const auto takes = [&](const std::string& pattern) {
        return match_route(pattern, request.path) || pattern == request.route;
    };
    const bool has_method = resource_.methods.empty() || std::find(resource_.methods.begin(), resource_.methods.end(),
                                                                   request.method) != resource_.methods.end();
    return !has_method ||
           (!resource_.routes.empty() && std::none_of(resource_.routes.begin(), resource_.routes.end(), takes));
}

bool ResourceRun::is_skipped(Scope& scope) const {
    // Conditions on the item are asked for each item.
    const bool is_for_items = resource_.items.has_value() && scope.iteration() == nullptr;
    return std::any_of(resource_.skip_condition.begin(), resource_.skip_condition.end(),
                       [&](const workflow::ConfigValue& condition) {
                           if (resource_.items && condition.reads_item() == is_for_items) return false;
                           return expr::truthy(condition.evaluate(scope));
                       });
}

void ResourceRun::check_request() {
    compiled_.validator->check(scope_);
    if (!resource_.preflight) {
        return;
    }
    for (const workflow::ConfigValue& condition : resource_.preflight->validations) {
        std::string why;
        try {
            if (expr::truthy(condition.evaluate(scope_))) continue;
            why = "preflight validation failed: " + condition.source();
        } catch (const Error& error) {
            why = "preflight validation: " + error.message;
        }
        Error error(Status::invalid_argument, why);
        if (resource_.preflight->message) {
            error.message.clear();
            value::append_text(resource_.preflight->message->evaluate(scope_), error.message);
        }
        error.code = "PREFLIGHT_FAILED";
        error.http_status = resource_.preflight->code == 0 ? 400 : resource_.preflight->code;
        error.reaches_on_error = false;
        throw Error(std::move(error));
    }
}

}  // namespace kdeps::engine
