// SPDX-License-Identifier: Apache-2.0
#include "mysql_many_rows.hpp"

#include <algorithm>
#include <bit>
#include <new>

namespace kdeps::mysql {
namespace {

// A statement takes 65,535; from a few thousand on it gets no faster, only longer to prepare.
constexpr std::size_t kMostPlaceholders = 4096;
constexpr std::size_t kMostRows = 1024;

}  // namespace

std::string with_rows(std::string_view plain_insert, std::size_t rows) {
    const std::size_t begin = plain_insert.rfind('(');
    const std::size_t end = plain_insert.rfind(')') + 1;
    const std::string_view row = plain_insert.substr(begin, end - begin);
    std::string out(plain_insert.substr(0, end));
    out.reserve(end + rows * (row.size() + 2));
    for (std::size_t i = 1; i < rows; ++i) {
        out += ", ";
        out += row;
    }
    return out;
}

ManyRows::ManyRows(MYSQL* client, MYSQL_STMT* single, std::string_view sql, const Places& places, std::size_t sets,
                   std::size_t most_bytes)
    : client_(client),
      single_(single),
      sql_(sql),
      places_(places),
      width_(mysql_stmt_param_count(single)),
      left_(sets),
      most_bytes_(most_bytes),
      most_rows_(std::min({std::max<std::size_t>(kMostPlaceholders / width_, 1), kMostRows, sets})),
      values_(width_ * most_rows_),
      cells_(width_),
      scratch_(width_ * most_rows_) {}

bool ManyRows::append(const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
    if (readers.size() != width_ || left_ == 0) return false;
    const std::size_t first = rows_ * width_;
    for (std::size_t i = 0; i < width_; ++i) cells_[i] = readers[i].cell(row, scratch_[first + i]);
    const std::size_t before = values_.bytes();
    values_.append(first, cells_, places_);
    if (values_.has_open_question() || values_.bytes() - before > most_bytes_) return false;
    if (values_.bytes() > most_bytes_ && rows_ > 0) {
        if (!flush()) return false;
        // It is the first one of the next statement.
        for (std::size_t i = 0; i < width_; ++i) cells_[i] = readers[i].cell(row, scratch_[i]);
        values_.append(0, cells_, places_);
    }
    ++rows_;
    --left_;
    return (rows_ < most_rows_ && left_ > 0) || flush();
}

bool ManyRows::flush() {
    // The last set goes by itself: LAST_INSERT_ID() is then that of the last set, as when each goes by itself.
    const std::size_t together = left_ == 0 ? rows_ - 1 : rows_;
    std::size_t done = 0;
    while (done < together) {
        const std::size_t rest = together - done;
        // Full of bytes before it is full of rows: not each size a text of its own.
        const bool is_cut = left_ > 0 && rest < most_rows_;
        const std::size_t rows = is_cut ? std::bit_floor(rest) : rest;
        if (!execute(done, rows)) return false;
        done += rows;
    }
    if (left_ == 0 && !execute(done, 1)) return false;
    rows_ = 0;
    values_.clear();
    return true;
}

bool ManyRows::execute(std::size_t first, std::size_t rows) {
    MYSQL_STMT* wanted = statement(rows);
    const bool is_done = failed_ == nullptr && mysql_stmt_bind_param(wanted, values_.binds() + first * width_) == 0 &&
                         mysql_stmt_execute(wanted) == 0;
    if (!is_done) failed_ = wanted;
    // Without strict rules a statement with many rows makes 0 of a NULL where one with one row is refused: a warning
    // tells.
    return is_done && mysql_stmt_affected_rows(wanted) == rows && (rows == 1 || mysql_stmt_warning_count(wanted) == 0);
}

MYSQL_STMT* ManyRows::statement(std::size_t rows) {
    if (rows == 1) return single_;
    ClientStatement& found = statements_[rows];
    if (found != nullptr) return found.get();
    found.reset(mysql_stmt_init(client_));
    if (found == nullptr) throw std::bad_alloc();
    const std::string sql = with_rows(sql_, rows);
    if (mysql_stmt_prepare(found.get(), sql.data(), sql.size()) != 0) failed_ = found.get();
    return found.get();
}

}  // namespace kdeps::mysql
