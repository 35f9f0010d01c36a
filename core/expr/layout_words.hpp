// SPDX-License-Identifier: Apache-2.0
// Finds the words of a date layout that shows a reference time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kdeps::expr {

enum class Word : std::uint8_t {
    none,
    month_long,
    month_short,
    month,
    month_2,
    weekday_long,
    weekday_short,
    day,
    day_space,
    day_2,
    year_day_space,
    year_day_3,
    hour_24,
    hour_12,
    hour_12_2,
    minute,
    minute_2,
    second,
    second_2,
    year_4,
    year_2,
    pm_upper,
    pm_lower,
    zone_name,
    offset,
    fraction_0,
    fraction_9,
};

struct LayoutWord {
    Word kind = Word::none;
    std::size_t at = 0;  // byte of the layout; its length if there is no further word
    std::size_t length = 0;
    std::size_t digits = 0;  // of a fraction; of an offset: 2 hours, 4 with minutes, 6 with seconds
    bool is_iso = false;     // offset: Z for UTC
    bool has_colon = false;  // offset
    char separator = '.';    // of a fraction
};

// The first word of the layout.
LayoutWord next_word(std::string_view layout);

}  // namespace kdeps::expr
