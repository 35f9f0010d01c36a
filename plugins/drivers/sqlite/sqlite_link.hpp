// SPDX-License-Identifier: Apache-2.0
// The database handle, and what ties it to the call that uses it: time limits, waiting for locks, stopping.
#pragma once

#include <kdeps/driver.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <kdeps/cpp/call.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "sqlite_errors.hpp"
#include "sqlite_facts.hpp"

namespace kdeps::sqlite {

struct CloseDatabase {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// A statement in SQLite's own form.
struct Compiled {
    Prepared statement;  // empty until it is compiled again after the handle was reopened
    Facts facts;
    std::string sql;  // then, what it was
};

// One thread at a time, except cancel().
class Link {
public:
    explicit Link(std::chrono::milliseconds busy_timeout) : busy_timeout_(busy_timeout) {}
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    // Takes a handle in place of the one that it has, if any.
    void open(Database db);
    // Gives the handle up; statements are compiled again when they are used.
    void close();

    bool is_open() const { return db_ != nullptr; }
    sqlite3* db() const { return db_.get(); }
    bool is_in_transaction() const { return is_open() && sqlite3_get_autocommit(db()) == 0; }

    // As the present Use found it.
    bool had_transaction() const { return had_transaction_; }

    // Has something happened to the session since it was opened, or since forget_counts()?
    bool is_touched() const { return is_touched_; }
    void set_untouched() { is_touched_ = false; }
    bool has_counts() const;
    // changes(), total_changes() and last_insert_rowid() begin anew.
    void forget_counts();

    // Within a transaction that must neither write nor end by a statement.
    bool is_read_only() const { return is_read_only_; }
    void set_read_only(bool is_read_only) { is_read_only_ = is_read_only; }

    // The transaction that the caller has begun: it may end by a statement, and another begin.
    void set_began(bool has_begun) { has_begun_ = has_begun, has_lost_ = false; }
    bool has_lost_transaction() const { return has_begun_ && (has_lost_ || !is_in_transaction()); }

    // KDEPS_EXCHANGE_*, of the last command.
    std::uint32_t exchange() const { return exchange_; }
    void set_exchange(std::uint32_t exchange) { exchange_ = exchange; }

    // While it lives the call's limits hold for all that the handle does.
    class Use {
    public:
        // Throws Error if the call should end already, or there is no handle.
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

    // A new statement, its source not longer than 2 GiB.  Throws Error; an empty text gives nothing.  `rest` is what
    // follows it.
    Compiled compile(std::string_view sql, std::string_view* rest);
    // Those that must be given up before the handle can be.
    void keep(Compiled& compiled) { kept_.insert(&compiled); }
    void forget(Compiled& compiled) { kept_.erase(&compiled); }

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
    int authorize(const Action& action);
    void count_anew();

    Database db_;  // mutex_ guards its change against cancel()
    std::chrono::milliseconds busy_timeout_;
    bool had_transaction_ = false;
    std::chrono::steady_clock::time_point waiting_since_;
    std::chrono::milliseconds waited_{0};
    Facts facts_;  // of the statement that is being compiled
    std::set<Compiled*> kept_;
    bool is_touched_ = false;
    bool is_read_only_ = false;
    bool has_begun_ = false;
    bool has_lost_ = false;
    std::uint32_t exchange_ = KDEPS_EXCHANGE_UNKNOWN;
    std::int64_t forgotten_changes_ = 0;  // total_changes() when the counts began
    const std::string* watched_table_ = nullptr;
    bool has_inserted_ = false;

    std::mutex mutex_;  // guards call_ against cancel(); this thread alone writes it
    std::condition_variable wake_;
    std::optional<Call> call_;
    std::atomic<bool> is_cancelled_{false};
};

}  // namespace kdeps::sqlite
