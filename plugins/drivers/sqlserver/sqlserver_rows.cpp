// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_rows.hpp"

namespace kdeps::sqlserver {

namespace {

constexpr std::int64_t kBatchRows = 4096;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20U;
// The size of a builder is summed over its columns; not for each row.
constexpr std::int64_t kRowsBetweenLooks = 64;

// As SQL Server names the column of such a text.
constexpr std::string_view kJsonInPieces = "JSON_F52E2B61-18A1-11d1-B105-00805F49916B";
constexpr std::string_view kXmlInPieces = "XML_F52E2B61-18A1-11d1-B105-00805F49916B";

std::vector<columns::Column> plain_columns(const std::vector<ResultColumn>& columns) {
    std::vector<columns::Column> out;
    out.reserve(columns.size());
    for (const ResultColumn& column : columns) out.push_back(column.column);
    return out;
}

}  // namespace

RowReader::RowReader(DBPROCESS* process) : columns_(result_columns(process)), rows_(plain_columns(columns_)) {
    is_in_pieces_ = columns_.size() == 1 && columns_[0].column.type == columns::Type::text &&
                    (columns_[0].column.name == kJsonInPieces || columns_[0].column.name == kXmlInPieces);
}

void RowReader::join(DBPROCESS* process, Results& results) {
    std::string text;
    bool has_text = false;
    while (results.next_row()) {
        has_text = true;
        if (const BYTE* data = dbdata(process, 1); data != nullptr)
            text.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(dbdatlen(process, 1)));
    }
    if (!has_text) return;
    rows_[0].text(text);
    rows_.end_row();
}

bool RowReader::fill(DBPROCESS* process, Results& results) {
    if (is_in_pieces_) {
        join(process, results);
        return true;
    }
    std::size_t long_bytes = 0;
    while (rows_.rows() < kBatchRows && long_bytes < kBatchBytes &&
           (rows_.rows() % kRowsBetweenLooks != 0 || rows_.bytes() < kBatchBytes)) {
        if (!results.next_row()) return true;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            append_cell(process, i, columns_[i], rows_[i]);
            long_bytes += static_cast<std::size_t>(std::max<DBINT>(dbdatlen(process, static_cast<int>(i) + 1), 0));
        }
        rows_.end_row();
    }
    return false;
}

void RowReader::expect_same(DBPROCESS* process) const {
    const std::vector<ResultColumn> other = result_columns(process);
    bool is_same = other.size() == columns_.size();
    for (std::size_t i = 0; is_same && i < other.size(); ++i) {
        is_same = other[i].column.name == columns_[i].column.name && other[i].column.type == columns_[i].column.type;
    }
    if (!is_same)
        throw Error(KDEPS_UNSUPPORTED,
                    "the sets of the batch return different columns; give the statement the same columns for each");
}

columns::Array RowReader::take() {
    ArrowArray raw{};
    rows_.finish(&raw);
    return columns::Array(&raw);
}

bool CollectedRows::collect(DBPROCESS* process, Results& results, std::size_t most_bytes) {
    for (;;) {
        const bool is_at_end = reader_.fill(process, results);
        // Rows of a batch's sets share arrays: a full one only is put away before the end.
        if (is_at_end) return true;
        bytes_ += kBatchBytes;
        full_.push_back(reader_.take());
        if (bytes_ >= most_bytes) return false;
    }
}

bool CollectedRows::next(ArrowArray* out) {
    if (full_.empty() && reader_.has_rows()) full_.push_back(reader_.take());
    if (full_.empty()) return false;
    full_.front().move_to(out);
    full_.pop_front();
    return true;
}

LazyRows::LazyRows(Connection& connection, const Call& call, std::unique_ptr<CollectedRows> first, Results results,
                   std::string sql)
    : connection_(connection), call_(call), rows_(std::move(first)), results_(results), sql_(std::move(sql)) {}

LazyRows::~LazyRows() {
    if (is_complete_ || dbdead(connection_.process()) != 0) return;
    // What may write runs to its end.
    Error unread(KDEPS_CANCELLED, "the rest of a result was not read");
    Operation operation(call_, connection_.bell());
    operation.set_of_user();
    results_.continue_in(operation);
    results_.end_after(unread, call_);
}

bool LazyRows::next(ArrowArray* out) {
    if (rows_->next(out)) return true;
    if (is_complete_) return false;
    Operation operation(call_, connection_.bell());
    operation.set_of_user();
    results_.continue_in(operation);
    try {
        const bool is_at_end = rows_->collect(connection_.process(), results_, 1);
        if (is_at_end) {
            while (results_.next()) {
                while (results_.has_columns() && results_.next_row()) {
                }
            }
            results_.expect_success(sql_);
            is_complete_ = true;
            connection_.finish(call_, true);
        }
    } catch (Error& error) {
        is_complete_ = true;
        results_.end_after(error, call_);
        throw;
    }
    return rows_->next(out);
}

}  // namespace kdeps::sqlserver
