// SPDX-License-Identifier: Apache-2.0
#include "pool.hpp"

#include <algorithm>
#include <random>

#include "seconds_text.hpp"

namespace kdeps::sql {

namespace {

// A connection that was idle for longer is checked before it is used (rules §5).
constexpr auto kTrusted = std::chrono::seconds(1);

constexpr std::string_view kWaited = "kdeps_sql_pool_waited";
constexpr std::string_view kReplaced = "kdeps_sql_pool_replaced";
constexpr std::string_view kWaitSeconds = "kdeps_sql_pool_wait_seconds";

double in_seconds(nanoseconds span) { return std::chrono::duration<double>(span).count(); }

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
        if (call.remaining() > most) own_.emplace(host, call.resource(), std::max(most, nanoseconds(1)));
    }
    Call call() const { return own_ ? own_->call() : call_; }
    bool is_over() const { return own_ && own_->call().state() != KDEPS_OK; }

private:
    const Call& call_;
    std::optional<BackgroundCall> own_;
};

}  // namespace

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

// Already counted in open_.  Goes to the next in line unless it is filled.  Ends without the pool's lock.
class Pool::Place {
public:
    explicit Place(Pool& pool) : pool_(&pool) {}
    ~Place() {
        if (pool_ != nullptr) pool_->free_place();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    void fill() { pool_ = nullptr; }

private:
    Pool* pool_;
};

Pool::Pool(const Host& host, Database database, PoolOptions options, Now now)
    : host_(host), database_(std::move(database)), options_(options), now_(std::move(now)) {
    // A total that was never told of is not seen to rise the first time.
    count(kWaited, 0);
    count(kReplaced, 0);
}

Pool::~Pool() = default;

std::unique_ptr<Connection> Pool::acquire(const Call& call, nanoseconds timeout) {
    const Limit limit{timeout, now_() + timeout};
    std::unique_ptr<Connection> connection;
    {
        std::unique_lock lock(mutex_);
        // Who comes now does not overtake those who wait.
        if (waiters_.empty() && !idle_.empty()) {
            connection = take_idle(call.resource());
        } else if (waiters_.empty() && open_ < options_.max_connections) {
            ++open_;
        } else {
            connection = wait(call, limit.until, lock);
        }
    }
    if (connection != nullptr) connection = ready(call, limit, std::move(connection));
    if (connection == nullptr) {
        Place place(*this);
        call.check();
        connection = open(call, limit);
        const std::lock_guard lock(mutex_);
        lend(*connection, call.resource());
        place.fill();
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
std::unique_ptr<Connection> Pool::wait(const Call& call, Clock::time_point until, std::unique_lock<std::mutex>& lock) {
    const auto began = now_();
    const nanoseconds left = call.remaining();
    const bool ends_with_call = left < until - began;
    const auto end = ends_with_call ? began + left : until;
    const auto self = std::make_shared<Waiter>();
    self->user = call.resource();
    waiters_.push_back(self);
    ++waited_;
    lock.unlock();
    count(kWaited, 1);

    std::optional<Error> error;
    {
        std::unique_lock own(self->mutex);
        const auto is_served = [&] { return self->given != nullptr || self->may_open; };
        while (!is_served() && !error) {
            const kdeps_status state = call.state();
            const auto now = now_();
            if (state == KDEPS_OK && now < end) {
                self->wake.wait_for(own, end - now, [&] { return is_served() || self->has_news; });
                self->has_news = false;
                continue;
            }
            own.unlock();
            error = leave_line(self,
                               state != KDEPS_OK ? state
                               : ends_with_call  ? KDEPS_TIMEOUT
                                                 : KDEPS_EXHAUSTED,
                               now - began);
            own.lock();
        }
    }
    host_.observe(kWaitSeconds, {"connection", database_.name}, in_seconds(now_() - began));
    if (error) throw Error(std::move(*error));
    return std::move(self->given);
}

std::optional<Error> Pool::leave_line(const std::shared_ptr<Waiter>& waiter, kdeps_status why, nanoseconds waited) {
    const std::lock_guard lock(mutex_);
    if (std::erase(waiters_, waiter) == 0) return std::nullopt;
    if (why == KDEPS_CANCELLED) {
        return Error(KDEPS_CANCELLED,
                     "the run was cancelled while it waited for a connection of '" + database_.name + "'");
    }
    Error error = full(waited);
    error.status = why;  // TIMEOUT: the step's own limit, not connectionTimeout
    return error;
}

Error Pool::full(nanoseconds waited) const {
    const std::size_t opening = open_ - lent_.size() - idle_.size();
    std::string text = "pool '" + database_.name + "' is full: " + std::to_string(lent_.size()) + " of " +
                       std::to_string(options_.max_connections) + " connections in use" +
                       (opening > 0 ? ", " + std::to_string(opening) + " being opened" : "") + ", waited " +
                       seconds_text(waited);
    const auto longest = std::min_element(lent_.begin(), lent_.end(),
                                          [](const Connection* a, const Connection* b) { return a->lent < b->lent; });
    if (longest != lent_.end()) {
        text += "; longest held by '" + (*longest)->user + "' for " + seconds_text(now_() - (*longest)->lent);
    }
    Error error(KDEPS_EXHAUSTED, text);
    error.retry = KDEPS_RETRY_FRESH;
    return error;
}

std::unique_ptr<Connection> Pool::open(const Call& call, const Limit& limit) {
    kdeps_target target{};
    target.struct_size = sizeof(target);
    target.flags = options_.statement_cache == 0 ? KDEPS_TARGET_ONE_SHOT : 0;
    target.url = to_str(database_.url);
    target.folder = to_str(database_.folder);
    target.name = to_str(database_.name);
    kdeps_connection* handle = nullptr;
    const ShortCall opening(host_, call, limit.until - now_());
    const kdeps_status status = database_.driver->open(database_.instance, opening.call().get(), &target, &handle);
    if (status != KDEPS_OK) {
        Error error = opening.call().error(status);
        if (opening.is_over() && error.status == KDEPS_TIMEOUT) {
            error.status = KDEPS_UNAVAILABLE;
            error.message += " (connectionTimeout, " + seconds_text(limit.timeout) + ")";
        }
        error.message = "connection '" + database_.name + "': " + error.message;
        throw Error(std::move(error));
    }
    auto connection = std::make_unique<Connection>(*database_.driver, handle, options_.statement_cache);
    connection->created = connection->used = now_();
    connection->expires = options_.max_lifetime.count() == 0 ? Clock::time_point::max()
                                                             : connection->created + spread(options_.max_lifetime);
    return connection;
}

// Checks a connection that was idle.  nullptr: it was dead or has expired, and another may be opened in its place.
std::unique_ptr<Connection> Pool::ready(const Call& call, const Limit& limit, std::unique_ptr<Connection> connection) {
    const auto now = now_();
    if (is_trusted(*connection, now)) {
        return connection;
    }
    if (now < connection->expires) {
        // A network that has forgotten the connection answers nothing: then there is time left for another one.
        const ShortCall checking(host_, call, std::min(limit.until - now, call.remaining()) / 2);
        if (database_.driver->ping(connection->get(), checking.call().get()) == KDEPS_OK) {
            connection->is_suspect = false;
            return connection;
        }
    }
    {
        const std::lock_guard lock(mutex_);
        take_back(*connection);
        ++replaced_;
    }
    count(kReplaced, 1);
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

void Pool::release(const Call& call, std::unique_ptr<Connection> connection, After then) {
    if (then == After::reset) {
        if (database_.driver->reset(connection->get(), call.get()) != KDEPS_OK) then = After::close;
        connection->has_traces = false;
    }
    connection->end_use();
    const auto now = now_();
    {
        WakeUp wake_up;
        const std::lock_guard lock(mutex_);
        take_back(*connection);
        if (then == After::close) {
            // What killed this one may have killed all: the others are looked at before they are used.
            for (const auto& other : idle_) other->is_suspect = true;
        } else if (now < connection->expires) {
            connection->used = now;
            hand_on(std::move(connection), wake_up);
            return;
        }
        ++replaced_;
    }
    count(kReplaced, 1);
    // First closed, then replaced: the database never sees more than maxConnections.
    connection.reset();
    free_place();
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

void Pool::free_place() {
    WakeUp wake_up;
    const std::lock_guard lock(mutex_);
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
    close_old();
    fill();
}

void Pool::close_old() {
    std::vector<std::unique_ptr<Connection>> closing;
    std::uint64_t expired = 0;
    {
        const std::lock_guard lock(mutex_);
        const auto now = now_();
        std::size_t left = open_;
        for (auto& connection : idle_) {
            const bool is_idle_for_long = options_.max_idle_time.count() > 0 &&
                                          now - connection->used >= options_.max_idle_time &&
                                          left > options_.min_connections;
            if (!is_idle_for_long && now < connection->expires) continue;
            expired += is_idle_for_long ? 0 : 1;
            closing.push_back(std::move(connection));
            --left;
        }
        std::erase(idle_, nullptr);
        replaced_ += expired;
    }
    count(kReplaced, static_cast<double>(expired));
    for (auto& connection : closing) {
        connection.reset();
        free_place();
    }
}

void Pool::fill() {
    const std::string user = "pool '" + database_.name + "'";
    try {
        while (take_place_of_minimum()) {
            Place place(*this);
            const BackgroundCall background(host_, user, nanoseconds(0));
            auto connection =
                open(background.call(), {options_.connection_timeout, now_() + options_.connection_timeout});
            WakeUp wake_up;
            const std::lock_guard lock(mutex_);
            hand_on(std::move(connection), wake_up);
            place.fill();
        }
        fill_failure_.clear();
    } catch (const Error& error) {
        // The database may be down; the next round tries again, and so does whoever needs it.
        if (error.message != fill_failure_) host_.log(KDEPS_LOG_WARNING, error.message);
        fill_failure_ = error.message;
    }
}

bool Pool::take_place_of_minimum() {
    const std::lock_guard lock(mutex_);
    if (open_ >= options_.min_connections) return false;
    ++open_;
    return true;
}

void Pool::count(std::string_view metric, double add) const {
    host_.count(metric, {"connection", database_.name}, add);
}

PoolCounts Pool::counts() const {
    const std::lock_guard lock(mutex_);
    return {open_, idle_.size(), lent_.size(), waiters_.size(), waited_, replaced_};
}

bool Pool::is_unused() const {
    const std::lock_guard lock(mutex_);
    return open_ == idle_.size() && waiters_.empty();
}

}  // namespace kdeps::sql
