// SPDX-License-Identifier: Apache-2.0
// Result sets: read row by row from the server, or from a result that is here already.
#pragma once

#include <kdeps/cpp/stream.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mysql_client.hpp"
#include "mysql_connection.hpp"
#include "mysql_types.hpp"

namespace kdeps::mysql {

std::vector<columns::Column> plain_columns(const std::vector<ResultColumn>& columns);

// The results of an executed statement that are still to be read.
class PendingRows {
public:
    // `only_reads`: they may be cut short.
    PendingRows(Connection& connection, MYSQL_STMT* statement, const Call& call, bool only_reads)
        : connection_(connection), statement_(statement), call_(call), only_reads_(only_reads) {}
    ~PendingRows() { discard(); }
    PendingRows(const PendingRows&) = delete;
    PendingRows& operator=(const PendingRows&) = delete;

    MYSQL_STMT* statement() const { return statement_; }
    bool is_open() const { return is_open_; }
    // Reads on to the end of the last one; throws Error, as any of them may fail.
    void finish(Operation& operation);
    // Throws Error: reading failed.
    [[noreturn]] void fail(const Operation& operation);
    void discard() {
        if (std::exchange(is_open_, false)) connection_.discard(statement_, call_, only_reads_);
    }

private:
    Connection& connection_;
    MYSQL_STMT* statement_;
    Call call_;
    bool only_reads_;
    bool is_open_ = true;
};

// Puts the rows of an executed statement into columns.
class RowReader {
public:
    RowReader(MYSQL_STMT* statement, std::vector<ResultColumn> columns);

    const columns::Layout& layout() const { return layout_; }
    // Is it made for what `statement` gives?
    bool fits(MYSQL_STMT* statement, const MYSQL_FIELD* fields, std::size_t count,
              const std::vector<bool>& json_columns, bool is_utc) const;
    // After each execution, before its first row.
    void bind();

    enum class Fetched { row, end, failed };
    Fetched read(columns::RowBuilder& out);
    // Of the texts since it was asked last.
    std::size_t take_text_bytes() { return std::exchange(text_bytes_, 0); }
    // Was a date given as NULL because it is none?
    bool has_lost_date() const { return has_lost_date_; }
    // Was a text given in the place of JSON?
    bool has_broken_json() const { return has_broken_json_; }

private:
    MYSQL_STMT* statement_;
    std::vector<ResultColumn> columns_;
    columns::Layout layout_;
    std::vector<WireValue> values_;
    std::vector<unsigned long> lengths_;
    std::vector<my_bool> nulls_;
    std::vector<my_bool> errors_;
    std::vector<MYSQL_BIND> binds_;
    std::size_t text_bytes_ = 0;
    bool has_lost_date_ = false;
    bool has_broken_json_ = false;
    std::string json_;  // a value that is checked before it is given

    void copy_text(std::size_t i, columns::ColumnBuilder& out);
};

// Of one execution, read from the socket as it is asked for.
class LazyRows final : public BatchSource {
public:
    LazyRows(Connection& connection, const Call& call, std::unique_ptr<PendingRows> pending,
             std::shared_ptr<RowReader> reader);
    ~LazyRows() override { pending_->discard(); }  // while there is a reader, whose memory the statement knows

    void schema(ArrowSchema* out) override { rows_.schema(out); }
    bool next(ArrowArray* out) override;

private:
    void fill(Operation& operation);

    Connection& connection_;
    Call call_;
    std::unique_ptr<PendingRows> pending_;
    std::shared_ptr<RowReader> reader_;
    columns::RowBuilder rows_;
};

// Of a statement that was not prepared.
class BufferedRows final : public BatchSource {
public:
    BufferedRows(const Call& call, BufferedResult result, bool is_utc);

    void schema(ArrowSchema* out) override { rows_.schema(out); }
    bool next(ArrowArray* out) override;

private:
    Call call_;
    BufferedResult result_;
    std::vector<ResultColumn> columns_;
    columns::RowBuilder rows_;
};

// Of all sets of a batch.
class CollectedRows final : public BatchSource {
public:
    // `max_bytes`: 0 = no limit.
    CollectedRows(MYSQL_STMT* statement, std::shared_ptr<RowReader> reader, std::uint64_t max_bytes)
        : statement_(statement), reader_(std::move(reader)), max_bytes_(max_bytes), rows_(reader_->layout()) {}

    // The rows of the statement's last execution; false if reading failed.  Throws Error if it has not the columns of
    // the first, or all of them take more than max_bytes.
    bool collect();

    void schema(ArrowSchema* out) override { rows_.schema(out); }
    bool next(ArrowArray* out) override;

private:
    MYSQL_STMT* statement_;
    std::shared_ptr<RowReader> reader_;
    std::uint64_t max_bytes_;
    std::uint64_t full_bytes_ = 0;
    columns::RowBuilder rows_;
    std::vector<columns::Array> full_;
    std::size_t given_ = 0;
};

void warn_of_lost_dates(const Call& call);
void warn_of_broken_json(const Call& call);

}  // namespace kdeps::mysql
