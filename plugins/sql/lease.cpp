// SPDX-License-Identifier: Apache-2.0
#include "lease.hpp"

namespace kdeps::sql {

namespace {

// The driver may tell that it lacks this kind of transaction only.
Error no_transaction(const Call& call, const kdeps_driver& driver) {
    kdeps_error told{};
    told.struct_size = sizeof(told);
    if (call.host().get()->last_error(call.get(), &told) != 0 && told.status == KDEPS_UNSUPPORTED) return Error(told);
    return Error(KDEPS_UNSUPPORTED, "the driver '" + std::string(to_view(driver.name)) + "' has no transactions");
}

bool is_open(std::uint32_t transaction) {
    return transaction == KDEPS_TRANSACTION_OPEN || transaction == KDEPS_TRANSACTION_FAILED ||
           transaction == KDEPS_TRANSACTION_OTHER;
}

bool has_ended(std::uint32_t transaction) {
    return transaction == KDEPS_TRANSACTION_NONE || transaction == KDEPS_TRANSACTION_OTHER;
}

}  // namespace

Lease::Lease(const Call& call, std::shared_ptr<Pool> pool, nanoseconds timeout, Activity& activity)
    : call_(call), pool_(std::move(pool)), activity_(activity) {
    activity_.hold(pool_.get(), nullptr);
    connection_ = pool_->acquire(call_, timeout);
    activity_.hold(nullptr, connection_.get());
}

Lease::Lease(const Call& call, std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection, Activity& activity)
    : call_(call), pool_(std::move(pool)), activity_(activity), connection_(std::move(connection)) {
    activity_.hold(nullptr, connection_.get());
}

Lease::~Lease() {
    activity_.hold(nullptr, nullptr);
    const After then = after();
    pool_->release(call_, std::move(connection_), then);
}

kdeps_statement* Lease::prepare(const std::string& sql) {
    try {
        return connection_->prepare(call_, sql);
    } catch (const Error& error) {
        damage_ = std::max(damage_, error.damage);
        throw;
    }
}

void Lease::expect(kdeps_status status) {
    if (status == KDEPS_OK) return;
    Error error = call_.error(status);
    damage_ = std::max(damage_, error.damage);
    throw Error(std::move(error));
}

kdeps_state Lease::state() const { return connection_->state(); }

void Lease::start(kdeps_statement* statement, const StatementText& text) {
    const std::uint32_t told = driver().effects(statement);
    const bool only_reads = (is_begun_ && is_read_only_) || told == KDEPS_EFFECTS_READS ||
                            (told == KDEPS_EFFECTS_UNKNOWN && text.is_plain_read);
    was_in_transaction_ = is_begun_ || is_open(state().transaction);
    // What commits by itself commits what ran before it too, before it may fail.
    const bool commits_others = was_in_transaction_ && text.transaction.effect == TransactionEffect::commits_implicitly;
    effect_ = only_reads                                   ? Effect::reads
              : text.is_undone_by_error && !commits_others ? Effect::changes
                                                           : Effect::anything;
    is_plain_ = is_plain_ && text.is_plain_read && told != KDEPS_EFFECTS_WRITES;
    fate_.clear();
    is_running_ = true;
    is_answered_ = false;
}

void Lease::undo_traces() {
    if (driver().reset(handle(), call_.get()) == KDEPS_OK) {
        connection_->has_traces = false;
        return;
    }
    Error error = call_.error(KDEPS_UNAVAILABLE);
    error.sqlstate = kNothingSent;
    error.retry = KDEPS_RETRY_FRESH;
    damage_ = KDEPS_DAMAGE_CONNECTION;
    throw Error(std::move(error));
}

void Lease::finish() {
    is_running_ = false;
    has_worked_ = true;
    const std::uint32_t now = state().transaction;
    if (is_begun_ && has_ended(now)) {
        // A COMMIT or a ROLLBACK: nothing tells which.
        is_in_doubt_ = is_in_doubt_ || has_changes_ || effect_ != Effect::reads || is_read_only_;
        fate_ = "; what ran before it may be committed";
        Error error(
            KDEPS_INVALID_STATE,
            "the statement ended the transaction of the step, so that it is not all or nothing; write no COMMIT, "
            "ROLLBACK or BEGIN among the queries, nor a statement or procedure that commits by itself");
        error.sqlstate = "2D000";
        throw error;
    }
    if (effect_ == Effect::reads) return;
    if (is_begun_ || is_open(now)) {
        has_changes_ = true;  // also the step's own BEGIN, which commits nothing
    } else {
        is_committed_ = true;  // by itself, or with the transaction that the step's own BEGIN began
    }
}

void Lease::fail(const Error& error, bool is_read) {
    damage_ = std::max(damage_, error.damage);
    if (is_running_) judge(error, is_read, false);
    is_running_ = false;
}

// Was the answer lost?  A driver that does not tell is believed where the connection lives.
bool Lease::is_lost(const Error& error, const kdeps_state& now) const {
    if (error.sqlstate == kNothingSent) return false;
    switch (now.exchange) {
        case KDEPS_EXCHANGE_UNSENT:
        case KDEPS_EXCHANGE_ANSWERED:
        case KDEPS_EXCHANGE_REFUSED: return false;
        case KDEPS_EXCHANGE_SENT: return true;
        default: break;
    }
    return error.damage == KDEPS_DAMAGE_CONNECTION || error.retry == KDEPS_RETRY_IN_DOUBT ||
           error.status == KDEPS_TIMEOUT || error.status == KDEPS_CANCELLED;
}

void Lease::judge(const Error& error, bool is_read, bool ends_transaction) {
    const kdeps_state now = state();
    if (effect_ == Effect::reads || error.sqlstate == kNothingSent || now.exchange == KDEPS_EXCHANGE_UNSENT) return;
    const bool commits = ends_transaction || !was_in_transaction_;
    const bool is_done = now.exchange == KDEPS_EXCHANGE_ANSWERED || (now.exchange == KDEPS_EXCHANGE_UNKNOWN && is_read);
    if (is_done && is_answered_) {  // but its result cannot be delivered
        has_worked_ = true;
        if (!commits) {
            has_changes_ = true;
        } else {
            is_committed_ = true;
            fate_ = "; what it wrote is committed";
        }
        return;
    }
    // A failure without an answer is not believed to be done: the exchange before may be meant, in which the statement
    // was prepared.
    const bool lost = is_done || is_lost(error, now);
    if (!lost) has_worked_ = true;
    // The database undoes one change that it refuses, but what else may have run in parts.  A lost connection ends its
    // transaction, and so does a deadlock: all is undone, unless a statement that can do anything committed it before.
    const bool is_doubtful = commits ? lost || effect_ == Effect::anything
                                     : effect_ == Effect::anything && (lost || has_ended(now.transaction));
    if (!is_doubtful) return;
    is_in_doubt_ = true;
    fate_ = lost ? "; it may or may not have taken effect" : "; a part of it may have taken effect";
}

void Lease::begin(const TransactionOptions& options) {
    const kdeps_status began = driver().begin(handle(), call_.get(), options.isolation, options.is_read_only ? 1 : 0);
    if (began == KDEPS_UNSUPPORTED) throw no_transaction(call_, driver());
    expect(began);
    is_begun_ = true;
    is_read_only_ = options.is_read_only;
    has_changes_ = false;
}

void Lease::commit() {
    // What only read has nothing to lose.
    effect_ = is_read_only_ || !has_changes_ ? Effect::reads : Effect::changes;
    was_in_transaction_ = true;
    is_answered_ = false;
    fate_.clear();
    const kdeps_status status = driver().commit(handle(), call_.get());
    if (status != KDEPS_OK) {
        const Error error = call_.error(status);
        damage_ = std::max(damage_, error.damage);
        judge(error, false, true);
        throw Error(error);
    }
    has_worked_ = true;
    if (is_open(state().transaction)) {
        // Of the outer one, which the rollback ends.
        Error error(KDEPS_INVALID_STATE,
                    "the transaction is still open after its commit, as a statement of the step began one more in it");
        error.sqlstate = "25000";
        throw error;
    }
    is_begun_ = false;
    is_committed_ = is_committed_ || effect_ != Effect::reads;
    has_changes_ = false;
}

void Lease::roll_back() {
    is_begun_ = false;
    has_changes_ = false;
    is_running_ = false;
    if (!is_usable()) return;
    // A failed commit has ended the transaction; a rollback is harmless then.
    damage_ = driver().rollback(handle(), call_.get()) == KDEPS_OK && !is_open(state().transaction)
                  ? KDEPS_DAMAGE_NONE
                  : KDEPS_DAMAGE_CONNECTION;
}

bool Lease::has_foreign_transaction() const { return !is_begun_ && is_open(state().transaction); }

Error Lease::settled(Error error) const {
    error.message += fate_;
    if (is_in_doubt_ || is_committed_) {
        error.retry = KDEPS_RETRY_IN_DOUBT;
    } else if (error.retry == KDEPS_RETRY_IN_DOUBT) {
        error.retry = KDEPS_RETRY_FRESH;  // the driver could not know that nothing is committed
    }
    return error;
}

After Lease::after() {
    if (damage_ == KDEPS_DAMAGE_CONNECTION) return After::close;
    const kdeps_state now = state();
    if (now.transaction == KDEPS_TRANSACTION_UNKNOWN) {  // a driver that tells nothing
        if (damage_ == KDEPS_DAMAGE_NONE && is_plain_) return After::keep;
        return pool_->options().trusts_reset || (damage_ == KDEPS_DAMAGE_TRANSACTION && is_plain_) ? After::reset
                                                                                                   : After::close;
    }
    if (is_open(now.transaction)) {
        if (is_begun_) return After::reset;
        call_.log(KDEPS_LOG_WARNING,
                  "the step ended with a transaction open, which is rolled back; write a COMMIT, or transaction: true");
        return After::reset;
    }
    if (damage_ != KDEPS_DAMAGE_NONE || now.session == KDEPS_SESSION_TOUCHED) return After::reset;
    if (is_plain_) return After::keep;
    if (now.session == KDEPS_SESSION_UNKNOWN) return After::reset;
    connection_->has_traces = true;  // the last id, the count of rows: no setting, yet to be seen
    return After::keep;
}

}  // namespace kdeps::sql
