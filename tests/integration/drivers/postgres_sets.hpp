// SPDX-License-Identifier: Apache-2.0
// Parameters of statements as a test writes them, and sets of them as the stream that a batch takes.  Apart from the
// session, because the headers for plugins and those of the core do not go into one source.
#pragma once

#include <kdeps/arrow.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace kdeps::testing {

struct Decimal {
    std::string digits;
};
struct Bytes {
    std::string bytes;
};
struct List;
using Parameter = std::variant<std::nullptr_t, bool, int, std::int64_t, double, std::string, Decimal, Bytes, List>;
struct List {  // of a single statement only
    std::vector<Parameter> elements;
};
using Set = std::vector<Parameter>;

// A stream of one batch with a variant column for each parameter: what the host gives for `paramsBatch`.
void make_sets(const std::vector<Set>& sets, ArrowArrayStream* out);

}  // namespace kdeps::testing
