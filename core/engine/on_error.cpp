// SPDX-License-Identifier: Apache-2.0
#include "core/engine/on_error.hpp"

#include <algorithm>
#include <random>

#include "core/engine/envelope.hpp"

namespace kdeps::engine {

using value::Value;
using workflow::OnError;

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

// The error that is handled is seen by expressions, until it is.
class ErrorInScope {
public:
    ErrorInScope(Scope& scope, const Error& error) : scope_(scope) { scope_.set_error(&error); }
    ~ErrorInScope() { scope_.set_error(nullptr); }
    ErrorInScope(const ErrorInScope&) = delete;
    ErrorInScope& operator=(const ErrorInScope&) = delete;

private:
    Scope& scope_;
};

class Handling {
public:
    explicit Handling(Attempt& attempt)
        : attempt_(attempt),
          scope_(attempt.scope()),
          run_(scope_.run()),
          resource_(*attempt.compiled().source),
          policy_(resource_.on_error) {}

    Finished finish();

private:
    void complete(Error& error) const;
    bool concerns(const Error& error) const;  // onError.when
    void pause(const Error& error, int attempt, int attempts, std::chrono::nanoseconds delay) const;
    Value stand_in(const Error& error, int attempts);
    Error too_late(StopReason reason, const Error& error) const;
    Error instead(const char* what, const Error& failed, const Error& cause) const;
    void tell(const std::string& message, const Error& cause) const;

    Attempt& attempt_;
    Scope& scope_;
    Run& run_;
    const workflow::Resource& resource_;
    const std::optional<OnError>& policy_;
};

Finished Handling::finish() {
    const int attempts = policy_ && policy_->action == OnError::Action::retry ? policy_->max_retries + 1 : 1;
    auto delay = policy_ ? policy_->retry_delay : std::chrono::nanoseconds(0);
    for (int attempt = 1;; ++attempt) {
        Error error(Status::ok, "");
        try {
            return {attempt_.finish(), std::nullopt};
        } catch (...) {
            error = current_error();
        }
        complete(error);
        if (!policy_ || !error.reaches_on_error) throw Error(error);
        if (const StopReason reason = run_.stop_reason(); reason != StopReason::none) throw too_late(reason, error);
        if (!concerns(error)) throw Error(error);
        const bool is_in_doubt = error.retry == Retry::in_doubt;
        if (attempt < attempts && !is_in_doubt) {
            pause(error, attempt, attempts, jittered(delay));
            if (!policy_->is_fixed_delay) delay *= 2;
            continue;
        }
        Value value = stand_in(error, attempt);
        return {std::move(value), is_in_doubt ? std::optional(std::move(error)) : std::nullopt};
    }
}

void Handling::complete(Error& error) const {
    error.resource = resource_.action_id;
    if (!error.sqlstate.empty() && error.message.find(error.sqlstate) == std::string::npos) {
        error.message += " (SQLSTATE " + error.sqlstate + ")";
    }
}

bool Handling::concerns(const Error& error) const {
    const auto& when = policy_->when;
    if (when.empty()) return true;
    const ErrorInScope in_scope(scope_, error);
    return std::any_of(when.begin(), when.end(), [&](const workflow::ConfigValue& condition) {
        try {
            return expr::truthy(condition.evaluate(scope_));
        } catch (...) {
            tell("onError.when: " + current_error().message, error);
            return false;
        }
    });
}

void Handling::pause(const Error& error, int attempt, int attempts, std::chrono::nanoseconds delay) const {
    const std::string count = std::to_string(attempt) + " of " + std::to_string(attempts);
    tell("attempt " + count + " failed; the next follows in " + duration_text(delay) +
             (attempt_.has_acted() ? " behind the action, which has succeeded: " : ": ") + error.message,
         error);
    run_.stop().wait_until(earlier(run_.request().deadline, Deadline::after(delay)));
    if (const StopReason reason = run_.stop_reason(); reason != StopReason::none) throw too_late(reason, error);
}

// The run ends before onError takes care of the error.
Error Handling::too_late(StopReason reason, const Error& error) const {
    Error out = error;
    if (error.status == Status::cancelled || error.status == Status::timeout) return out;
    Error stopped = run_.stopped(reason);
    out.status = stopped.status;
    out.message = stopped.message + ", before onError took care of: " + error.message;
    return out;
}

Value Handling::stand_in(const Error& error, int attempts) {
    const ErrorInScope in_scope(scope_, error);
    for (const workflow::ConfigValue& expression : policy_->expr) {
        try {
            expression.evaluate(scope_);
        } catch (...) {
            tell("onError.expr: " + current_error().message, error);
            break;
        }
    }
    if (attempt_.compiled().on_error_response != nullptr) {
        Outcome outcome;
        outcome.status = error_code(error).http_status;
        try {
            unwrap_envelope(attempt_.run_step(*attempt_.compiled().on_error_response), outcome);
        } catch (...) {
            throw instead("onError.apiResponse", current_error(), error);
        }
        tell("answered by onError: " + error.message, error);
        run_.answer(std::move(outcome));
        return {};
    }
    const std::string after = attempts > 1 ? " after " + std::to_string(attempts) + " attempts" : "";
    if (policy_->fallback && policy_->action != OnError::Action::fail) {
        tell("the fallback stands in" + after + ": " + error.message, error);
        try {
            return policy_->fallback->evaluate(scope_);
        } catch (...) {
            throw instead("onError.fallback", current_error(), error);
        }
    }
    if (policy_->action == OnError::Action::carry_on) {
        tell("the run goes on" + after + ": " + error.message, error);
        return handled(error);
    }
    Error failed = error;
    if (policy_->action == OnError::Action::retry && attempts > 1) {
        failed.message = "all " + std::to_string(attempts) + " attempts failed: " + error.message;
    }
    throw Error(std::move(failed));
}

// What should have taken care of the error failed too: both are told.
Error Handling::instead(const char* what, const Error& failed, const Error& cause) const {
    Error out = failed;
    out.message = std::string(what) + " failed: " + failed.message + "; it was to stand in for: " + cause.message;
    out.resource = resource_.action_id;
    if (cause.retry == Retry::in_doubt) out.retry = Retry::in_doubt;
    if (!cause.detail.empty()) out.detail += (out.detail.empty() ? "" : "\n") + cause.detail;
    return out;
}

void Handling::tell(const std::string& message, const Error& cause) const {
    log::warning(message,
                 {{"resource", resource_.action_id}, {"request", run_.request().id}, {"detail", cause.detail}});
}

}  // namespace

Finished finish_with_on_error(Attempt& attempt) { return Handling(attempt).finish(); }

}  // namespace kdeps::engine
