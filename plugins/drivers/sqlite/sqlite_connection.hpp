// SPDX-License-Identifier: Apache-2.0
// An open database: prepares statements, runs transactions.
#pragma once

#include <kdeps/cpp/driver.hpp>
#include <memory>

#include "sqlite_link.hpp"
#include "sqlite_statement.hpp"

namespace kdeps::sqlite {

// One thread at a time, except cancel().
class Connection {
public:
    explicit Connection(std::unique_ptr<Link> link);

    std::unique_ptr<Statement> prepare(Call& call, std::string_view sql);

    std::string_view server() const { return server_; }
    // Throws Error (UNAVAILABLE) if the file was moved or deleted: what is written would be lost.
    void ping(Call& call);
    void reset(Call& call);
    void cancel() { link_->cancel(); }

    // SQLite's transactions are always serializable, so every isolation is granted.
    void begin(Call& call, std::uint32_t isolation, bool is_read_only);
    void commit(Call& call);
    // Not bound by the call's limits: it is quick, and must be possible at their end.
    void rollback(Call& call);

private:
    void allow_writing();

    std::unique_ptr<Link> link_;
    std::string server_;
    bool is_read_only_ = false;  // within a read-only transaction
};

}  // namespace kdeps::sqlite
