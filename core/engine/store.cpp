// SPDX-License-Identifier: Apache-2.0
#include "core/engine/store.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>

#include "core/engine/lease.hpp"
#include "core/engine/session_file.hpp"

namespace kdeps::engine {

value::Value appended(value::Value list, value::Value element) {
    if (list.kind() == value::Kind::list && list.flavor() == value::Flavor::plain && list.has_one_owner()) {
        // Nobody else sees the elements any more: their payload was made as one that may change.
        std::atomic_thread_fence(std::memory_order_acquire);
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

void Store::set(std::string_view key, value::Value value, const Patience& patience) {
    const auto put = [&](value::Value& there) {
        there = value;
        return true;
    };
    update(key, put, patience);
}

void Store::update(std::string_view key, const Change& change, const Patience& patience) {
    if (behind_ == nullptr) {
        const std::lock_guard lock(mutex_);
        const auto found = values_.find(key);
        if (found != values_.end()) {
            change(found->second);
            return;
        }
        value::Value value;
        if (change(value)) values_.emplace(std::string(key), std::move(value));
        return;
    }
    const Lease lease(writing_, patience);
    auto value = behind_->update(key, change, patience);
    if (!value) return;
    const std::lock_guard lock(mutex_);
    values_.insert_or_assign(std::string(key), std::move(*value));
}

void Store::refresh(std::vector<std::pair<std::string, value::Value>> values, std::int64_t version) {
    // Not while a change of this host is on its way: the news may be older than it.
    const std::unique_lock writing(writing_, std::try_to_lock);
    if (!writing.owns_lock()) return;
    const std::lock_guard lock(mutex_);
    for (auto& [key, value] : values) values_.insert_or_assign(std::move(key), std::move(value));
    version_ = std::max(version_, version);
}

std::int64_t Store::version() const {
    const std::lock_guard lock(mutex_);
    return version_;
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

namespace {

constexpr auto kTouch = std::chrono::minutes(1);  // how exact the times in the file are
constexpr auto kSweep = std::chrono::minutes(1);

// One session in the file.
class InFile final : public Behind {
public:
    InFile(SessionFile& file, std::string id) : file_(file), id_(std::move(id)) {}
    std::optional<value::Value> update(std::string_view key, const Change& change, const Patience& patience) override {
        return file_.update(id_, std::string(key), change, patience);
    }

private:
    SessionFile& file_;
    const std::string id_;
};

}  // namespace

Sessions::Sessions(std::chrono::nanoseconds ttl, std::unique_ptr<SessionFile> file,
                   std::function<void(std::function<void()>)> in_background, std::size_t limit)
    : ttl_(ttl), limit_(limit), file_(std::move(file)), in_background_(std::move(in_background)) {}

Sessions::~Sessions() = default;

std::shared_ptr<Store> Sessions::make_store(const std::string& id) {
    return file_ == nullptr ? std::make_shared<Store>() : std::make_shared<Store>(std::make_unique<InFile>(*file_, id));
}

std::shared_ptr<Store> Sessions::find(const std::string& id, const Patience& patience) {
    const Clock::time_point now = Clock::now();
    std::shared_ptr<Store> store;
    bool is_stale = false;
    {
        const std::lock_guard lock(mutex_);
        const auto found = by_id_.find(id);
        if (found != by_id_.end() && now - found->second->used <= ttl_) {
            Session& session = *found->second;
            session.used = now;
            is_stale = file_ != nullptr && now - session.touched > kTouch;
            if (is_stale) session.touched = now;
            store = session.store;
            sessions_.splice(sessions_.end(), sessions_, found->second);
        } else if (found != by_id_.end()) {
            const auto place = found->second;
            by_id_.erase(found);
            sessions_.erase(place);
        }
    }
    if (file_ == nullptr) return store;
    auto news = file_->load(id, store == nullptr ? -1 : store->version(), patience);
    if (!news) return nullptr;  // another host has forgotten it, or none has made it
    const bool is_new = store == nullptr;
    if (is_new) store = make_store(id);
    store->refresh(std::move(news->values), news->version);
    if (is_stale || is_new) file_->touch(id, patience);
    return is_new ? keep(id, std::move(store), now) : store;
}

// Another request of this client may have come first: then it is that one's.
std::shared_ptr<Store> Sessions::keep(const std::string& id, std::shared_ptr<Store> store, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    drop_old(now);
    if (const auto found = by_id_.find(id); found != by_id_.end()) {
        found->second->used = now;
        return found->second->store;
    }
    sessions_.push_back({id, std::move(store), now, now});
    by_id_.emplace(sessions_.back().id, std::prev(sessions_.end()));
    return sessions_.back().store;
}

std::pair<std::string, std::shared_ptr<Store>> Sessions::create(const Patience& patience) {
    constexpr std::size_t kBytes = 16;
    std::string id = random_hex(kBytes);
    if (file_ != nullptr) file_->make(id, patience);
    const Clock::time_point now = Clock::now();
    auto store = keep(id, make_store(id), now);
    tidy_file(now);
    return {std::move(id), std::move(store)};
}

// What was used longest ago stands first, so each call looks only at what it drops.
void Sessions::drop_old(Clock::time_point now) {
    while (!sessions_.empty() && (sessions_.size() >= limit_ || now - sessions_.front().used > ttl_)) {
        by_id_.erase(sessions_.front().id);
        sessions_.pop_front();
    }
}

// Nobody waits for it, and nobody fails because of it.
void Sessions::tidy_file(Clock::time_point now) {
    if (file_ == nullptr || !in_background_) return;
    {
        const std::lock_guard lock(mutex_);
        if (now < next_sweep_) return;
        next_sweep_ = now + kSweep;
    }
    in_background_([this] {
        try {
            file_->forget_old();
        } catch (...) {
            log::warning("old sessions are not forgotten: " + current_error().message);
        }
    });
}

}  // namespace kdeps::engine
