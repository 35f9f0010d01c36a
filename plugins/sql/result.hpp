// SPDX-License-Identifier: Apache-2.0
// What a statement gave, made into what the step answers with: a table, csv or boxed text, or counts.
#pragma once

#include <kdeps/driver.h>
#include <deque>
#include <kdeps/cpp/stream.hpp>
#include <optional>
#include <vector>

namespace kdeps::sql {

enum class Format { json, csv, table };

struct ResultLimits {
    std::optional<std::size_t> max_rows;  // stops there, and says so in the log and the metrics
    std::size_t max_bytes = 0;            // beyond is an error
};

// How a statement ends whose rows are not all wanted.
struct Ending {
    const kdeps_driver* driver = nullptr;
    kdeps_connection* connection = nullptr;
    bool may_be_cut = false;  // else it is read to its end, as it may write
};

// How much of the limits is used up.
struct Taken {
    std::size_t rows = 0;
    std::size_t bytes = 0;
    bool is_truncated = false;  // which was logged
    bool is_read = false;       // the rows of the last statement, to their end
};

// The error of a result beyond max_bytes.
Error too_large(const ResultLimits& limits);

// Reads `rows` to its end, or to the limits; the statement is over then, whatever happens.  Throws Error.
Value read_rows(const Call& call, columns::Stream rows, Format format, const ResultLimits& limits, const Ending& ending,
                Taken& taken);

// The rows of all chunks of a batch, as one result under the limits of one.
class BatchRows {
public:
    BatchRows(const Call& call, Format format, const ResultLimits& limits)
        : call_(call), format_(format), limits_(limits) {}

    // As read_rows.
    void add(columns::Stream rows, const Ending& ending);
    bool is_empty() const { return chunks_.empty(); }
    // What the rows of further chunks may take; at least 1.
    std::size_t bytes_left() const { return limits_.max_bytes > taken_.bytes ? limits_.max_bytes - taken_.bytes : 1; }
    // Once.
    Value finish();

private:
    struct Chunk {
        columns::Schema schema;
        std::deque<columns::Array> batches;
    };

    columns::Stream united();

    const Call call_;
    const Format format_;
    const ResultLimits limits_;
    Taken taken_;
    std::vector<Chunk> chunks_;  // neighbours differ in their columns
};

// {"rowsAffected": n, "lastInsertID": n or null, "success": true}
Value counts(const Call& call, const kdeps_outcome& outcome);

// {"rowsAffected": total, "batch": [n, …]}; an unknown count is null.
Value batch_counts(const Call& call, const std::vector<std::int64_t>& affected);

}  // namespace kdeps::sql
