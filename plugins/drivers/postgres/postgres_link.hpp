// SPDX-License-Identifier: Apache-2.0
// The wire to one server: exchanges of queued messages and their results, each wait bounded by the call.
#pragma once

#include <chrono>
#include <kdeps/cpp/driver.hpp>
#include <optional>

#include "postgres_cancel.hpp"
#include "postgres_endpoints.hpp"
#include "postgres_errors.hpp"
#include "postgres_parameters.hpp"

namespace kdeps::postgres {

// What a lost answer leaves open.
enum class Effect {
    none,              // nothing: it stands in a transaction that has not been committed, or does nothing
    changes,           // a statement that commits by itself may have done so
    changes_in_parts,  // CALL, DO: it may also have committed before it failed
    commits            // a COMMIT
};

// What the tags of the commands that ended well have told since they were last taken.
struct Tags {
    bool has_committed = false;    // COMMIT, also one with AND CHAIN; PREPARE TRANSACTION
    bool has_rolled_back = false;  // ROLLBACK, also to a savepoint
    bool has_set = false;          // SET
    bool has_defined = false;      // CREATE, ALTER, DROP: types may be others
    bool has_discarded = false;    // statements are forgotten: DEALLOCATE, DISCARD
};

// libpq's connection, in pipeline mode and non-blocking for its whole life.  One exchange at a time:
//   start, then query/prepare/execute and sync, which only queue; then next() until every sync has been answered.
// What is sent without a sync after it keeps the exchange open: drain() syncs first.
// One thread, but for wake().  Everything throws Error.
class Link {
public:
    // Connects to the first server that takes it, within the call's limits; each has connect_timeout, or its share of
    // what is left of the call.
    Link(const Call& call, const Keywords& parameters, std::optional<std::chrono::seconds> connect_timeout);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    const PGconn* get() const { return connection_; }
    PGTransactionStatusType transaction() const { return PQtransactionStatus(connection_); }
    bool is_broken() const { return is_broken_; }

    // Begins an exchange.  Fails without sending anything if the call is over or the server has closed the connection
    // meanwhile.
    void start(const Call& call, Effect effect);
    // For work that must be done though the call is over (a rollback): has two seconds of its own.
    void start_cleanup(const Call& call);
    // Sends what is queued, as far as it goes without waiting; the exchange stays open, and continue_with reads its
    // answers under another call.
    void send_ahead();
    void continue_with(const Call& call);
    // The connection must not be used any more.
    void give_up_quietly();

    void query(const char* sql, const Parameters* parameters = nullptr);
    // With the types that are declared; 0 and what is not named are the server's to find.
    void prepare(const std::string& name, const std::string& sql, const std::vector<Oid>& declared);
    void execute(const std::string& name, const Parameters& parameters, bool is_binary);
    void sync();
    // An exchange of its own after start, without pipeline mode: COPY … FROM STDIN, whose data may be sent while more
    // of it is made.  begin_copy gives null where the server takes data, else the copy is over and this its error.
    Result begin_copy(const std::string& sql);
    // False where no more is wanted: the server has refused, or the exchange was stopped; end_copy tells.
    bool put_copy(std::string_view data);
    // The server has refused what was put.
    bool has_copy_failed() const { return is_copy_refused_; }
    // The command's result, or its error.  With a reason the server drops all that was put.
    Result end_copy(const char* why_dropped);
    // What is sent from now on may be committed by this exchange.
    void expect_effect(Effect effect) {
        effect_ = effect;
        has_result_ = false;
    }
    // Asks for the results so far without ending the implicit transaction, as sync would.
    void flush_request();

    // The results of the next command come row by row.  After the null result of the command before it.
    void single_row();
    // The next result of the exchange; null after the last of each command; PGRES_PIPELINE_SYNC for each sync.  At the
    // deadline the server is told to stop, and what comes then is still returned; two seconds later the connection is
    // given up.
    Result next();
    // Reads what is left of the exchange, syncs included; returns the first error in it, or null.
    Result drain();
    bool is_in_exchange() const { return syncs_ > 0 || needs_sync_; }
    // KDEPS_EXCHANGE_* of the last exchange.
    std::uint32_t progress() const;
    // What failed so far did not matter.
    void forgive() { has_failed_ = false; }
    Tags take_tags() { return std::exchange(tags_, {}); }

    // Tells the server to stop now; next() gives what still comes.
    void stop(kdeps_status why);
    // TIMEOUT or CANCELLED if the running exchange was stopped.
    kdeps_status stopped() const { return stopped_; }

    // Any thread.
    void wake() noexcept { wake_.set(); }

    // In the log of the running exchange's call.
    void warn(std::string_view message) const;

private:
    using Clock = std::chrono::steady_clock;

    void connect(const Call& call, const Keywords& endpoint, Clock::time_point end);
    void begin_exchange(const Call& call, Effect effect);
    void notice_closed();
    void wait();
    void wait_for(short events);
    Result next_of_copy();
    void leave_copy();
    void check_call(bool was_woken);
    void settle();
    int poll_socket(short events, Clock::time_point until);
    void require(int is_ok);
    void keep_farewell(const PGresult* result);
    void note_tag(const char* tag);
    [[noreturn]] void fail_lost();
    [[noreturn]] void give_up();
    static void on_notice(void* self, const PGresult* notice);

    PGconn* connection_ = nullptr;
    Wake wake_;
    std::optional<Call> call_;  // of the running exchange
    Effect effect_ = Effect::none;
    bool is_broken_ = false;
    bool has_sent_ = false;
    bool has_result_ = false;  // a command has ended well since what the exchange does may be committed
    bool has_failed_ = false;  // a command of the exchange was answered with an error, or the session was ended for it
    bool needs_sync_ = false;  // something was sent since the last sync
    bool is_copy_refused_ = false;
    int syncs_ = 0;  // sent and not answered
    unsigned results_ = 0;
    Tags tags_;
    kdeps_status stopped_ = KDEPS_OK;
    Clock::time_point grace_end_;
    Clock::time_point next_stop_;  // when the server is asked again
    std::optional<CancelRequest> cancel_;
    std::optional<Error> farewell_;  // what the server said when it closed the connection
};

}  // namespace kdeps::postgres
