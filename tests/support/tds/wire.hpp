// SPDX-License-Identifier: Apache-2.0
// What writing and reading of values have in common.
#pragma once

#include "tests/support/tds/types.hpp"

namespace kdeps::testing::tds {

__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using): the attribute needs a declaration

inline constexpr std::uint64_t kPlpNull = 0xFFFFFFFFFFFFFFFFULL;
inline constexpr std::uint64_t kPlpUnknown = 0xFFFFFFFFFFFFFFFEULL;

// Types whose values have a text pointer.
inline bool is_old_long(Kind kind) { return kind == Kind::text || kind == Kind::ntext || kind == Kind::image; }

}  // namespace kdeps::testing::tds
