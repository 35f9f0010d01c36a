// SPDX-License-Identifier: Apache-2.0
// IN (?) with a list for its value: the text of a statement for as many elements as there are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dialect.hpp"

namespace kdeps::sql {

inline constexpr std::size_t kNoParameter = static_cast<std::size_t>(-1);

// x [NOT] IN (…) in a statement's SQL, with at least one parameter that may be a list.
struct ListPlace {
    struct Item {  // between the commas
        std::size_t begin;
        std::size_t end;
        std::size_t parameter = kNoParameter;  // that it is as a whole
    };

    std::size_t begin;  // of NOT or IN
    std::size_t end;    // behind the parenthesis
    bool is_not;
    std::vector<Item> items;
};

enum class ListForm {
    elements,  // (?, ?, ?), their number rounded up, so that few texts are prepared
    array,     // PostgreSQL: = ANY ($1)
    json,      // more elements than a statement may have parameters: a table made of one JSON text
};

// A parameter that is a list in this execution.
struct BoundList {
    std::size_t parameter;
    ListForm form;
    std::size_t count;  // of elements: how many placeholders
    std::size_t
        first_extra;  // numbered placeholders: all but the first element stand behind the other values, from here
};

// The elements of a list stand for so many placeholders: a power of two, the last one repeated.
std::size_t rounded_up(std::size_t count);

// May a list in that place be an array or one JSON text?
bool has_form(const ListPlace& place, ListForm form, const Dialect& dialect);

// The SQL with its lists written out.  `lists`: by parameter.
std::string expand_lists(std::string_view sql, const std::vector<ListPlace>& places,
                         const std::vector<BoundList>& lists, const Dialect& dialect);

}  // namespace kdeps::sql
