// SPDX-License-Identifier: Apache-2.0
#include "core/engine/run.hpp"

#include "core/engine/envelope.hpp"
#include "core/engine/resource_run.hpp"

namespace kdeps::engine {

namespace {

// How long a query that was sent waits for the thread that reads another's result, before one more thread is called.
constexpr auto kPatience = std::chrono::milliseconds(5);

std::vector<std::size_t> predecessors(const plan::Plan& plan) {
    std::vector<std::size_t> out;
    out.reserve(plan.nodes().size());
    for (const plan::Node& node : plan.nodes()) out.push_back(node.predecessors.size());
    return out;
}

}  // namespace

Run::Run(Parts& parts, const Request& request, const StopFlag& stop)
    : parts_(parts),
      request_(request),
      begun_(parts.plan.nodes().size()),
      scheduler_(std::make_shared<Scheduler>(static_cast<Work&>(*this), predecessors(parts.plan), parts.is_sequential)),
      outputs_(parts.resources.size()),
      on_caller_stop_(stop, [this, &stop] { stop_.request(stop.reason()); }) {}

Run::~Run() = default;

Outcome Run::execute() {
    if (!parts_.sessions.has_file()) session(false);  // a use of it, also where nobody asks for it
    scheduler_->run();
    return outcome();
}

StopReason Run::stop_reason() {
    if (!stop_.is_requested() && request_.deadline.has_passed()) stop_.request(StopReason::run_deadline);
    return stop_.reason();
}

void Run::check() {
    if (const StopReason reason = stop_reason(); reason != StopReason::none) throw stopped(reason);
}

Error Run::stopped(StopReason reason) const {
    switch (reason) {
        case StopReason::run_deadline:
            return {Status::timeout,
                    request_.time_limit.count() == 0
                        ? "the time limit of the run was reached"
                        : "the run's time limit of " + duration_text(request_.time_limit) + " was reached"};
        case StopReason::client_left: return {Status::cancelled, "the run was cancelled: the client left"};
        case StopReason::sibling_failed:
            return {Status::cancelled, "the run was cancelled: another resource of it failed"};
        case StopReason::answered:
            return {Status::cancelled, "the run was cancelled: another resource of it has answered"};
        case StopReason::shutdown: return {Status::cancelled, "the run was cancelled: the server ends"};
        case StopReason::none:
        case StopReason::asked: break;
    }
    return {Status::cancelled, "the run was cancelled"};
}

std::span<const std::size_t> Run::successors(std::size_t node) const { return parts_.plan.nodes()[node].successors; }

bool Run::can_begin(std::size_t node) const {
    return ResourceRun::can_begin(parts_.resources[parts_.plan.nodes()[node].resource]);
}

ResourceRun& Run::resource_of(std::size_t node) {
    auto& begun = begun_[node];
    if (begun == nullptr) begun = std::make_unique<ResourceRun>(*this, parts_.plan.nodes()[node].resource);
    return *begun;
}

Scheduler::Begun Run::begin(std::size_t node) noexcept {
    try {
        return resource_of(node).begin();
    } catch (...) {
        fail_node(node, current_error());
        return Scheduler::Begun::not_begun;
    }
}

bool Run::run(std::size_t node, const std::function<void()>& relief) noexcept {
    try {
        std::optional<Watch::Guard> impatience;
        if (relief) impatience.emplace(parts_.watch, Deadline::after(kPatience), nullptr, relief);
        resource_of(node).execute();
    } catch (...) {
        fail_node(node, current_error());
    }
    begun_[node].reset();
    const std::lock_guard lock(mutex_);
    return !error_ && !answer_;
}

void Run::call(std::function<void()> help) noexcept {
    try {
        parts_.workers.submit(std::move(help));
    } catch (...) {  // no memory for it: this thread does the work
        log::warning("no further thread: " + current_error().message, {{"request", request_.id}});
    }
}

void Run::fail_node(std::size_t node, Error error) {
    if (error.resource.empty())
        error.resource = parts_.workflow.resources[parts_.plan.nodes()[node].resource].action_id;
    fail(std::move(error));
}

void Run::fail(Error error) {
    {
        const std::lock_guard lock(mutex_);
        // A sibling that was cancelled because of the first failure is not the cause.
        if (!error_ && !answer_) error_ = std::move(error);
    }
    scheduler_->end();
    stop_.request(StopReason::sibling_failed);
}

void Run::answer(Outcome outcome) {
    {
        const std::lock_guard lock(mutex_);
        if (!error_ && !answer_) answer_ = std::move(outcome);
    }
    scheduler_->end();
    stop_.request(StopReason::answered);
}

std::optional<value::Value> Run::output(std::size_t resource) const {
    const std::lock_guard lock(mutex_);
    return outputs_[resource];
}

void Run::set_output(std::size_t resource, value::Value output) {
    const std::lock_guard lock(mutex_);
    outputs_[resource] = std::move(output);
}

std::optional<value::Value> Run::items_of(std::size_t resource) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [index, items] : items_) {
        if (index == resource) return items;
    }
    return std::nullopt;
}

void Run::set_items(std::size_t resource, value::Value items) {
    const std::lock_guard lock(mutex_);
    items_.emplace_back(resource, std::move(items));
}

std::string Run::session_id() {
    const bool has_session = session(false) != nullptr;
    const std::lock_guard lock(session_mutex_);
    return !new_session_id_.empty() ? new_session_id_ : has_session ? request_.session_id : "";
}

std::shared_ptr<Store> Run::session(bool create) {
    const std::lock_guard lock(session_mutex_);
    if (!has_asked_for_session_ && !request_.session_id.empty())
        session_ = parts_.sessions.find(request_.session_id, patience());
    has_asked_for_session_ = true;
    if (session_ == nullptr && create) std::tie(new_session_id_, session_) = parts_.sessions.create(patience());
    return session_;
}

Outcome Run::outcome() {
    const std::lock_guard lock(mutex_);
    Outcome outcome = answer_.value_or(Outcome());
    {
        const std::lock_guard session_lock(session_mutex_);
        outcome.session_id = new_session_id_;
    }
    if (answer_) {
        return outcome;
    }
    if (error_) {
        outcome.success = false;
        outcome.status = error_code(*error_).http_status;
        outcome.error = error_;
        return outcome;
    }
    value::Value result = outputs_[parts_.target].value_or(value::Value());
    if (parts_.resources[parts_.target].responds() && !parts_.resources[parts_.target].has_items()) {
        unwrap_envelope(result, outcome);
    } else {
        outcome.data = std::move(result);
    }
    return outcome;
}

}  // namespace kdeps::engine
