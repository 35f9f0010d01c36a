// SPDX-License-Identifier: Apache-2.0
#include "sqlite_link.hpp"

#include <array>

namespace kdeps::sqlite {
namespace {

// Steps of SQLite's virtual machine between two looks at the call: about 0.1 ms.
constexpr int kStepsBetweenLooks = 2000;

}  // namespace

Link::Link(Database db, std::chrono::milliseconds busy_timeout) : db_(std::move(db)), busy_timeout_(busy_timeout) {
    sqlite3_extended_result_codes(db_.get(), 1);
    sqlite3_busy_handler(
        db_.get(), [](void* link, int attempt) { return static_cast<Link*>(link)->wait_for_lock(attempt) ? 1 : 0; },
        this);
    sqlite3_progress_handler(
        db_.get(), kStepsBetweenLooks,
        [](void* link) { return static_cast<Link*>(link)->stopped() == KDEPS_OK ? 0 : 1; }, this);
    // The compiler of statements tells which table one inserts into: reading SQL for that would be guesswork.
    sqlite3_set_authorizer(
        db_.get(),
        [](void* link, int action, const char* table, const char*, const char*, const char* trigger) {
            if (action == SQLITE_INSERT && trigger == nullptr) static_cast<Link*>(link)->insert_table_ = table;
            return SQLITE_OK;
        },
        this);
    sqlite3_update_hook(
        db_.get(),
        [](void* handle, int action, const char*, const char* table, sqlite3_int64) {
            auto* link = static_cast<Link*>(handle);
            if (action == SQLITE_INSERT && link->watched_table_ != nullptr && *link->watched_table_ == table)
                link->has_inserted_ = true;
        },
        this);
}

Link::Use::Use(Link& link, const Call& call) : link_(link) {
    call.check();
    link_.had_transaction_ = link_.is_in_transaction();
    link_.waited_ = {};
    const std::lock_guard lock(link_.mutex_);
    link_.call_.emplace(call);
    link_.is_cancelled_ = false;
}

Link::Use::~Use() {
    const std::lock_guard lock(link_.mutex_);
    link_.call_.reset();
}

void Link::cancel() {
    const std::lock_guard lock(mutex_);
    if (!call_) return;
    is_cancelled_ = true;
    sqlite3_interrupt(db_.get());
    wake_.notify_all();
}

kdeps_status Link::stopped() const {
    if (!call_) return KDEPS_OK;
    const kdeps_status state = call_->state();
    return state == KDEPS_OK && is_cancelled_ ? KDEPS_CANCELLED : state;
}

void Link::check(std::string_view doing) const {
    if (stopped() != KDEPS_OK) throw error(SQLITE_INTERRUPT, doing);
}

bool Link::wait_for_lock(int attempt) {
    using std::chrono::milliseconds;
    constexpr std::array kDelays{milliseconds(1), milliseconds(2), milliseconds(5), milliseconds(10), milliseconds(20)};
    const auto now = std::chrono::steady_clock::now();
    if (attempt == 0) waiting_since_ = now;
    const auto waited = std::chrono::duration_cast<milliseconds>(now - waiting_since_);
    waited_ = waited;
    if (waited >= busy_timeout_ || stopped() != KDEPS_OK) return false;

    std::chrono::nanoseconds delay = std::min(
        kDelays[std::min<std::size_t>(static_cast<std::size_t>(attempt), kDelays.size() - 1)], busy_timeout_ - waited);
    if (call_) delay = std::min(delay, call_->remaining());
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, delay, [&] { return call_ && is_cancelled_; });
    return true;
}

Error Link::error(int code, std::string_view doing) const {
    return error_of(db(), code,
                    {.doing = doing, .stopped = stopped(), .waited = waited_, .had_transaction = had_transaction_});
}

void Link::run(const char* sql, std::string_view doing) {
    if (const int code = sqlite3_exec(db(), sql, nullptr, nullptr, nullptr); code != SQLITE_OK) {
        throw error(code, doing);
    }
}

Prepared Link::prepare(std::string_view sql, std::string_view* rest) {
    insert_table_.clear();
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int code =
        sqlite3_prepare_v3(db(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, &tail);
    Prepared statement(raw);
    if (code != SQLITE_OK) {
        throw error(code, "the statement cannot be prepared");
    }
    *rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
    return statement;
}

}  // namespace kdeps::sqlite
