// SPDX-License-Identifier: Apache-2.0
#include "sqlite_link.hpp"

#include <array>

namespace kdeps::sqlite {
namespace {

// Steps of SQLite's virtual machine between two looks at the call: about 0.1 ms.
constexpr int kStepsBetweenLooks = 2000;

}  // namespace

void Link::open(Database db) {
    close();
    {
        const std::lock_guard lock(mutex_);
        db_ = std::move(db);
    }
    sqlite3_extended_result_codes(db_.get(), 1);
    sqlite3_busy_handler(
        db_.get(), [](void* link, int attempt) { return static_cast<Link*>(link)->wait_for_lock(attempt) ? 1 : 0; },
        this);
    sqlite3_progress_handler(
        db_.get(), kStepsBetweenLooks,
        [](void* link) { return static_cast<Link*>(link)->stopped() == KDEPS_OK ? 0 : 1; }, this);
    sqlite3_set_authorizer(
        db_.get(),
        [](void* link, int code, const char* first, const char* second, const char* database, const char* trigger) {
            const auto view = [](const char* text) { return std::string_view(text == nullptr ? "" : text); };
            return static_cast<Link*>(link)->authorize(
                {code, view(first), view(second), view(database), second != nullptr, trigger != nullptr});
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
    count_anew();
}

// The counts of SQLite cannot be set back, so these functions count from where the session begins.
void Link::count_anew() {
    using Function = void (*)(sqlite3_context*, int, sqlite3_value**);
    const auto add = [this](const char* name, Function function) {
        sqlite3_create_function_v2(db(), name, 0, SQLITE_UTF8 | SQLITE_INNOCUOUS, this, function, nullptr, nullptr,
                                   nullptr);
    };
    add("total_changes", [](sqlite3_context* context, int, sqlite3_value**) {
        const auto* link = static_cast<const Link*>(sqlite3_user_data(context));
        sqlite3_result_int64(context, sqlite3_total_changes64(link->db()) - link->forgotten_changes_);
    });
    add("changes", [](sqlite3_context* context, int, sqlite3_value**) {
        const auto* link = static_cast<const Link*>(sqlite3_user_data(context));
        const bool is_old = sqlite3_total_changes64(link->db()) == link->forgotten_changes_;
        sqlite3_result_int64(context, is_old ? 0 : sqlite3_changes64(link->db()));
    });
    forgotten_changes_ = 0;
    facts_ = {};
    is_touched_ = false;
}

void Link::close() {
    for (Compiled* compiled : kept_) {
        if (compiled->statement == nullptr) continue;
        compiled->sql = sqlite3_sql(compiled->statement.get());
        compiled->statement.reset();
    }
    Database old;
    const std::lock_guard lock(mutex_);
    std::swap(old, db_);
}

bool Link::has_counts() const {
    return sqlite3_last_insert_rowid(db()) != 0 || sqlite3_total_changes64(db()) != forgotten_changes_;
}

void Link::forget_counts() {
    sqlite3_set_last_insert_rowid(db(), 0);
    forgotten_changes_ = sqlite3_total_changes64(db());
}

// Also asked when SQLite compiles a statement anew by itself, and for what a statement compiles while it runs.
int Link::authorize(const Action& action) {
    note(action, facts_);
    Facts asked;
    note(action, asked);
    // Many PRAGMAs take effect as soon as they are compiled.
    if (is_read_only_ && action.code == SQLITE_PRAGMA && !asked.suits_read_only()) return SQLITE_DENY;
    is_touched_ = is_touched_ || asked.touches_session;
    return SQLITE_OK;
}

Link::Use::Use(Link& link, const Call& call) : link_(link) {
    call.check();
    if (!link_.is_open()) {
        Error error(KDEPS_UNAVAILABLE, "the database could not be opened again");
        error.sqlstate = "08003";
        error.retry = KDEPS_RETRY_FRESH;
        error.damage = KDEPS_DAMAGE_CONNECTION;
        throw error;
    }
    link_.has_lost_ = link_.has_lost_transaction();
    link_.had_transaction_ = link_.is_in_transaction();
    link_.waited_ = {};
    const std::lock_guard lock(link_.mutex_);
    link_.call_.emplace(call);
    link_.is_cancelled_ = false;
}

Link::Use::~Use() {
    link_.has_lost_ = link_.has_lost_transaction();
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

Compiled Link::compile(std::string_view sql, std::string_view* rest) {
    facts_ = {};
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int code =
        sqlite3_prepare_v3(db(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, &tail);
    Compiled out{Prepared(raw), std::exchange(facts_, {}), {}};
    if (code != SQLITE_OK) {
        if (code == SQLITE_AUTH && is_read_only_) throw read_only_error();
        throw error(code, "the statement cannot be prepared");
    }
    out.facts.is_reading = raw == nullptr || sqlite3_stmt_readonly(raw) != 0;
    *rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
    return out;
}

}  // namespace kdeps::sqlite
