// SPDX-License-Identifier: Apache-2.0
// Result sets to Arrow: read ahead, and beyond that as they are asked for.
#pragma once

#include <deque>
#include <kdeps/cpp/stream.hpp>
#include <memory>
#include <vector>

#include "sqlserver_results.hpp"
#include "sqlserver_types.hpp"

namespace kdeps::sqlserver {

// Puts the rows of one result set into batches.
class RowReader {
public:
    explicit RowReader(DBPROCESS* process);

    // Reads rows of the current result until a batch is full; true at the end of the result.
    bool fill(DBPROCESS* process, Results& results);
    // FOR JSON and FOR XML give one text in pieces of 2,033 characters.
    bool is_in_pieces() const { return is_in_pieces_; }
    // Of another result with the same columns.  Throws Error if they differ.
    void expect_same(DBPROCESS* process) const;

    bool has_rows() const { return rows_.rows() > 0; }
    std::size_t bytes() const { return rows_.bytes(); }
    columns::Array take();
    void schema(ArrowSchema* out) { rows_.schema(out); }

private:
    void join(DBPROCESS* process, Results& results);

    std::vector<ResultColumn> columns_;
    columns::RowBuilder rows_;
    bool is_in_pieces_ = false;
};

// Batches that are here.
class CollectedRows : public BatchSource {
public:
    explicit CollectedRows(DBPROCESS* process) : reader_(process) {}

    // What has been collected so far.
    std::size_t bytes() const { return bytes_ + reader_.bytes(); }
    // The current result, to its end or until about `most_bytes` are here; false if there is more.
    bool collect(DBPROCESS* process, Results& results, std::size_t most_bytes);
    void expect_same(DBPROCESS* process) const { reader_.expect_same(process); }

    void schema(ArrowSchema* out) override { reader_.schema(out); }
    bool next(ArrowArray* out) override;

protected:
    RowReader& reader() { return reader_; }
    void add(columns::Array batch) { full_.push_back(std::move(batch)); }

private:
    RowReader reader_;
    std::deque<columns::Array> full_;
    std::size_t bytes_ = 0;
};

// The rows of a large result, whose rest is still with the server.
class LazyRows final : public BatchSource {
public:
    LazyRows(Connection& connection, const Call& call, std::unique_ptr<CollectedRows> first, Results results,
             std::string sql);
    ~LazyRows() override;

    void schema(ArrowSchema* out) override { rows_->schema(out); }
    bool next(ArrowArray* out) override;

private:
    Connection& connection_;
    Call call_;
    std::unique_ptr<CollectedRows> rows_;
    Results results_;
    std::string sql_;
    bool is_complete_ = false;
};

}  // namespace kdeps::sqlserver
