// SPDX-License-Identifier: Apache-2.0
// Result sets as text: csv, and boxes for people.
#pragma once

#include <kdeps/cpp/stream.hpp>
#include <string>

namespace kdeps::sql {

// RFC 4180: header always, quotes where they are needed, '\n', NULL empty; a line of one empty field is `""`, because
// readers skip empty lines.  Always UTF-8.
std::string to_csv(columns::Stream& rows);

// Boxed text: numbers right-aligned, NULL as NULL.  Line ends and tabs are spaces, other control characters are shown
// as signs, so that no cell can leave its box or command a terminal.
std::string to_box(columns::Stream& rows);

}  // namespace kdeps::sql
