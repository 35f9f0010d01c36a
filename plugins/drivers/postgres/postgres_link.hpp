// SPDX-License-Identifier: Apache-2.0
// The wire to one server: exchanges of queued messages and their results, each wait bounded by the call.
#pragma once

#include <chrono>
#include <kdeps/cpp/driver.hpp>
#include <optional>

#include "postgres_cancel.hpp"
#include "postgres_errors.hpp"
#include "postgres_parameters.hpp"

namespace kdeps::postgres {

// May what an exchange does be committed by it?  Decides what a lost connection means.
enum class Effect { none, commits };

// libpq's connection, in pipeline mode and non-blocking for its whole life.  One exchange at a time:
//   start, then query/prepare/execute and sync, which only queue; then next() until every sync has been answered.
// What is sent without a sync after it keeps the exchange open: drain() syncs first.
// One thread, but for wake().  Everything throws Error.
class Link {
public:
    // Connects within the call's limits and the options' connect_timeout.
    Link(const Call& call, const std::vector<std::pair<std::string, std::string>>& parameters,
         std::optional<std::chrono::seconds> connect_timeout);
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

    void query(const char* sql, const Parameters* parameters = nullptr);
    void prepare(const std::string& name, const std::string& sql);
    void execute(const std::string& name, const Parameters& parameters, bool is_binary);
    void sync();
    // An exchange of its own after start, without pipeline mode: COPY … FROM STDIN, whose data may be sent while more of
    // it is made.  begin_copy gives null where the server takes data, else the copy is over and this its error.
    Result begin_copy(const std::string& sql);
    // False where no more is wanted: the server has refused, or the exchange was stopped; end_copy tells.
    bool put_copy(std::string_view data);
    // The command's result, or its error.  With a reason the server drops all that was put.
    Result end_copy(const char* why_dropped);
    // What is sent from now on may be committed by this exchange.
    void may_commit() {
        effect_ = Effect::commits;
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

    void connect(const Call& call, std::optional<std::chrono::seconds> connect_timeout);
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
    bool needs_sync_ = false;  // something was sent since the last sync
    int syncs_ = 0;            // sent and not answered
    unsigned results_ = 0;
    kdeps_status stopped_ = KDEPS_OK;
    Clock::time_point grace_end_;
    Clock::time_point next_stop_;  // when the server is asked again
    std::optional<CancelRequest> cancel_;
    std::optional<Error> farewell_;  // what the server said when it closed the connection
};

}  // namespace kdeps::postgres
