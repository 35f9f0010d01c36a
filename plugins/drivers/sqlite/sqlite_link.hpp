// SPDX-License-Identifier: Apache-2.0
// The database handle, and what ties it to the call that uses it: time limits, waiting for locks, stopping.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <kdeps/cpp/call.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "sqlite_errors.hpp"

namespace kdeps::sqlite {

struct CloseDatabase {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// One thread at a time, except cancel().
class Link {
public:
    Link(Database db, std::chrono::milliseconds busy_timeout);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    sqlite3* db() const { return db_.get(); }
    bool is_in_transaction() const { return sqlite3_get_autocommit(db()) == 0; }

    // While it lives the call's limits hold for all that the handle does.
    class Use {
    public:
        // Throws Error if the call should end already.
        Use(Link& link, const Call& call);
        ~Use();
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

    private:
        Link& link_;
    };

    // Any thread.  Without a Use it does nothing.
    void cancel();

    // Within a Use: throws Error if the call should end.
    void check(std::string_view doing) const;

    // The error behind `code`, which a function on this handle has just returned; `doing` begins its message.
    Error error(int code, std::string_view doing) const;

    // Statements of the driver's own, without rows.  Throws Error.
    void run(const char* sql, std::string_view doing);

    // A new statement, its source not longer than 2 GiB.  Throws Error; an empty text gives nullptr.  `rest` is what
    // follows it.
    Prepared prepare(std::string_view sql, std::string_view* rest);

    // The table that the statement prepared last inserts into by itself, not by a trigger; empty if it does not.
    const std::string& insert_table() const { return insert_table_; }

    // Counts rows that are inserted into a table while it lives.
    class InsertWatch {
    public:
        InsertWatch(Link& link, const std::string& table) : link_(link) {
            link_.watched_table_ = &table;
            link_.has_inserted_ = false;
        }
        ~InsertWatch() { link_.watched_table_ = nullptr; }
        InsertWatch(const InsertWatch&) = delete;
        InsertWatch& operator=(const InsertWatch&) = delete;

        bool has_inserted() const { return link_.has_inserted_; }

    private:
        Link& link_;
    };

private:
    kdeps_status stopped() const;
    bool wait_for_lock(int attempt);

    Database db_;
    std::chrono::milliseconds busy_timeout_;
    bool had_transaction_ = false;
    std::chrono::steady_clock::time_point waiting_since_;
    std::chrono::milliseconds waited_{0};
    std::string insert_table_;
    const std::string* watched_table_ = nullptr;
    bool has_inserted_ = false;

    std::mutex mutex_;  // guards call_ against cancel(); this thread alone writes it
    std::condition_variable wake_;
    std::optional<Call> call_;
    std::atomic<bool> is_cancelled_{false};
};

}  // namespace kdeps::sqlite
