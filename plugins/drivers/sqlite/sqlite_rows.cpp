// SPDX-License-Identifier: Apache-2.0
#include "sqlite_rows.hpp"

#include <utility>

namespace kdeps::sqlite {
namespace {

constexpr std::int64_t kFirstRows = 1024;
constexpr std::int64_t kBatchRows = 4096;
constexpr std::size_t kBatchBytes = 1U << 20U;

std::vector<columns::Column> columns_of(sqlite3_stmt* statement) {
    std::vector<columns::Column> out;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        const char* name = sqlite3_column_name(statement, i);
        if (name == nullptr) throw std::bad_alloc();
        out.push_back({name, columns::Type::variant});
    }
    return out;
}

}  // namespace

RowReader::RowReader(sqlite3_stmt* statement) : statement_(statement), rows_(columns_of(statement)) {
    for (std::size_t i = 0; i < rows_.column_count(); ++i) {
        declared_.push_back(declared_of(sqlite3_column_decltype(statement, static_cast<int>(i))));
        rows_[i].set_variants(variants_of(declared_[i]));
    }
}

void RowReader::read() {
    for (std::size_t i = 0; i < declared_.size(); ++i) {
        if (!read_value(statement_, static_cast<int>(i), declared_[i], rows_[i])) has_infinity_ = true;
    }
    rows_.end_row();
}

bool RowReader::is_full(std::int64_t rows) const { return rows_.rows() >= rows || rows_.bytes() >= kBatchBytes; }

void RowReader::collapse() {
    for (std::size_t i = 0; i < declared_.size(); ++i) {
        rows_[i].collapse();
    }
}

void RowReader::report(const Call& call) {
    if (!has_infinity_ || std::exchange(is_reported_, true)) return;
    call.log(KDEPS_LOG_WARNING, "a number of the result is infinite, which JSON cannot hold: it becomes null");
}

Rows::Rows(Link& link, const Call& call, sqlite3_stmt* statement, const Facts& facts)
    : link_(link), call_(call), statement_(statement), is_writing_(!facts.is_reading) {}

Rows::~Rows() {
    if (is_writing_ && reader_ && !is_finished_) {
        // Nobody reads on; a failure is told by the state alone.
        int code = SQLITE_ROW;
        while (code == SQLITE_ROW) code = sqlite3_step(statement_);
        link_.set_exchange(code == SQLITE_DONE ? KDEPS_EXCHANGE_ANSWERED : KDEPS_EXCHANGE_REFUSED);
    }
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

void Rows::start() {
    changes_before_ = sqlite3_total_changes64(link_.db());
    bool is_row = step();
    if (sqlite3_column_count(statement_) == 0) return;
    reader_.emplace(statement_);
    while (is_row && !reader_->is_full(kFirstRows)) {
        reader_->read();
        is_row = step();
    }
    if (is_finished_) {
        reader_->collapse();
        sqlite3_reset(statement_);
    } else {
        reader_->read();  // the row on which it stands
    }
    reader_->report(call_);
}

bool Rows::step() {
    link_.set_exchange(KDEPS_EXCHANGE_SENT);
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    is_finished_ = true;
    if (code == SQLITE_DONE) {
        link_.set_exchange(KDEPS_EXCHANGE_ANSWERED);
        return false;
    }
    Error error = link_.error(code, "the statement failed");
    // A write that commits by itself may have failed after its commit was on the disk.  ON CONFLICT FAIL and
    // RAISE(FAIL) keep the rows before the one that failed.
    const bool keeps_rows = sqlite3_total_changes64(link_.db()) != changes_before_;
    const bool is_in_doubt = is_writing_ && ((code & 0xFF) == SQLITE_IOERR || keeps_rows) && !link_.had_transaction();
    if (is_in_doubt) {
        error.retry = KDEPS_RETRY_IN_DOUBT;
    } else {
        link_.set_exchange(KDEPS_EXCHANGE_REFUSED);
    }
    throw error;
}

void Rows::schema(ArrowSchema* out) { reader_->rows().schema(out); }

bool Rows::next(ArrowArray* out) {
    if (reader_->rows().rows() == 0 && !is_finished_) {
        const Link::Use use(link_, call_);
        while (!reader_->is_full(kBatchRows) && step()) {
            reader_->read();
        }
        reader_->report(call_);
    }
    if (reader_->rows().rows() == 0) return false;
    reader_->rows().finish(out);
    return true;
}

}  // namespace kdeps::sqlite
