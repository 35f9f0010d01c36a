// SPDX-License-Identifier: Apache-2.0
#include "core/engine/resource_run.hpp"

#include <algorithm>
#include <random>

#include "core/engine/envelope.hpp"
#include "core/engine/match_route.hpp"

namespace kdeps::engine {

using value::Value;

namespace {

Value handled(const Error& error) {
    value::Map inner;
    inner.set("message", error.message);
    inner.set("type", status_name(error.status));
    inner.set("handled", true);
    value::Map out;
    out.set("_error", Value::map(std::move(inner)));
    return Value::map(std::move(out));
}

// Up to a quarter more or less, so that runs which failed together do not come back together.
std::chrono::nanoseconds jittered(std::chrono::nanoseconds delay) {
    thread_local std::minstd_rand random(std::random_device{}());
    return std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) *
                                                              std::uniform_real_distribution(0.75, 1.25)(random)));
}

}  // namespace

ResourceRun::ResourceRun(Run& run, std::size_t resource)
    : run_(run), index_(resource), compiled_(run.parts().resources[resource]), resource_(*compiled_.source) {}

bool ResourceRun::can_begin(const CompiledResource& resource) {
    return resource.action != nullptr && resource.action->can_start() && !resource.source->items &&
           !resource.source->loop;
}

ResourceRun::Begun ResourceRun::begin() {
    is_begun_ = true;
    scope_.emplace(run_, resource_);
    try {
        is_skipped_ = is_restricted() || is_skipped(*scope_);
        if (is_skipped_) return Begun::not_begun;
        check_request(*scope_);
    } catch (Error& error) {
        error.reaches_on_error = false;
        failure_ = std::move(error);
        return Begun::not_begun;
    }
    try {
        for (const workflow::ConfigValue& expression : resource_.expr_before) {
            expression.evaluate(*scope_);
        }
    } catch (Error& error) {
        failure_ = std::move(error);
        return Begun::not_begun;
    }
    has_prepared_ = true;
    kdeps_call_& call = make_call(*scope_, *compiled_.action, started_);
    const kdeps_status status = call.state() == Status::ok ? compiled_.action->start(call) : KDEPS_UNSUPPORTED;
    if (status == KDEPS_OK) return Begun::under_way;
    started_.reset();
    return status == KDEPS_EXHAUSTED ? Begun::waits : Begun::not_begun;
}

