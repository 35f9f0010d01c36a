// SPDX-License-Identifier: Apache-2.0
// Owners of libpq's handles.
#pragma once

#include <libpq-fe.h>

#include <charconv>
#include <cstdint>
#include <memory>
#include <string_view>

namespace kdeps::postgres {

struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

struct FreeCancel {
    void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};

struct FreeOptions {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// A field of an error or a notice; empty if the server did not send it.
inline std::string_view error_field(const PGresult* result, int field) {
    const char* text = PQresultErrorField(result, field);
    return text == nullptr ? std::string_view() : std::string_view(text);
}

inline std::string_view value_of(const PGresult* result, int row, int column) {
    return {PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))};
}

// Rows that the command changed, -1 if it does not tell.
inline std::int64_t affected_of(PGresult* result) {
    const std::string_view text = PQcmdTuples(result);
    std::int64_t count = -1;
    std::from_chars(text.data(), text.data() + text.size(), count);
    return count;
}

}  // namespace kdeps::postgres
