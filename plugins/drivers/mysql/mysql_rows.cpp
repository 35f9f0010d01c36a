// SPDX-License-Identifier: Apache-2.0
#include "mysql_rows.hpp"

#include "mysql_json.hpp"

namespace kdeps::mysql {

using columns::ColumnBuilder;
using columns::RowBuilder;

namespace {

constexpr std::int64_t kBatchRows = 4096;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::int64_t kRowsBetweenLooks = 64;

// Summing up the bytes is not for every row.
bool is_full(const RowBuilder& rows) {
    return rows.rows() >= kBatchRows || (rows.rows() % 16 == 0 && rows.bytes() >= kBatchBytes);
}

}  // namespace

std::vector<columns::Column> plain_columns(const std::vector<ResultColumn>& columns) {
    std::vector<columns::Column> out;
    for (const ResultColumn& column : columns) {
        out.push_back(column.column);
    }
    return out;
}

void warn_of_broken_json(const Call& call) {
    call.log(KDEPS_LOG_WARNING, "a value of a JSON column that is no JSON was given as a text");
}

void warn_of_lost_dates(const Call& call) {
    call.log(KDEPS_LOG_WARNING, "a date that is none (such as 0000-00-00) was given as NULL");
}

void PendingRows::finish(Operation& operation) {
    is_open_ = false;
    if (const auto failed = connection_.read_on(statement_, operation)) {
        throw connection_.statement_fails(operation, *failed);
    }
    connection_.statement_ends(false);
}

void PendingRows::fail(const Operation& operation) {
    is_open_ = false;
    throw connection_.statement_fails(operation, native_error(statement_));
}

RowReader::RowReader(MYSQL_STMT* statement, std::vector<ResultColumn> columns)
    : statement_(statement),
      columns_(std::move(columns)),
      layout_(plain_columns(columns_)),
      values_(columns_.size()),
      lengths_(columns_.size()),
      nulls_(columns_.size()),
      errors_(columns_.size()),
      binds_(columns_.size()) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        MYSQL_BIND& bind = binds_[i];
        bind.buffer = &values_[i];
        bind.length = &lengths_[i];
        bind.is_null = &nulls_[i];
        bind.error = &errors_[i];
        bind.is_unsigned = columns_[i].is_unsigned ? 1 : 0;
        if (is_variable(columns_[i])) {
            bind.buffer_type = MYSQL_TYPE_BLOB;  // with no room: the fetch tells the length only
        } else if (columns_[i].wire == MYSQL_TYPE_BIT) {
            bind.buffer_type = MYSQL_TYPE_BLOB;
            bind.buffer_length = sizeof(values_[i].bits);
        } else {
            bind.buffer_type = columns_[i].wire;
        }
    }
}

bool RowReader::fits(MYSQL_STMT* statement, const MYSQL_FIELD* fields, std::size_t count,
                     const std::vector<bool>& json_columns, bool is_utc) const {
    if (statement != statement_ || count != columns_.size()) return false;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (!is_still(columns_[i], fields[i], i < json_columns.size() && json_columns[i], is_utc)) return false;
    }
    return true;
}

void RowReader::bind() {
    has_lost_date_ = false;
    has_broken_json_ = false;
    mysql_stmt_bind_result(statement_, binds_.data());
}

void RowReader::copy_text(std::size_t i, ColumnBuilder& out) {
    const unsigned long length = lengths_[i];
    const bool is_json_column = columns_[i].column.type == columns::Type::json;
    if (is_json_column) json_.resize(length);
    MYSQL_BIND bind{};
    bind.buffer_type = MYSQL_TYPE_BLOB;
    bind.buffer = is_json_column ? json_.data() : out.text_room(length);
    bind.buffer_length = length;
    text_bytes_ += length;
    if (length > 0 && mysql_stmt_fetch_column(statement_, &bind, static_cast<unsigned int>(i), 0) != 0) {
        throw Error(KDEPS_INTERNAL,
                    "the client library does not give the value of column '" + columns_[i].column.name + "'");
    }
    if (!is_json_column) return;
    if (is_json(json_)) {
        out.text(json_);
    } else {
        has_broken_json_ = true;
        out.text(as_json_string(json_));
    }
}

RowReader::Fetched RowReader::read(RowBuilder& out) {
    const int fetched = mysql_stmt_fetch(statement_);
    if (fetched == MYSQL_NO_DATA) return Fetched::end;
    if (fetched != 0 && fetched != MYSQL_DATA_TRUNCATED) return Fetched::failed;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (nulls_[i] != 0) {
            out[i].null();
        } else if (is_variable(columns_[i])) {
            copy_text(i, out[i]);
        } else if (!append_binary(columns_[i], values_[i], lengths_[i], out[i])) {
            has_lost_date_ = true;
        }
    }
    out.end_row();
    return Fetched::row;
}