void ResourceRun::execute() {
    if (!is_begun_) scope_.emplace(run_, resource_);
    Scope& scope = *scope_;
    if (failure_ && !failure_->reaches_on_error) throw Error(*failure_);
    if (is_begun_ ? is_skipped_ : is_restricted() || is_skipped(scope)) {
        run_.set_output(index_, Value());
        return;
    }
    if (!is_begun_) check_request(scope);
    run_.set_output(index_, resource_.items ? iterate(scope) : resource_.loop ? run_loop(scope) : run_item(scope));
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

void ResourceRun::check_request(Scope& scope) const {
    compiled_.validator->check(scope);
    if (!resource_.preflight) {
        return;
    }
    for (const workflow::ConfigValue& condition : resource_.preflight->validations) {
        std::string why;
        try {
            if (expr::truthy(condition.evaluate(scope))) continue;
            why = "preflight validation failed: " + condition.source();
        } catch (const Error& error) {
            why = "preflight validation: " + error.message;
        }
        Error error(Status::invalid_argument, why);
        if (resource_.preflight->message) {
            error.message.clear();
            value::append_text(resource_.preflight->message->evaluate(scope), error.message);
        }
        error.code = "PREFLIGHT_FAILED";
        error.http_status = resource_.preflight->code == 0 ? 400 : resource_.preflight->code;
        error.reaches_on_error = false;
        throw Error(std::move(error));
    }
}

Value ResourceRun::iterate(Scope& scope) {
    value::List items;
    const Value given = resource_.items->evaluate(scope);
    if (resource_.items->kind() == workflow::ConfigValue::Kind::list) {
        // An entry that is an expression and gives a list stands for its elements.
        for (std::size_t i = 0; i < given.size(); ++i) {
            const Value entry = given.at(i);
            const bool is_computed = resource_.items->at(i).kind() != workflow::ConfigValue::Kind::list;
            if (entry.is_array() && is_computed) {
                for (std::size_t k = 0; k < entry.size(); ++k) items.push_back(entry.at(k));
            } else {
                items.push_back(entry);
            }
        }
    } else if (given.is_array()) {
        for (std::size_t i = 0; i < given.size(); ++i) items.push_back(given.at(i));
    } else if (!given.is_null()) {
        items.push_back(given);
    }
    const Value all = Value::list(std::move(items));
    run_.set_items(index_, all);
    const bool is_alone = resource_.items_concurrency == 1 || all.size() < 2;
    return Value::list(is_alone ? run_items(scope, all) : run_items_side_by_side(all));
}

// Between two items: a sibling failed, the client left, or onError of an item has answered for the whole run.
void ResourceRun::want_going_on() const {
    if (run_.is_stopping()) throw Error(Status::cancelled, "the run was cancelled");
}

value::List ResourceRun::run_items(Scope& scope, const Value& items) {
    Iteration iteration;
    iteration.items = items;
    scope.set_iteration(&iteration);
    value::List results;
    for (; iteration.index < items.size(); ++iteration.index) {
        want_going_on();
        results.push_back(is_skipped(scope) ? Value() : run_item(scope));
    }
    scope.set_iteration(nullptr);
    return results;
}

// Each item has a scope of its own.  This thread works too; others help where there are some.
value::List ResourceRun::run_items_side_by_side(const Value& items) {
    struct Shared {
        std::mutex mutex;  // guards everything below
        std::condition_variable done;
        std::size_t next = 0;
        std::size_t running = 0;
        bool is_closed = false;  // a helper that comes later finds nothing
        std::optional<Error> error;
        value::List results;
    };
    const auto shared = std::make_shared<Shared>();
    shared->results.resize(items.size());
    const auto work = [this, shared, items] {
        std::unique_lock lock(shared->mutex);
        while (!shared->is_closed && !shared->error && shared->next < items.size()) {
            Iteration iteration;
            iteration.items = items;
            iteration.index = shared->next++;
            ++shared->running;
            lock.unlock();
            Value result;
            std::optional<Error> failed;
            try {
                want_going_on();
                Scope scope(run_, resource_);
                scope.set_iteration(&iteration);
                if (!is_skipped(scope)) result = run_item(scope);
            } catch (const Error& error) {
                failed = error;
            }
            lock.lock();
            shared->results[iteration.index] = std::move(result);
            if (failed && !shared->error) shared->error = std::move(failed);
            --shared->running;
            shared->done.notify_all();
        }
    };
    for (std::size_t i = 1; i < std::min(resource_.items_concurrency, items.size()); ++i) {
        run_.parts().workers.submit(work);
    }
    work();
    std::unique_lock lock(shared->mutex);
    shared->done.wait(lock, [&] { return shared->running == 0; });
    shared->is_closed = true;
    if (shared->error) throw Error(*shared->error);
    return std::move(shared->results);
}

// No iteration gives [], one its value, several a list.
Value ResourceRun::run_loop(Scope& scope) {
    const workflow::Loop& loop = *resource_.loop;
    Iteration iteration;
    scope.set_iteration(&iteration);
    while (expr::truthy(loop.condition.evaluate(scope))) {
        if (iteration.index >= loop.max_iterations) {
            throw Error(Status::exhausted, "loop: the condition still held after " +
                                               std::to_string(loop.max_iterations) + " iterations (maxIterations)");
        }
        if (iteration.index > 0 && loop.every.count() > 0) pause(loop.every);
        want_going_on();
        iteration.results.push_back(run_item(scope));
        ++iteration.index;
    }
    scope.set_iteration(nullptr);
    return iteration.results.size() == 1 ? iteration.results[0] : Value::list(std::move(iteration.results));
}

Value ResourceRun::run_item(Scope& scope) {
    const auto& policy = resource_.on_error;
    const int attempts = policy && policy->action == workflow::OnError::Action::retry ? policy->max_retries + 1 : 1;
    auto delay = policy ? policy->retry_delay : std::chrono::nanoseconds(0);
    for (int attempt = 1;; ++attempt) {
        try {
            return run_body(scope);
        } catch (Error& error) {
            error.resource = resource_.action_id;
            if (!error.sqlstate.empty() && error.message.find(error.sqlstate) == std::string::npos) {
                error.message += " (SQLSTATE " + error.sqlstate + ")";
            }
            if (!policy || !error.reaches_on_error || run_.is_stopping() || !concerns(scope, error)) {
                throw;
            }
            if (attempt < attempts && error.retry != Retry::in_doubt) {
                pause(jittered(delay));
                if (!policy->is_fixed_delay) delay *= 2;
                continue;
            }
            return handle(scope, error, attempt);
        }
    }
}

void ResourceRun::pause(std::chrono::nanoseconds delay) const {
    std::mutex mutex;
    std::condition_variable wake;
    bool is_stopped = false;
    const Watch::Guard guard(
        run_.parts().watch, run_.request().deadline, [this] { return run_.is_stopping(); },
        [&] {
            const std::lock_guard lock(mutex);
            is_stopped = true;
            wake.notify_all();
        });
    std::unique_lock lock(mutex);
    wake.wait_for(lock, delay, [&] { return is_stopped; });
}

Value ResourceRun::run_body(Scope& scope) {
    if (failure_) throw Error(*std::exchange(failure_, std::nullopt));
    if (!std::exchange(has_prepared_, false)) {
        for (const workflow::ConfigValue& expression : resource_.expr_before) {
            expression.evaluate(scope);
        }
    }
    std::optional<Value> output;
    if (compiled_.action != nullptr) {
        output = run_step(scope, *compiled_.action);
        scope.set_own_output(*output);
    }
    for (const workflow::ConfigValue& expression : resource_.expr_after) {
        expression.evaluate(scope);
    }
    if (compiled_.response != nullptr) {
        return run_step(scope, *compiled_.response);
    }
    if (output) {
        return *output;
    }
    value::Map status;
    status.set("status", "expressions_executed");
    return Value::map(std::move(status));
}

kdeps_call_& ResourceRun::make_call(Scope& scope, Step& step, std::optional<kdeps_call_>& made) const {
    const Request& request = run_.request();
    kdeps_call_& call = made.emplace(run_.parts().plugins, resource_.action_id, run_.parts().folder);
    call.request_id = request.id;
    call.deadline =
        step.timeout().count() == 0 ? request.deadline : earlier(request.deadline, Deadline::after(step.timeout()));
    call.stops[0] = &run_.stop();
    call.stops[1] = &run_.client_stop();
    call.context = &scope;
    return call;
}

Value ResourceRun::run_step(Scope& scope, Step& step) {
    if (started_ && &step == compiled_.action.get()) {
        // One attempt only: the next makes a call of its own.
        struct Ended {
            std::optional<kdeps_call_>& call;
            ~Ended() { call.reset(); }
        } const ended{started_};
        return step.run(*started_, run_.parts().watch);
    }
    std::optional<kdeps_call_> made;
    kdeps_call_& call = make_call(scope, step, made);
    if (const Status status = call.state(); status != Status::ok) {
        throw call.failure(static_cast<kdeps_status>(status), step.plugin_id());
    }
    return step.run(call, run_.parts().watch);
}

bool ResourceRun::concerns(Scope& scope, const Error& error) const {
    const auto& when = resource_.on_error->when;
    if (when.empty()) {
        return true;
    }
    scope.set_error(&error);
    const bool found = std::any_of(when.begin(), when.end(), [&](const workflow::ConfigValue& condition) {
        try {
            return expr::truthy(condition.evaluate(scope));
        } catch (const Error& failed) {
            log::warning("onError.when: " + failed.message,
                         {{"resource", resource_.action_id}, {"request", run_.request().id}});
            return false;
        }
    });
    scope.set_error(nullptr);
    return found;
}

Value ResourceRun::handle(Scope& scope, const Error& error, int attempts) {
    const workflow::OnError& policy = *resource_.on_error;
    struct ErrorInScope {
        Scope& scope;
        ~ErrorInScope() { scope.set_error(nullptr); }
    } const in_scope{scope};
    scope.set_error(&error);
    for (const workflow::ConfigValue& expression : policy.expr) {
        try {
            expression.evaluate(scope);
        } catch (const Error& failed) {
            log::warning("onError.expr: " + failed.message,
                         {{"resource", resource_.action_id}, {"request", run_.request().id}});
            break;
        }
    }
    if (compiled_.on_error_response != nullptr) {
        Outcome outcome;
        outcome.status = error_code(error).http_status;
        unwrap_envelope(run_step(scope, *compiled_.on_error_response), outcome);
        log::warning("answered by onError: " + error.message,
                     {{"resource", resource_.action_id}, {"request", run_.request().id}, {"detail", error.detail}});
        run_.answer(std::move(outcome));
        return {};
    }
    if (policy.fallback && policy.action != workflow::OnError::Action::fail) {
        return policy.fallback->evaluate(scope);
    }
    if (policy.action == workflow::OnError::Action::carry_on) {
        return handled(error);
    }
    Error failed = error;
    if (policy.action == workflow::OnError::Action::retry && attempts > 1) {
        failed.message = "all " + std::to_string(attempts) + " attempts failed: " + error.message;
    }
    throw Error(std::move(failed));
}

}  // namespace kdeps::engine
