// SPDX-License-Identifier: Apache-2.0
#include "pool.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <random>

namespace kdeps::sql {

namespace {

// A connection that was idle for longer is checked before it is used (rules §5).
constexpr auto kTrusted = std::chrono::seconds(1);

std::string seconds_text(nanoseconds span) {
    char buffer[32];
    std::snprintf(buffer, sizeof(buffer), "%.1f s", std::chrono::duration<double>(span).count());
    return buffer;
}

nanoseconds spread(nanoseconds lifetime) {
    thread_local std::minstd_rand random(std::random_device{}());
    return nanoseconds(static_cast<std::int64_t>(static_cast<double>(lifetime.count()) *
                                                 std::uniform_real_distribution(0.9, 1.0)(random)));
}

// A server that does not answer costs no more than connectionTimeout, though the step may last longer: a call of its
// own that ends by then, or the step's where that ends first.  What cancels the step is noticed after it.
class ShortCall {
public:
    ShortCall(const Host& host, const Call& call, nanoseconds most) : call_(call) {
        if (most.count() > 0 && call.remaining() > most) own_.emplace(host, call.resource(), most);
    }
    Call call() const { return own_ ? own_->call() : call_; }
    bool is_over() const { return own_ && own_->call().state() != KDEPS_OK; }

private:
    const Call& call_;
    std::optional<BackgroundCall> own_;
};

}  // namespace

Connection::~Connection() {
    for (const Prepared& prepared : statements_) {
        driver().finalize(prepared.statement);
    }
    driver().close(handle_);
}

kdeps_statement* Connection::find_prepared(const std::string& sql) {
    const auto found = index_.find(sql);
    if (found == index_.end()) return nullptr;
    statements_.splice(statements_.begin(), statements_, found->second);
    return statements_.front().statement;
}

kdeps_statement* Connection::prepare(const Call& call, const std::string& sql, std::size_t cache_size) {
    // Behind a pooler a table may have been altered since, and nobody would tell.
    if (cache_size == 0 && !statements_.empty()) forget(statements_.back().statement);
    if (kdeps_statement* found = find_prepared(sql)) return found;
    while (!statements_.empty() && statements_.size() >= std::max<std::size_t>(cache_size, 1)) {
        forget(statements_.back().statement);
    }
    kdeps_statement* statement = nullptr;
    call.expect(driver().prepare(handle_, call.get(), to_str(sql), &statement));
    statements_.push_front({sql, statement});
    index_.emplace(statements_.front().sql, statements_.begin());
    return statement;
}

void Connection::forget(kdeps_statement* statement) {
    const auto found = std::find_if(statements_.begin(), statements_.end(),
                                    [&](const Prepared& p) { return p.statement == statement; });
    if (found != statements_.end()) {
        index_.erase(found->sql);
        statements_.erase(found);
        driver().finalize(statement);
    }
}

Pool::Pool(const Host& host, Database database, PoolOptions options, Now now)
    : host_(host), database_(std::move(database)), options_(options), now_(std::move(now)) {}

Pool::~Pool() = default;

class Pool::WakeUp {
public:
    WakeUp() = default;
    ~WakeUp() {
        if (waiter_ != nullptr) waiter_->wake.notify_one();
    }
    WakeUp(const WakeUp&) = delete;
    WakeUp& operator=(const WakeUp&) = delete;

