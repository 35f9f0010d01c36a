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

    // For its statements.

    MYSQL* client() { return client_.get(); }
    // Grows when the server forgets its statements.
    unsigned generation() const { return generation_; }
    bool is_in_transaction() const;
    Limits limits(const Call& call, OnStop on_stop);

    // Before anything is sent: the connection is open, and what a stopped statement left behind is taken up.
    void ready();
    // Throws Error kNothingSent if the server has closed the connection.
    void expect_open();
    bool must_be_readied() const { return may_hold_interrupt_; }
    // One command without rows.
    std::optional<NativeError> run(std::string_view sql);
    // The error of a statement that the operation ran.
    Error failure(const Operation& operation, const NativeError& native);
    // The same of a COMMIT, which may have taken effect if its answer is missing.
    Error commit_failure(const Operation& operation, const NativeError& native);
    // Reads away what is left of a result; a long rest is stopped in the database first.
    void discard(MYSQL_STMT* statement);

private:
    void interrupt(bool ends_session) noexcept;
    // Sends all before it reads the first answer.
    std::optional<NativeError> run_together(const std::vector<std::string>& commands);

    Settings settings_;
    Bell bell_;
    Client client_;
    std::string server_;
    unsigned generation_ = 0;
    unsigned long session_ = 0;  // the server's number of it
    bool may_hold_interrupt_ = false;
};

}  // namespace kdeps::mysql
