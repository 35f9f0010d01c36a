// SPDX-License-Identifier: Apache-2.0
// A connection lent by a pool, for the time of a step, and what may have happened on it.
#pragma once

#include "connections.hpp"
#include "statement_text.hpp"

namespace kdeps::sql {

// What a statement can do, by the driver's word and the plugin's reading of its text.
enum class Effect {
    reads,    // changes nothing: it may be cut short, and repeated
    changes,  // one change, which the database does or undoes as a whole
    anything  // a procedure, a script: an error may leave a part of it done
};

struct TransactionOptions {
    std::uint32_t isolation = KDEPS_ISOLATION_DEFAULT;
    bool is_read_only = false;
    int retries = 0;  // after serialization failures and deadlocks
};

// Keeps what the database may have done for this step, and alone decides what an error means for it: whether its work
// is committed, undone or in doubt, and so whether it may be repeated (rules §5, "What was committed is known").  The
// driver tells facts (kdeps_state); nothing is concluded from the words of an error or the first word of a statement.
//
// One thread, but for the activity.
class Lease {
public:
    Lease(const Call& call, std::shared_ptr<Pool> pool, nanoseconds timeout, Activity& activity);
    // One that try_acquire gave.
    Lease(const Call& call, std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection, Activity& activity);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    const kdeps_driver& driver() const { return connection_->driver(); }
    std::uint32_t lexis() const { return connection_->lexis(); }
    kdeps_connection* handle() const { return connection_->get(); }

    kdeps_statement* find_prepared(const std::string& sql) { return connection_->find_prepared(sql); }
    kdeps_statement* prepare(const std::string& sql);
    // The statement has failed.
    void forget(kdeps_statement* statement) { connection_->forget(statement); }

    // Throws the error of a slot that failed, and remembers the damage.
    void expect(kdeps_status status);

    // A statement is about to be sent.
    void start(kdeps_statement* statement, const StatementText& text);
    // The driver gave its answer; its rows may still have to be read.
    void answered() { is_answered_ = true; }
    // It was answered to its end, rows included.  Throws Error if it has ended the transaction of the step.
    void finish();
    // It failed, or its answer cannot be delivered: judges what it did.  `is_read`: its rows were read to their end.
    void fail(const Error& error, bool is_read = false);

    // The transaction of the step, or of a chunk of a batch.
    void begin(const TransactionOptions& options);
    void commit();
    // After a failure.  Its own error would hide the cause: then the connection is closed.
    void roll_back();
    // A transaction is open that begin() did not begin: the step's own BEGIN.
    bool has_foreign_transaction() const;
    // The sets of a batch that begin() does not hold together: a failure may leave some of them done.
    // Some of them have run: the connection was not found closed before anything was sent.
    void note_part() { has_worked_ = true; }
    void runs_in_parts() { effect_ = effect_ == Effect::reads ? effect_ : Effect::anything; }
    // The statement that runs only reads, and no transaction would suffer if it is stopped.
    bool may_be_cut() const { return effect_ == Effect::reads && !was_in_transaction_; }

    // Something that the step changed is committed, for certain.
    bool is_committed() const { return is_committed_; }
    bool is_in_doubt() const { return is_in_doubt_; }
    // In place of the lease's own words of what the last statement did: "; what it wrote is committed".
    void tell(std::string words) { fate_ = std::move(words); }
    // The error as the step reports it: with what is committed or in doubt, and then never repeated.
    Error settled(Error error) const;

    // Earlier steps changed rows on this connection: who asks for the last id would see it.
    bool has_traces() const { return connection_->has_traces; }
    void undo_traces();

    // The connection was found closed before anything was sent on it, so that the step may begin anew on another.
    bool is_repeatable(const Error& error) const { return !has_worked_ && error.sqlstate == kNothingSent; }
    bool is_usable() const { return damage_ != KDEPS_DAMAGE_CONNECTION; }

private:
    kdeps_state state() const;
    bool is_lost(const Error& error, const kdeps_state& now) const;
    void judge(const Error& error, bool is_read, bool ends_transaction);
    After after();

    const Call call_;
    std::shared_ptr<Pool> pool_;
    Activity& activity_;
    std::unique_ptr<Connection> connection_;
    std::uint8_t damage_ = KDEPS_DAMAGE_NONE;

    // Of the statement that runs or ran last.
    Effect effect_ = Effect::reads;
    bool is_running_ = false;
    bool is_answered_ = false;         // the driver gave its answer
    bool was_in_transaction_ = false;  // when it was sent
    std::string fate_;

    // Of the transaction that begin() began.
    bool is_begun_ = false;
    bool is_read_only_ = false;
    bool has_changes_ = false;  // its statements may have changed something

    // Of the step.
    bool has_worked_ = false;  // something was sent and answered
    bool is_plain_ = true;     // all statements are plain reads
    bool is_committed_ = false;
    bool is_in_doubt_ = false;
};

}  // namespace kdeps::sql
