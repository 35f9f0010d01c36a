// SPDX-License-Identifier: Apache-2.0
// A session of SQL Server.
#pragma once

#include <kdeps/cpp/driver.hpp>
#include <memory>
#include <optional>
#include <string>

#include "sqlserver_client.hpp"
#include "sqlserver_library.hpp"
#include "sqlserver_operation.hpp"
#include "sqlserver_settings.hpp"

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
    void reset(Call& call);
    void cancel() { bell_.ring(); }
    void begin(Call& call, std::uint32_t isolation, bool is_read_only);
    void commit(Call& call);
    void rollback(Call& call);

    // For its statements.
    DBPROCESS* process() const { return process_.get(); }
    const Bell& bell() const { return bell_; }
    bool is_in_transaction() const { return is_in_transaction_; }
    // Sends a batch of SQL, or the call that was built with dbrpcinit, and waits for the first byte of the answer.
    // Throws Error; an error of the server is left to who reads the results.
    void send(Operation& operation, const std::string& sql);
    void send_call(Operation& operation);
    // A batch whose rows nobody wants; its error if it failed.
    std::optional<Error> run(Operation& operation, const std::string& sql);
    // What the operation ended with: of the call, the server, or the library.
    Error failure(const Operation& operation, std::string_view sql = {}) const;
    Error commit_failure(const Operation& operation, Error error) const;
    // Ends a result that nobody reads any more.
    void discard(const Call& call);

private:
    void log_in(Library& library, Operation& operation);
    void start_session(Operation& operation);
    void expect_open() const;
    void wait_for_answer(Operation& operation);
    void run_or_throw(Operation& operation, const std::string& sql);

    Settings settings_;
    Bell bell_;
    Client process_;
    std::string server_ = "SQL Server";
    bool is_in_transaction_ = false;  // begun here
};

}  // namespace kdeps::sqlserver