LazyRows::LazyRows(Connection& connection, const Call& call, std::unique_ptr<PendingRows> pending,
                   std::shared_ptr<RowReader> reader)
    : connection_(connection),
      call_(call),
      pending_(std::move(pending)),
      reader_(std::move(reader)),
      rows_(reader_->layout()) {}

bool LazyRows::next(ArrowArray* out) {
    if (!pending_->is_open()) return false;
    Operation operation(connection_.limits(call_, OnStop::interrupt));
    fill(operation);
    if (!pending_->is_open() && reader_->has_lost_date()) warn_of_lost_dates(call_);
    if (!pending_->is_open() && reader_->has_broken_json()) warn_of_broken_json(call_);
    if (rows_.rows() == 0) return false;
    rows_.finish(out);
    return true;
}

void LazyRows::fill(Operation& operation) {
    // One long text after the other would be many times a batch before anybody sums up.
    for (std::size_t text_bytes = 0; rows_.rows() == 0 || (!is_full(rows_) && text_bytes < kBatchBytes);
         text_bytes += reader_->take_text_bytes()) {
        if (rows_.rows() % kRowsBetweenLooks == 0 && operation.check()) {
            // The server was told to stop; rows still come as fast as they are read: what is on the way is read away.
            pending_->finish(operation);
            throw connection_.failure(operation, {ER_QUERY_INTERRUPTED, "70100", ""});
        }
        const RowReader::Fetched fetched = reader_->read(rows_);
        if (fetched == RowReader::Fetched::row) continue;
        if (fetched == RowReader::Fetched::failed) pending_->fail(operation);
        pending_->finish(operation);  // a procedure's further results and its status
        return;
    }
}

BufferedRows::BufferedRows(const Call& call, BufferedResult result, bool is_utc)
    : call_(call), result_(std::move(result)), rows_({}) {
    const MYSQL_FIELD* fields = mysql_fetch_fields(result_.get());
    for (unsigned int i = 0; i < mysql_num_fields(result_.get()); ++i) {
        columns_.push_back(result_column(fields[i], has_json_format(fields[i]), is_utc));
    }
    rows_ = RowBuilder(plain_columns(columns_));
}

bool BufferedRows::next(ArrowArray* out) {
    bool has_lost_date = false;
    bool has_broken_json = false;
    while (!is_full(rows_) || rows_.rows() == 0) {
        const MYSQL_ROW row = mysql_fetch_row(result_.get());
        if (row == nullptr) break;
        const unsigned long* lengths = mysql_fetch_lengths(result_.get());
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (row[i] == nullptr) {
                rows_[i].null();
            } else if (columns_[i].column.type == columns::Type::json && !is_json({row[i], lengths[i]})) {
                has_broken_json = true;
                rows_[i].text(as_json_string({row[i], lengths[i]}));
            } else if (!append_text(columns_[i], {row[i], lengths[i]}, rows_[i])) {
                has_lost_date = true;
            }
        }
        rows_.end_row();
    }
    if (has_lost_date) warn_of_lost_dates(call_);
    if (has_broken_json) warn_of_broken_json(call_);
    if (rows_.rows() == 0) return false;
    rows_.finish(out);
    return true;
}

bool CollectedRows::collect() {
    if (mysql_stmt_field_count(statement_) != rows_.column_count()) {
        throw Error(KDEPS_UNSUPPORTED, "the sets of the batch give rows with different columns; run them one by one");
    }
    reader_->bind();
    while (true) {
        const RowReader::Fetched fetched = reader_->read(rows_);
        if (fetched != RowReader::Fetched::row) return fetched == RowReader::Fetched::end;
        if (max_bytes_ > 0 && full_bytes_ + rows_.bytes() > max_bytes_) {
            throw Error(KDEPS_EXHAUSTED, "the rows that the batch returns take more than " +
                                             std::to_string(max_bytes_) + " bytes, the limit of a result");
        }
        if (is_full(rows_)) {
            full_bytes_ += rows_.bytes();
            ArrowArray full{};
            rows_.finish(&full);
            full_.emplace_back(&full);
        }
    }
}

bool CollectedRows::next(ArrowArray* out) {
    if (given_ < full_.size()) {
        full_[given_++].move_to(out);
        return true;
    }
    if (rows_.rows() == 0) return false;
    rows_.finish(out);
    return true;
}

}  // namespace kdeps::mysql
