// SPDX-License-Identifier: Apache-2.0
#include "core/engine/store.hpp"

#include <algorithm>

namespace kdeps::engine {

std::optional<value::Value> Store::get(std::string_view key) const {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

void Store::set(std::string_view key, value::Value value) {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    if (found == values_.end()) {
        values_.emplace(std::string(key), std::move(value));
    } else {
        found->second = std::move(value);
    }
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

std::shared_ptr<Store> Sessions::find(const std::string& id) {
    const Clock::time_point now = Clock::now();
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) {
        return nullptr;
    }
    if (now - found->second.used > ttl_) {
        sessions_.erase(found);
        return nullptr;
    }
    found->second.used = now;
    return found->second.store;
}

std::pair<std::string, std::shared_ptr<Store>> Sessions::create() {
    constexpr std::size_t kBytes = 16;
    std::string id = random_hex(kBytes);
    auto store = std::make_shared<Store>();
    const Clock::time_point now = Clock::now();
    const std::lock_guard lock(mutex_);
    forget_old(now);
    sessions_[id] = {store, now};
    return {std::move(id), std::move(store)};
}

void Sessions::forget_old(Clock::time_point now) {
    if (now >= next_sweep_) {
        std::erase_if(sessions_, [&](const auto& entry) { return now - entry.second.used > ttl_; });
        next_sweep_ = now + std::chrono::minutes(1);
    }
    if (sessions_.size() >= limit_) {
        const auto oldest = std::min_element(sessions_.begin(), sessions_.end(),
                                             [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
        sessions_.erase(oldest);
    }
}

}  // namespace kdeps::engine
