// SPDX-License-Identifier: Apache-2.0
// A session of SQL Server.
#pragma once

#include <atomic>
#include <kdeps/cpp/driver.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sqlserver_client.hpp"
#include "sqlserver_library.hpp"
#include "sqlserver_operation.hpp"
#include "sqlserver_settings.hpp"
#include "sqlserver_words.hpp"

namespace kdeps::sqlserver {

class Statement;

// One thread, but for cancel.
class Connection {
public:
    Connection(Library& library, const Call& call, Settings settings);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    std::unique_ptr<Statement> prepare(Call& call, std::string_view sql);
    std::string_view server() const { return server_; }
    void ping(Call& call);
    // Throws Error where something may be left that no statement undoes; the caller closes the connection.
    void reset(Call& call);
    void cancel();
    void begin(Call& call, std::uint32_t isolation, bool is_read_only);
    void commit(Call& call);
    void rollback(Call& call);
    State state() noexcept { return state_; }

    // For its statements.
    DBPROCESS* process() const { return process_.get(); }
    const Bell& bell() const { return bell_; }
    const Settings& settings() const { return settings_; }
    // Is one open, as far as the server has told?
    bool is_in_transaction() const { return state_.transaction != KDEPS_TRANSACTION_NONE; }

    // Work begins: what its text can do at most.  Nothing of it is sent yet.
    void start(const Words& words);
    // Sends a batch of SQL, or a call of about `bytes` that was built with dbrpcinit, and waits for the first byte of
    // the answer.  Throws Error; an error of the server is left to who reads the results.
    void send(Operation& operation, const std::string& sql);
    void send_call(Operation& operation, std::size_t bytes);
    // A batch whose rows nobody wants; its error if it failed.
    std::optional<Error> run(Operation& operation, const std::string& sql);
    // Can a text of JSON be a table here?  Asks the server, once.
    bool has_openjson(const Call& call);
    // The answer has been read to its end.
    void note_answer(const Operation& operation);
    // The work is over, well or not: asks the server whether a transaction is open, where the words leave that open.
    void finish(const Call& call, bool is_good);
    // Sets the damage of a failure by what is known then.
    void settle(Error& error) const;
    bool only_reads() const { return words_.only_reads; }
    // What the operation ended with: of the call, the server, or the library.
    Error failure(const Operation& operation, std::string_view sql = {}) const;
    // Ends a result that nobody reads any more.
    void discard(const Call& call);

private:
    // What the server tells of the transaction.
    struct Standing {
        std::int64_t level = 0;   // @@TRANCOUNT
        std::int64_t state = 0;   // XACT_STATE()
        std::int64_t number = 0;  // CURRENT_TRANSACTION_ID(), 0 where there is none
    };

    void log_in(Library& library, Operation& operation);
    void start_session(Operation& operation);
    void expect_open() const;
    void wait_for_answer(Operation& operation);
    void run_or_throw(Operation& operation, const std::string& sql);
    // Runs the batch, whose last row is one of integers.  Throws Error.
    std::vector<std::int64_t> integers(Operation& operation, const std::string& sql);
    std::string standing_query() const;
    void take(const Standing& standing);
    std::string session_settings() const;
    bool may_have_written() const;
    // A lost answer of the work: in doubt where it may have written.
    Error doubted(Error error) const;

    Settings settings_;
    Bell bell_;
    Client process_;
    int socket_ = -1;  // our own, so that it can be shut down at any time
    std::atomic<Clock::rep> first_cancel_{0};
    std::string server_ = "SQL Server";
    std::string database_;  // of the fresh session
    std::optional<bool> has_openjson_;
    bool is_babelfish_ = false;
    bool numbers_transactions_ = false;  // has CURRENT_TRANSACTION_ID()

    State state_{KDEPS_TRANSACTION_NONE, KDEPS_SESSION_UNTOUCHED, KDEPS_EXCHANGE_UNSENT};
    Words words_;
    std::uint32_t before_ = KDEPS_TRANSACTION_NONE;  // as it was when the work began
    bool is_implicit_ = false;                       // IMPLICIT_TRANSACTIONS may be on
    bool can_be_undone_ = true;
    bool has_set_isolation_ = false;  // by begin
    bool has_told_ = true;            // what @@TRANCOUNT was behind BEGIN
    std::int64_t begun_level_ = 0;    // @@TRANCOUNT behind `begin`; 0: not begun
    std::int64_t begun_number_ = 0;
};

}  // namespace kdeps::sqlserver
