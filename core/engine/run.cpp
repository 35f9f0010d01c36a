// SPDX-License-Identifier: Apache-2.0
#include "core/engine/run.hpp"

#include <algorithm>

#include "core/engine/envelope.hpp"
#include "core/engine/resource_run.hpp"

namespace kdeps::engine {

namespace {

// How long a query that was sent waits for the thread that reads another's result, before one more thread is called.
constexpr auto kPatience = std::chrono::milliseconds(5);

}  // namespace

Run::Run(Parts& parts, const Request& request, const StopFlag& client_stop)
    : parts_(parts),
      request_(request),
      client_stop_(client_stop),
      left_(parts.plan.nodes().size()),
      outputs_(parts.resources.size()) {
    const auto& nodes = parts.plan.nodes();
    waiting_for_.reserve(nodes.size());
    ready_.reserve(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        waiting_for_.push_back(nodes[i].predecessors.size());
        if (nodes[i].predecessors.empty()) {
            ready_.push_back({i, nullptr, false});
        }
    }
    if (!request.session_id.empty()) {
        session_ = parts.sessions.find(request.session_id);
    }
}

Run::~Run() = default;

Outcome Run::execute() {
    work(true);
    return outcome();
}

// Every other thread that comes takes one of the ready nodes.
void Run::call_helpers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        parts_.workers.submit([self = shared_from_this()] { self->work(false); });
    }
}

// One that is under way holds a connection until somebody reads its result: a slow one before it must not keep it.
void Run::call_helper_if_needed() {
    {
        const std::lock_guard lock(mutex_);
        if (is_over_ || ready_.empty()) return;
    }
    call_helpers(1);
}

void Run::work(bool is_owner) {
    std::unique_lock lock(mutex_);
    while (true) {
        if (std::exchange(has_fresh_, false) && ready_.size() > 1 && !is_over_ && !parts_.is_sequential)
            begin_together(lock);
        if (auto ready = take(is_owner)) {
            ++running_;
            const bool others_are_under_way =
                ready->is_under_way &&
                std::any_of(ready_.begin(), ready_.end(), [](const Ready& r) { return r.is_under_way; });
            lock.unlock();
            const std::size_t node = ready->node;
            {
                std::optional<Watch::Guard> relief;
                if (others_are_under_way) {
                    relief.emplace(
                        parts_.watch, Deadline::after(kPatience), [] { return false; },
                        [this] { call_helper_if_needed(); });
                }
                run_node(std::move(*ready));
            }
            lock.lock();
            end_node(node);
        } else if (is_owner && (running_ > 0 || (!is_over_ && left_ > 0))) {
            changed_.wait(lock);
        } else {
            return;
        }
    }
}

// What to do next.  What is under way comes last for helpers, as it needs a thread least, and first for the owner: it
// holds a connection, and nobody who holds one may wait for another.
std::optional<Run::Ready> Run::take(bool is_owner) {
    const auto is_under_way = [](const Ready& ready) { return ready.is_under_way; };
    auto found = std::find_if(ready_.begin(), ready_.end(), is_under_way);
    if (is_over_) {
        if (!is_owner) return std::nullopt;
    } else if (found == ready_.end() || !is_owner) {
        const auto fresh = std::find_if_not(ready_.begin(), ready_.end(), is_under_way);
        if (fresh != ready_.end()) found = fresh;
        if (parts_.is_sequential && running_ > 0) return std::nullopt;
    }
    if (found == ready_.end()) return std::nullopt;
    Ready taken = std::move(*found);
    ready_.erase(found);
    return taken;
}

// Several nodes are ready: their actions are sent one after the other, so that one thread can wait for all of them.
// Only what could not be sent, or has successors that need not wait for the others, calls for more threads.
void Run::begin_together(std::unique_lock<std::mutex>& lock) {
    std::vector<Ready> together;
    together.reserve(ready_.size());
    for (auto at = ready_.begin(); at != ready_.end();) {
        const bool is_fresh =
            at->begun == nullptr && ResourceRun::can_begin(parts_.resources[parts_.plan.nodes()[at->node].resource]);
        if (is_fresh) {
            together.push_back(std::move(*at));
            at = ready_.erase(at);
        } else {
            ++at;
        }
    }
    running_ += together.size();
    lock.unlock();
    for (Ready& ready : together) {
        ready.begun = std::make_unique<ResourceRun>(*this, parts_.plan.nodes()[ready.node].resource);
        const ResourceRun::Begun begun = ready.begun->begin();
        ready.is_under_way = begun == ResourceRun::Begun::under_way;
        ready.waits = begun == ResourceRun::Begun::waits;
    }
    lock.lock();
    running_ -= together.size();
    for (Ready& ready : together) {
        ready_.push_back(std::move(ready));
    }
    // This thread takes what is under way, if anything is.
    std::size_t helpers = 0;
    std::size_t kept = 0;  // what this thread does: all that is under way or waits, else one of the others
    for (const Ready& ready : ready_) {
        const bool is_kept = ready.is_under_way || ready.waits;
        helpers += !is_kept || (kept > 0 && has_successor_of_its_own(ready.node)) ? 1 : 0;
        kept += is_kept ? 1 : 0;
    }
    call_helpers(kept > 0 ? helpers : helpers - 1);
    if (running_ > 0) changed_.notify_all();
}

bool Run::has_successor_of_its_own(std::size_t node) const {
    const auto& successors = parts_.plan.nodes()[node].successors;
    return std::any_of(successors.begin(), successors.end(), [&](std::size_t next) { return waiting_for_[next] == 1; });
}

void Run::end_node(std::size_t node) {
    --running_;
    --left_;
    for (const std::size_t next : parts_.plan.nodes()[node].successors) {
        if (--waiting_for_[next] == 0) {
            ready_.push_back({next, nullptr, false});
            has_fresh_ = true;
        }
    }
    changed_.notify_all();
}

void Run::run_node(Ready ready) {
    const std::size_t resource = parts_.plan.nodes()[ready.node].resource;
    if (ready.begun == nullptr) ready.begun = std::make_unique<ResourceRun>(*this, resource);
    try {
        ready.begun->execute();
    } catch (Error& error) {
        if (error.resource.empty()) error.resource = parts_.workflow.resources[resource].action_id;
        {
            const std::lock_guard lock(mutex_);
            // A sibling that was cancelled because of the first failure is not the cause.
            if (!error_ && !answer_) {
                error_ = error;
            }
            is_over_ = true;
        }
        stop_.request();
        parts_.watch.notify();
    }
}

void Run::answer(Outcome outcome) {
    {
        const std::lock_guard lock(mutex_);
        if (!error_ && !answer_) {
            answer_ = std::move(outcome);
        }
        is_over_ = true;
    }
    stop_.request();
    parts_.watch.notify();
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

std::string Run::session_id() const {
    const std::lock_guard lock(mutex_);
    return !new_session_id_.empty() ? new_session_id_ : session_ != nullptr ? request_.session_id : "";
}

std::shared_ptr<Store> Run::session(bool create) {
    const std::lock_guard lock(mutex_);
    if (session_ == nullptr && create) {
        std::tie(new_session_id_, session_) = parts_.sessions.create();
    }
    return session_;
}

Outcome Run::outcome() {
    const std::lock_guard lock(mutex_);
    Outcome outcome = answer_.value_or(Outcome());
    outcome.session_id = new_session_id_;
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
