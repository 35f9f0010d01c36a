// SPDX-License-Identifier: Apache-2.0
// Door of core/value: the value that flows through a run, tables of Arrow columns, and JSON in and out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct ArrowArrayStream;

namespace kdeps::value {

class Table;
using TablePtr = std::shared_ptr<const Table>;
class Value;
using List = std::vector<Value>;
class Map;

// integer is int64; larger integers are decimal.  decimal keeps its exact digits as JSON number text; in arithmetic it acts as a double.
// A row of a table is a map that reads its columns lazily.  object is what only the expression language makes (time, duration, ...).
enum class Kind : std::uint8_t { null, boolean, integer, floating, decimal, string, bytes, list, map, table, object };

// Immutable once shared; 16 bytes; copying shares the payload (thread-safe reference count).
// The full declaration stands in core/value/value_type.hpp.
}  // namespace kdeps::value