    void set(std::shared_ptr<Waiter> waiter) { waiter_ = std::move(waiter); }

private:
    std::shared_ptr<Waiter> waiter_;
};

std::unique_ptr<Connection> Pool::acquire(const Call& call, nanoseconds timeout) {
    std::unique_lock lock(mutex_);
    std::unique_ptr<Connection> connection;
    // Who comes now does not overtake those who wait.
    if (waiters_.empty() && !idle_.empty()) {
        connection = take_idle(call.resource());
    } else if (waiters_.empty() && open_ < options_.max_connections) {
        ++open_;
    } else {
        connection = wait(call, timeout, lock);
    }
    if (lock.owns_lock()) lock.unlock();
    if (connection != nullptr) connection = ready(call, std::move(connection));
    if (connection == nullptr) {
        connection = open(call);
        lock.lock();
        lend(*connection, call.resource());
    }
    return connection;
}

std::unique_ptr<Connection> Pool::try_acquire(const Call& call, bool& is_full) {
    const std::lock_guard lock(mutex_);
    is_full = !waiters_.empty() || (idle_.empty() && open_ >= options_.max_connections);
    if (!waiters_.empty() || idle_.empty() || !is_trusted(*idle_.back(), now_())) {
        return nullptr;
    }
    return take_idle(call.resource());
}

bool Pool::is_trusted(const Connection& connection, Clock::time_point now) const {
    return now < connection.expires && !connection.is_suspect && now - connection.used <= kTrusted;
}

// A connection, already lent, or nullptr: one may be opened.  Gives the lock back.
std::unique_ptr<Connection> Pool::wait(const Call& call, nanoseconds timeout, std::unique_lock<std::mutex>& lock) {
    const auto began = Clock::now();
    const auto until = began + std::min(timeout, call.remaining());
    const auto self = std::make_shared<Waiter>();
    self->user = call.resource();
    waiters_.push_back(self);
    ++waited_;
    lock.unlock();

    std::unique_lock own(self->mutex);
    while (self->given == nullptr && !self->may_open) {
        const kdeps_status state = call.state();
        if (Clock::now() >= until || state != KDEPS_OK) {
            own.unlock();
            lock.lock();
            if (std::erase(waiters_, self) == 0) {  // served at the last moment
                lock.unlock();
                own.lock();
                break;
            }
            if (state == KDEPS_CANCELLED)
                throw Error(KDEPS_CANCELLED,
                            "the run was cancelled while it waited for a connection of '" + database_.name + "'");
            Error error = full(Clock::now() - began);
            if (state == KDEPS_TIMEOUT) error.status = KDEPS_TIMEOUT;  // the step's own limit, not connectionTimeout
            throw Error(std::move(error));
        }
        self->wake.wait_until(own, until, [&] { return self->given != nullptr || self->may_open || self->has_news; });
        self->has_news = false;
    }
    return std::move(self->given);
}

Error Pool::full(nanoseconds waited) const {
    std::string text = "pool '" + database_.name + "' is full: " + std::to_string(lent_.size()) + " of " +
                       std::to_string(options_.max_connections) + " connections in use, waited " + seconds_text(waited);
    const auto longest = std::min_element(lent_.begin(), lent_.end(),
                                          [](const Connection* a, const Connection* b) { return a->lent < b->lent; });
    if (longest != lent_.end()) {
        text += "; longest held by '" + (*longest)->user + "' for " + seconds_text(now_() - (*longest)->lent);
    }
    Error error(KDEPS_EXHAUSTED, text);
    error.retry = KDEPS_RETRY_FRESH;
    return error;
}

// The caller has taken a slot in open_, which is given back on failure.
std::unique_ptr<Connection> Pool::open(const Call& call) {
    kdeps_target target{};
    target.struct_size = sizeof(target);
    target.url = to_str(database_.url);
    target.folder = to_str(database_.folder);
    target.name = to_str(database_.name);
    kdeps_connection* handle = nullptr;
    const ShortCall opening(host_, call, options_.connection_timeout);
    const kdeps_status status = database_.driver->open(database_.instance, opening.call().get(), &target, &handle);
    if (status != KDEPS_OK) {
        WakeUp wake_up;
        const std::lock_guard lock(mutex_);
        free_slot(wake_up);
        Error error = opening.call().error(status);
        if (opening.is_over() && error.status == KDEPS_TIMEOUT) {
            error.status = KDEPS_UNAVAILABLE;
            error.message += " (connectionTimeout, " + seconds_text(options_.connection_timeout) + ")";
        }
        error.message = "connection '" + database_.name + "': " + error.message;
        throw Error(std::move(error));
    }
    auto connection = std::make_unique<Connection>(database_, handle);
    connection->created = connection->used = now_();
    connection->expires = options_.max_lifetime.count() == 0 ? Clock::time_point::max()
                                                             : connection->created + spread(options_.max_lifetime);
    return connection;
}

// Checks a connection that was idle.  nullptr: it was dead or has expired, and another may be opened for it.
std::unique_ptr<Connection> Pool::ready(const Call& call, std::unique_ptr<Connection> connection) {
    const auto now = now_();
    if (is_trusted(*connection, now)) {
        return connection;
    }
    const bool is_expired = now >= connection->expires;
    if (!is_expired) {
        const ShortCall checking(host_, call, options_.connection_timeout);
        if (database_.driver->ping(connection->get(), checking.call().get()) == KDEPS_OK) {
            connection->is_suspect = false;
            return connection;
        }
    }
    const kdeps_status state = call.state();
    {
        WakeUp wake_up;
        const std::lock_guard lock(mutex_);
        take_back(*connection);
        ++replaced_;
        if (state != KDEPS_OK) free_slot(wake_up);
    }
    connection.reset();
    if (state != KDEPS_OK) call.check();
    return nullptr;
}

std::unique_ptr<Connection> Pool::take_idle(std::string_view user) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    lend(*connection, user);
    return connection;
}

