// SPDX-License-Identifier: Apache-2.0
// A result set: Arrow batches, read cell by cell when somebody asks.  Immutable; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/value/value_type.hpp"

struct ArrowArrayStream;
struct ArrowSchema;

namespace kdeps::columns {
class ColumnReader;
}

namespace kdeps::value {

class Table {
public:
    // Takes the stream (its release is null afterwards, also on failure) and reads it to its end.  Throws Error
    // (BAD_DATA) for a type that kdeps does not use, or with the stream's own error.
    static TablePtr from_stream(ArrowArrayStream* moved);

    ~Table();
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    std::size_t column_count() const { return names_.size(); }
    std::string_view column_name(std::size_t i) const { return names_[i]; }
    std::optional<std::size_t> column_index(std::string_view name) const;
    std::size_t row_count() const { return row_count_; }
    Value cell(std::size_t row, std::size_t column) const;

    // A list of objects, straight from the columns.
    void append_json(std::string& out) const;
    void append_row_json(std::size_t row, std::string& out) const;

    // A stream over the same buffers; it may outlive every other reference.
    static void export_stream(const TablePtr& table, ArrowArrayStream* out);

private:
    static constexpr std::size_t kFewColumns = 8;

    struct Batch;
    Table();

    struct Place {
        const Batch* batch;
        std::int64_t row;
    };
    Place place(std::size_t row) const;
    void set_columns(const ArrowSchema& schema);
    void append_row(const Batch& batch, std::int64_t row, std::string& out) const;

    struct Arrow;
    std::unique_ptr<Arrow> arrow_;
    std::vector<std::unique_ptr<Batch>> batches_;
    std::vector<std::string_view> names_;                      // in the schema
    std::string json_keys_;                                    // {"first":,"next":  ready to copy
    std::vector<std::size_t> key_ends_;                        // of each column in json_keys_
    std::unordered_map<std::string_view, std::size_t> index_;  // of many columns; few are searched
    std::size_t row_count_ = 0;
};

}  // namespace kdeps::value
