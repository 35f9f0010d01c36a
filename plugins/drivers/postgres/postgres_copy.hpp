// SPDX-License-Identifier: Apache-2.0
// COPY in the place of many executions of a plain INSERT: when it means the same, and how values are written for it.
#pragma once

#include <kdeps/cpp/columns.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postgres_parameters.hpp"

namespace kdeps::postgres {

// INSERT INTO table (columns) VALUES ($1, …, $n), and nothing else.
class CopyTarget {
public:
    // Nothing for any other statement.
    static std::optional<CopyTarget> of(std::string_view sql);

    std::size_t column_count() const { return names_.size(); }
    std::string copy_sql() const { return "COPY " + table_ + " (" + columns_ + ") FROM STDIN (FORMAT binary)"; }

    // A query that answers 'true' if COPY does to the table what the INSERTs would: an ordinary table without rules,
    // policies, triggers of the user and references to itself (whose checks a COPY puts off to its end), whose named
    // columns have the types of the parameters and are not generated.
    static const char* const kSuits;
    void bind_suits(const std::vector<Oid>& types, Parameters& out) const;

private:
    std::string table_;    // as the statement writes it
    std::string columns_;  // the same, separated by commas
    std::vector<std::string> names_;
};

// Rows in the binary format of COPY.
class CopyRows {
public:
    explicit CopyRows(std::vector<Kind> kinds);

    // False if a value has no binary form here that is certain to be what PostgreSQL makes of the parameter; the row is
    // then half written.
    bool append(const std::vector<columns::ColumnReader>& readers, std::int64_t row);
    // What was appended since the last taken(), and from the start of the format on.
    std::string_view data() const { return out_; }
    void taken() { out_.clear(); }
    // The end of the format.
    void finish();

    std::int64_t rows() const { return rows_; }

private:
    const std::vector<Kind> kinds_;
    std::string out_;
    std::string scratch_;
    std::int64_t rows_ = 0;
};

}  // namespace kdeps::postgres
