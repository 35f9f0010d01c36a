// SPDX-License-Identifier: Apache-2.0
#include "core/engine/store.hpp"

#include <algorithm>

#include "core/engine/session_file.hpp"

namespace kdeps::engine {

value::Value appended(value::Value list, value::Value element) {
    if (list.kind() == value::Kind::list && list.flavor() == value::Flavor::plain && list.has_one_owner()) {
        // Nobody else sees the elements: their payload was made as one that may change.
        const_cast<value::List&>(list.list()).push_back(std::move(element));
        return list;
    }
    value::List all;
    all.reserve(list.size() + 1);
    for (std::size_t i = 0; i < list.size(); ++i) all.push_back(list.at(i));
    all.push_back(std::move(element));
    return value::Value::list(std::move(all));
}

std::optional<value::Value> Store::get(std::string_view key) const {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

void Store::set(std::string_view key, value::Value value) {
    if (on_set_) on_set_(key, value);
    put(key, std::move(value));
}

void Store::put(std::string_view key, value::Value value) {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    if (found == values_.end()) {
        values_.emplace(std::string(key), std::move(value));
    } else {
        found->second = std::move(value);
    }
}

void Store::update(std::string_view key, const Change& change) {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    value::Value value;
    value::Value& changed = found == values_.end() ? value : found->second;
    if (!change(changed)) return;
    if (on_set_) on_set_(key, changed);
    if (found == values_.end()) values_.emplace(std::string(key), std::move(value));
}

value::Value Store::all() const {
    value::Map map;
    const std::lock_guard lock(mutex_);
    for (const auto& [key, value] : values_) {
        map.set(key, value);
    }
    return value::Value::map(std::move(map));
}

bool Store::is_empty() const {
    const std::lock_guard lock(mutex_);
    return values_.empty();
}

Sessions::Sessions(std::chrono::nanoseconds ttl, std::unique_ptr<SessionFile> file, std::size_t limit)
    : ttl_(ttl), limit_(limit), file_(std::move(file)) {}

Sessions::~Sessions() = default;

std::shared_ptr<Store> Sessions::make_store(const std::string& id) {
    if (file_ == nullptr) {
        return std::make_shared<Store>();
    }
    return std::make_shared<Store>(
        [this, id](std::string_view key, const value::Value& value) { file_->save(id, std::string(key), value); });
}

std::shared_ptr<Store> Sessions::find(const std::string& id) {
    constexpr auto kTouch = std::chrono::minutes(1);  // how exact the times in the file are
    const Clock::time_point now = Clock::now();
    bool is_stale = false;
    {
        const std::lock_guard lock(mutex_);
        const auto found = sessions_.find(id);
        if (found != sessions_.end() && now - found->second.used <= ttl_) {
            found->second.used = now;
            is_stale = file_ != nullptr && now - found->second.touched > kTouch;
            if (!is_stale) return found->second.store;
            found->second.touched = now;
        } else if (found != sessions_.end()) {
            sessions_.erase(found);
            return nullptr;
        }
    }
    if (file_ == nullptr) {
        return nullptr;
    }
    if (is_stale) {
        file_->touch(id);
        const std::lock_guard lock(mutex_);
        const auto found = sessions_.find(id);
        if (found != sessions_.end()) return found->second.store;
    }
    const auto values = file_->load(id);
    if (!values) {
        return nullptr;
    }
    auto store = make_store(id);
    for (const auto& [key, value] : *values) store->put(key, value);
    forget_old(now);
    const std::lock_guard lock(mutex_);
    // Another request of this client may have come first.
    return sessions_.try_emplace(id, Session{std::move(store), now, now}).first->second.store;
}

std::pair<std::string, std::shared_ptr<Store>> Sessions::create() {
    constexpr std::size_t kBytes = 16;
    std::string id = random_hex(kBytes);
    auto store = make_store(id);
    if (file_ != nullptr) file_->touch(id);
    const Clock::time_point now = Clock::now();
    forget_old(now);
    const std::lock_guard lock(mutex_);
    sessions_[id] = {store, now, now};
    return {std::move(id), std::move(store)};
}

void Sessions::forget_old(Clock::time_point now) {
    {
        const std::lock_guard lock(mutex_);
        if (sessions_.size() >= limit_) {
            const auto oldest = std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
                return a.second.used < b.second.used;
            });
            sessions_.erase(oldest);
        }
        if (now < next_sweep_) return;
        std::erase_if(sessions_, [&](const auto& entry) { return now - entry.second.used > ttl_; });
        next_sweep_ = now + std::chrono::minutes(1);
    }
    if (file_ != nullptr) file_->forget_old();
}

}  // namespace kdeps::engine
