// SPDX-License-Identifier: Apache-2.0
// An open database: prepares statements, runs transactions.
#pragma once

#include <kdeps/cpp/driver.hpp>
#include <memory>

#include "sqlite_link.hpp"
#include "sqlite_options.hpp"
#include "sqlite_statement.hpp"

namespace kdeps::sqlite {

// One thread at a time, except cancel().
class Connection {
public:
    // Opens it.  `memory_uri`: of a database in memory.
    Connection(const Call& call, Options options, std::string memory_uri);

    std::unique_ptr<Statement> prepare(Call& call, std::string_view sql);

    std::string_view server() const { return server_; }
    // Throws Error (UNAVAILABLE) if the file was moved or deleted: what is written would be lost.
    void ping(Call& call);
    // Opens the database again if something was left in the session that SQLite cannot undo.
    void reset(Call& call);
    void cancel() { link_.cancel(); }
    State state() const noexcept;

    // SQLite's transactions are always serializable, so every isolation is granted.
    void begin(Call& call, std::uint32_t isolation, bool is_read_only);
    void commit(Call& call);
    // Not bound by the call's limits: it is quick, and must be possible at their end.
    void rollback(Call& call);

private:
    void end_transaction();

    const Options options_;
    const std::string memory_uri_;
    Link link_;
    std::string server_;
};

}  // namespace kdeps::sqlite
