// SPDX-License-Identifier: Apache-2.0
// A connection lent by a pool, for the time of a step.
#pragma once

#include "connections.hpp"

namespace kdeps::sql {

// One thread, but for the activity.
class Lease {
public:
    Lease(const Call& call, std::shared_ptr<Pool> pool, nanoseconds timeout, Activity& activity)
        : call_(call), pool_(std::move(pool)), activity_(activity) {
        activity_.hold(pool_.get(), nullptr);
        connection_ = pool_->acquire(call_, timeout);
        activity_.hold(nullptr, connection_.get());
    }
    // One that try_acquire gave.
    Lease(const Call& call, std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection, Activity& activity)
        : call_(call), pool_(std::move(pool)), activity_(activity), connection_(std::move(connection)) {
        activity_.hold(nullptr, connection_.get());
    }
    ~Lease() {
        activity_.hold(nullptr, nullptr);
        const std::uint8_t state = leaves_state_ ? KDEPS_DAMAGE_TRANSACTION : KDEPS_DAMAGE_NONE;
        pool_->release(call_, std::move(connection_), std::max(damage_, state));
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    Pool& pool() { return *pool_; }
    const kdeps_driver& driver() const { return connection_->driver(); }
    kdeps_connection* handle() const { return connection_->get(); }

    kdeps_statement* find_prepared(const std::string& sql) { return connection_->find_prepared(sql); }
    kdeps_statement* prepare(const std::string& sql) {
        try {
            return connection_->prepare(call_, sql);
        } catch (const Error& error) {
            note(error);
            throw;
        }
    }

    // The statement has failed.
    void forget(kdeps_statement* statement) { connection_->forget(statement); }

    // What runs on the connection may outlast it, so the connection is made as new before anybody else gets it.
    void note_state() { leaves_state_ = true; }

    // Something was done on the connection: what follows cannot be repeated on another one.
    void note_work() { has_worked_ = true; }
    // The connection was found closed before anything was sent on it.
    bool is_repeatable(const Error& error) const { return !has_worked_ && error.sqlstate == kNothingSent; }

    void note(const Error& error) { damage_ = std::max(damage_, error.damage); }
    void repair() { damage_ = damage_ == KDEPS_DAMAGE_CONNECTION ? damage_ : std::uint8_t{KDEPS_DAMAGE_NONE}; }
    bool is_usable() const { return damage_ != KDEPS_DAMAGE_CONNECTION; }

    // Throws the error of a slot that failed, and remembers the damage.
    void expect(kdeps_status status) {
        if (status == KDEPS_OK) return;
        Error error = call_.error(status);
        note(error);
        throw Error(std::move(error));
    }

private:
    const Call call_;
    std::shared_ptr<Pool> pool_;
    Activity& activity_;
    std::unique_ptr<Connection> connection_;
    std::uint8_t damage_ = KDEPS_DAMAGE_NONE;
    bool has_worked_ = false;
    bool leaves_state_ = false;
};

}  // namespace kdeps::sql
