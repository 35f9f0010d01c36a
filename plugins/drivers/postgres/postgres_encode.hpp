// SPDX-License-Identifier: Apache-2.0
// Values in PostgreSQL's binary forms, where these are certain to be what PostgreSQL reads from their text.
#pragma once

#include <kdeps/types.h>

#include <string>

#include "postgres_types.hpp"

namespace kdeps::postgres {

template <typename Integer>
void write_wire(Integer value, char* out) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i)
        out[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(Integer) - 1 - i)) & 0xFFU);
}

template <typename Integer>
void append_wire(Integer value, std::string& out) {
    char bytes[sizeof(Integer)];
    write_wire(value, bytes);
    out.append(bytes, sizeof(Integer));
}

// Have values of the kind a binary form here?
bool has_encoding(Kind kind);

// Appends the binary form.  False, with nothing certain about what was appended, for a value that only PostgreSQL
// itself can read ('tomorrow', 1e5 for numeric), or that does not fit.
bool encode(const kdeps_cell& cell, Kind kind, std::string& out);

}  // namespace kdeps::postgres
