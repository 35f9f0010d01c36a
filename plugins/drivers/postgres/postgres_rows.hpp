// SPDX-License-Identifier: Apache-2.0
// Rows: their columns, and the stream that reads them from the wire as they come.
#pragma once

#include <kdeps/cpp/stream.hpp>
#include <string>
#include <vector>

#include "postgres_connection.hpp"
#include "postgres_decode.hpp"

namespace kdeps::postgres {

// Reads rows of one shape.
class RowReader {
public:
    RowReader(const std::vector<Description::Column>& columns, const Types& types);

    bool is_binary() const { return is_binary_; }  // how the rows must be asked for
    const columns::Layout& layout() const { return layout_; }
    // Adds a row; returns its bytes.  Throws Error (BAD_DATA) that names the column.
    std::size_t read(const PGresult* result, int row, columns::RowBuilder& out);
    // A NaN or an infinity became null since the last call; for a warning.
    bool take_loss() { return std::exchange(has_lost_, false); }

private:
    struct Column {
        std::string name;
        Kind kind;
        Kind element;
        columns::Type type;
    };
    void read_cell(const Column& column, std::string_view value, columns::ColumnBuilder& out);

    std::vector<Column> columns_;
    columns::Layout layout_;
    bool is_binary_ = true;
    bool has_lost_ = false;
    std::string scratch_;
};

inline constexpr std::int64_t kBatchRows = 4096;
inline constexpr std::size_t kBatchBytes = 1 << 20;
inline constexpr std::string_view kLossWarning = "a NaN or infinite number became null: JSON has no such number";

// The rows of one running statement.  Within its call, as every stream.
class RowStream final : public BatchSource {
public:
    // May the statement be cancelled when the caller stops early?  Not if that would undo work.
    enum class EarlyEnd { cancel, read_on };

    // The reader is the statement's.
    RowStream(Connection& connection, const Call& call, RowReader& reader, EarlyEnd early_end);
    ~RowStream() override;

    // Reads the first batch; returns what failed, if something did, with the exchange still to be drained.
    Result begin();

    void schema(ArrowSchema* out) override { rows_.schema(out); }
    bool next(ArrowArray* out) override;

private:
    Result fill();
    void abandon();

    Connection& connection_;
    Call call_;
    RowReader& reader_;
    EarlyEnd early_end_;
    columns::RowBuilder rows_;
    bool is_filled_ = false;  // a batch waits in rows_
    bool is_over_ = false;    // the exchange has ended
    bool has_warned_ = false;
};

}  // namespace kdeps::postgres
