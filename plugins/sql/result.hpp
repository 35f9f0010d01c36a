// SPDX-License-Identifier: Apache-2.0
// What a statement gave, made into what the step answers with: a table, csv or boxed text, or counts.
#pragma once

#include <kdeps/driver.h>
#include <kdeps/cpp/stream.hpp>
#include <optional>

namespace kdeps::sql {

enum class Format { json, csv, table };

struct ResultLimits {
    std::optional<std::size_t> max_rows;  // stops there, and says so in the log and the metrics
    std::size_t max_bytes = 0;            // beyond is an error
};

// Reads `rows` to its end, or to the limits.  Throws Error.
Value read_rows(const Call& call, columns::Stream rows, Format format, const ResultLimits& limits);

// {"rowsAffected": n, "lastInsertID": n or null, "success": true}
Value counts(const Call& call, const kdeps_outcome& outcome);

// {"rowsAffected": total, "batch": [n, …]}; an unknown count is null.
Value batch_counts(const Call& call, const std::vector<std::int64_t>& affected);

}  // namespace kdeps::sql
