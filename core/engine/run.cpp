// SPDX-License-Identifier: Apache-2.0
#include "core/engine/run.hpp"

#include "core/engine/envelope.hpp"
#include "core/engine/resource_run.hpp"

namespace kdeps::engine {

Run::Run(Parts& parts, const Request& request, const StopFlag& client_stop)
    : parts_(parts), request_(request), client_stop_(client_stop), left_(parts.plan.nodes().size()), outputs_(parts.resources.size()) {
    const auto& nodes = parts.plan.nodes();
    waiting_for_.reserve(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        waiting_for_.push_back(nodes[i].predecessors.size());
        if (nodes[i].predecessors.empty()) {
            ready_.push_back(i);
        }
    }
    if (!request.session_id.empty()) {
        session_ = parts.sessions.find(request.session_id);
    }
}

Outcome Run::execute() {
    {
        std::unique_lock lock(mutex_);
        start_ready(lock);
    }
    work(true);
    return outcome();
}

// Calls for helpers: this thread takes one of the ready nodes, every other one may find a thread of its own.
void Run::start_ready(std::unique_lock<std::mutex>&) {
    if (parts_.is_sequential) {
        return;
    }
    for (std::size_t i = 1; i < ready_.size(); ++i) {
        parts_.workers.submit([self = shared_from_this()] { self->work(false); });
    }
}

void Run::work(bool is_owner) {
    std::unique_lock lock(mutex_);
    while (true) {
        if (is_over_ || left_ == 0) {
            if (!is_owner || running_ == 0) {
                return;
            }
            changed_.wait(lock);
        } else if (!ready_.empty() && (!parts_.is_sequential || running_ == 0)) {
            const std::size_t node = ready_.front();
            ready_.pop_front();
            ++running_;
            lock.unlock();
            run_node(node);
            lock.lock();
            --running_;
            --left_;
            const std::size_t before = ready_.size();
            for (const std::size_t next : parts_.plan.nodes()[node].successors) {
                if (--waiting_for_[next] == 0) {
                    ready_.push_back(next);
                }
            }
            if (!is_over_ && ready_.size() > before) {
                start_ready(lock);
            }
            changed_.notify_all();
        } else if (is_owner) {
            changed_.wait(lock);
        } else {
            return;
        }
    }
}

void Run::run_node(std::size_t node) {
    const std::size_t resource = parts_.plan.nodes()[node].resource;
    try {
        ResourceRun(*this, resource).execute();
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