void Pool::lend(Connection& connection, std::string_view user) {
    connection.user = user;
    connection.lent = now_();
    lent_.push_back(&connection);
}

void Pool::take_back(const Connection& connection) { std::erase(lent_, &connection); }

void Pool::release(const Call& call, std::unique_ptr<Connection> connection, std::uint8_t damage) {
    if (damage == KDEPS_DAMAGE_TRANSACTION && database_.driver->reset(connection->get(), call.get()) != KDEPS_OK) {
        damage = KDEPS_DAMAGE_CONNECTION;
    }
    const auto now = now_();
    std::unique_ptr<Connection> closing;  // closed without the lock
    {
        WakeUp wake_up;
        const std::lock_guard lock(mutex_);
        take_back(*connection);
        if (damage == KDEPS_DAMAGE_CONNECTION) {
            // What killed this one may have killed all: the others are looked at before they are used.
            for (const auto& other : idle_) other->is_suspect = true;
        }
        if (damage == KDEPS_DAMAGE_CONNECTION || now >= connection->expires) {
            ++replaced_;
            closing = std::move(connection);
            free_slot(wake_up);
        } else {
            connection->used = now;
            hand_on(std::move(connection), wake_up);
        }
    }
}

void Pool::hand_on(std::unique_ptr<Connection> connection, WakeUp& wake_up) {
    if (waiters_.empty()) {
        idle_.push_back(std::move(connection));
        return;
    }
    const std::shared_ptr<Waiter> first = std::move(waiters_.front());
    waiters_.pop_front();
    lend(*connection, first->user);
    {
        const std::lock_guard own(first->mutex);
        first->given = std::move(connection);
    }
    wake_up.set(first);
}

void Pool::free_slot(WakeUp& wake_up) {
    if (waiters_.empty()) {
        --open_;
        return;
    }
    const std::shared_ptr<Waiter> first = std::move(waiters_.front());
    waiters_.pop_front();
    {
        const std::lock_guard own(first->mutex);
        first->may_open = true;
    }
    wake_up.set(first);
}

void Pool::wake() {
    const std::lock_guard lock(mutex_);
    for (const auto& waiter : waiters_) {
        const std::lock_guard own(waiter->mutex);
        waiter->has_news = true;
        waiter->wake.notify_one();
    }
}

void Pool::maintain() {
    std::vector<std::unique_ptr<Connection>> closing;
    std::size_t missing = 0;
    {
        const std::lock_guard lock(mutex_);
        const auto now = now_();
        for (auto at = idle_.begin(); at != idle_.end();) {
            const bool is_idle_for_long = options_.max_idle_time.count() > 0 &&
                                          now - (*at)->used >= options_.max_idle_time &&
                                          open_ > options_.min_connections;
            if (is_idle_for_long || now >= (*at)->expires) {
                replaced_ += is_idle_for_long ? 0 : 1;
                closing.push_back(std::move(*at));
                at = idle_.erase(at);
                --open_;
            } else {
                ++at;
            }
        }
        missing = options_.min_connections > open_ ? options_.min_connections - open_ : 0;
        open_ += missing;
    }
    closing.clear();
    for (; missing > 0; --missing) {
        const BackgroundCall background(host_, "pool '" + database_.name + "'", options_.connection_timeout);
        try {
            auto connection = open(background.call());
            WakeUp wake_up;
            const std::lock_guard lock(mutex_);
            hand_on(std::move(connection), wake_up);
        } catch (const Error& error) {
            // The database may be down; the next round tries again, and so does whoever needs it.
            host_.log(KDEPS_LOG_WARNING, error.message);
            for (; missing > 1; --missing) {
                WakeUp wake_up;
                const std::lock_guard lock(mutex_);
                free_slot(wake_up);
            }
        }
    }
}

PoolCounts Pool::counts() const {
    const std::lock_guard lock(mutex_);
    return {open_, idle_.size(), lent_.size(), waiters_.size(), waited_, replaced_};
}

bool Pool::is_unused() const {
    const std::lock_guard lock(mutex_);
    return lent_.empty() && waiters_.empty();
}

}  // namespace kdeps::sql
