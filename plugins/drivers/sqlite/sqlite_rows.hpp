// SPDX-License-Identifier: Apache-2.0
// The rows of a running statement as an Arrow stream.
#pragma once

#include <kdeps/cpp/driver.hpp>
#include <optional>
#include <vector>

#include "sqlite_link.hpp"
#include "sqlite_types.hpp"

namespace kdeps::sqlite {

// Columns of a statement whose first step is done: before, SQLite may still notice a change of the schema and compile
// it again.
class RowReader {
public:
    explicit RowReader(sqlite3_stmt* statement);

    // Adds the current row.
    void read();
    // True if a batch has grown to its size.
    bool is_full(std::int64_t rows) const;

    // How much is held.
    std::size_t bytes() { return rows_.bytes(); }
    // Tells the log, once, that a number was read which JSON does not have.
    void report(const Call& call);

    // Gives each column the one type of its cells: only if all rows are there.
    void collapse();
    columns::RowBuilder& rows() { return rows_; }

private:
    sqlite3_stmt* statement_;
    std::vector<Declared> declared_;
    columns::RowBuilder rows_;
    bool has_infinity_ = false;
    bool is_reported_ = false;
};

// Steps a bound statement and resets it when it goes.  The columns of a result that ends within its first rows have the
// one type of their cells; of a longer one they stay dense unions, because what follows may be of any type.
//
// What writes has made all its changes before its first row, and keeps the rows for itself
// (sqlite.org/lang_returning.html); it is complete, checked and committed at its end, so it is always run to that.
class Rows final : public BatchSource {
public:
    Rows(Link& link, const Call& call, sqlite3_stmt* statement, const Facts& facts);
    ~Rows() override;
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    // Runs the statement up to its first rows.  Within a Use.  Throws Error.
    void start();
    bool has_columns() const { return reader_.has_value(); }

    void schema(ArrowSchema* out) override;
    bool next(ArrowArray* out) override;

private:
    // True at a row, false at the end.
    bool step();

    Link& link_;
    Call call_;
    sqlite3_stmt* statement_;
    const bool is_writing_;
    std::int64_t changes_before_ = 0;  // of the session, when the statement began
    std::optional<RowReader> reader_;  // none: the statement returns no columns
    bool is_finished_ = false;
};

}  // namespace kdeps::sqlite
