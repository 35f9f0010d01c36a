// SPDX-License-Identifier: Apache-2.0
// Dates and times as SQL Server counts them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kdeps::testing::tds {

constexpr std::int64_t kTicksPerSecond = 10'000'000;  // of 100 ns
constexpr std::int64_t kTicksPerDay = 86400 * kTicksPerSecond;
constexpr std::int64_t kDaysTo1900 = 693595;

struct Moment {
    std::int64_t days = kDaysTo1900;  // since 0001-01-01
    std::int64_t ticks = 0;           // since midnight
    int offset = 0;                   // minutes east of UTC; days and ticks are local
    bool has_offset = false;

    Moment plus_minutes(std::int64_t minutes) const;
    // Rounded to `digits` of a second, over midnight if need be.
    Moment rounded(int digits) const;
};

// "2024-01-31", "20240131", "12:30", "2024-01-31T12:30:00.1234567+02:00"; nothing for anything else.
std::optional<Moment> parse_moment(std::string_view text);

std::string date_text(const Moment& moment);
std::string time_text(const Moment& moment, int digits);
std::string offset_text(const Moment& moment);

Moment now_utc();

}  // namespace kdeps::testing::tds
