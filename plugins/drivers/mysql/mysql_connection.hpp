// SPDX-License-Identifier: Apache-2.0
// One session on a server.  One thread at a time, but for cancel() and server().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mysql_client.hpp"
#include "mysql_errors.hpp"
#include "mysql_operation.hpp"
#include "mysql_session.hpp"
#include "mysql_settings.hpp"

namespace kdeps::mysql {

class Statement;

class Connection {
public:
    // Connects within the call's deadline; only the look-up of the host's name takes the time that the system's
    // resolver takes.
    Connection(const Call& call, Settings settings);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    std::unique_ptr<Statement> prepare(Call& call, std::string_view sql);
    std::string_view server() const { return server_; }
    void ping(Call& call);
    void reset(Call& call);
    void cancel() { bell_.ring(); }
    void begin(Call& call, std::uint32_t isolation, bool is_read_only);
    void commit(Call& call);
    void rollback(Call& call);
    State state() const noexcept { return session_.state(); }
    std::uint32_t lexis() const noexcept { return session_.lexis(); }

    // For its statements.

    MYSQL* client() { return client_.get(); }
    Session& session() { return session_; }
    // Grows when the server forgets its statements.
    unsigned generation() const { return generation_; }
    // Grows when a statement may have changed the columns of a table.
    unsigned catalog() const { return catalog_; }
    bool is_in_transaction() const { return session_.is_in_transaction(); }
    Limits limits(const Call& call, OnStop on_stop);

    // Before anything is sent: the connection is open, and what is still to be read is read.
    void ready();
    // Throws Error kNothingSent if the server has closed the connection.
    void expect_open();
    // Throws Error (EXHAUSTED) if the server would not take so much at once, and close the connection.
    void expect_to_fit(std::size_t bytes) const;
    std::size_t max_packet() const { return max_packet_; }
    bool must_be_readied() const { return may_hold_interrupt_; }
    // One command without rows.
    std::optional<NativeError> run(std::string_view sql);
    // The error of a statement that the operation ran.
    Error failure(const Operation& operation, const NativeError& native);
    // The same of a COMMIT, which may have taken effect if its answer is missing.
    Error commit_failure(const Operation& operation, const NativeError& native);

    // A statement of the caller is sent next.
    void statement_begins(const StatementWords& words);
    // Must the transaction be looked at before and after such a statement?
    bool wants_mark(const StatementWords& words) const { return session_.is_begun() && !words.keeps_transaction; }
    // It was answered to its end; learns what became of the transaction.
    void statement_ends(bool is_refused);
    // The same of one that failed; nothing is asked of a connection that is lost.
    Error statement_fails(const Operation& operation, const NativeError& native);

    // Reads away the rest of a result and all further ones of its statement.
    std::optional<NativeError> read_on(MYSQL_STMT* statement, Operation& operation);
    // The same without a reader: to the end, or stopped if the statement only reads or cancel() asks for it.
    void discard(MYSQL_STMT* statement, const Call& call, bool only_reads);

private:
    void interrupt(bool ends_session) noexcept;
    void take_status();
    // Sends all before it reads the first answer.
    std::optional<NativeError> run_together(const std::vector<std::string>& commands,
                                            std::vector<std::string>* last_row = nullptr, bool resets = false);
    std::optional<NativeError> end_transaction(const char* command);

    // Makes the session what the URL wants, at its start and after a reset.
    std::optional<NativeError> set_session();

    Settings settings_;
    Bell bell_;
    Session session_;
    Client client_;
    std::string server_;
    std::size_t max_packet_ = std::size_t{1} << 30U;
    std::string role_;  // that the session began with; empty: none
    unsigned generation_ = 0;
    unsigned catalog_ = 0;
    unsigned long thread_ = 0;             // the server's number of the session
    bool is_read_only_by_itself_ = false;  // the session, by the server's or the URL's settings
    bool may_hold_interrupt_ = false;
    bool is_interrupt_lost_ = false;  // a KILL was sent and not answered
    bool is_marked_ = false;             // a savepoint stands before the statement that runs
    std::optional<Error> late_failure_;  // of a result that nobody read
};

}  // namespace kdeps::mysql
