// SPDX-License-Identifier: Apache-2.0
// Layouts of dates that show a reference time: "02.01.2006 15:04" means day.month.year hour:minute.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/expr/time_value.hpp"

namespace kdeps::expr {

// Words of a layout are those of Mon Jan 2 15:04:05 MST 2006 in any of their spellings; everything else stands for
// itself.
std::string format_time(const Moment& moment, std::string_view layout);

// Nothing if the text does not have the layout.  `zone` counts where the text names none.
std::optional<Moment> parse_time(std::string_view text, std::string_view layout, const Zone& zone);

// The text in one of the usual forms: 2024-01-15, 15:04:05, 2024-01-15 15:04:05, RFC 3339, RFC 822, RFC 850, RFC 1123.
std::optional<Moment> parse_time(std::string_view text, const Zone& zone);

std::string_view month_name(int month);      // 1 = January
std::string_view weekday_name(int weekday);  // 0 = Sunday

}  // namespace kdeps::expr
