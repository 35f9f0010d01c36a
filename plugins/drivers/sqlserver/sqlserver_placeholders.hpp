// SPDX-License-Identifier: Apache-2.0
// Where the parameters @p1, @p2, ... stand in a statement.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kdeps::sqlserver {

// May a name, a variable or a word of the language hold it?
bool is_of_name(char c);
// Behind what stands at `at` and is no name: a text, a quoted name, a comment, or one other character.
std::size_t after_other(std::string_view sql, std::size_t at);

struct Placeholder {
    std::size_t begin;
    std::size_t end;
    std::size_t number;  // from 1
};

// In the order of the text; none in texts, names and comments.
std::vector<Placeholder> placeholders(std::string_view sql);

// The statement in which each place has a parameter of its own: the server describes none that stands twice (11508).
// "@p1" stays, the second one is "@p1_2".  Lines stay as they are.
std::string with_own_names(std::string_view sql, const std::vector<Placeholder>& places);

}  // namespace kdeps::sqlserver
