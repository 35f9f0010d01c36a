// SPDX-License-Identifier: Apache-2.0
#include "lists.hpp"

#include <algorithm>
#include <bit>

namespace kdeps::sql {

namespace {

std::string placeholder(std::size_t index, const Dialect& dialect) {
    switch (dialect.placeholders) {
        case KDEPS_PLACEHOLDER_DOLLAR: return "$" + std::to_string(index + 1);
        case KDEPS_PLACEHOLDER_AT: return "@p" + std::to_string(index + 1);
        default: return "?";
    }
}

// A query without rows, so that IN is false and NOT IN true, for NULL too.
const char* empty(const Dialect& dialect) {
    if (dialect.is_mysql()) return "SELECT NULL FROM DUAL WHERE 1 = 0";
    // Text becomes what it is compared with; a bare NULL would be a number.
    if (dialect.is_transact_sql()) return "SELECT CAST(NULL AS nvarchar(1)) WHERE 1 = 0";
    return "SELECT NULL WHERE 1 = 0";
}

const BoundList* find(const std::vector<BoundList>& lists, std::size_t parameter) {
    const auto found = std::lower_bound(lists.begin(), lists.end(), parameter,
                                        [](const BoundList& list, std::size_t of) { return list.parameter < of; });
    return found != lists.end() && found->parameter == parameter ? &*found : nullptr;
}

std::string elements(const BoundList& list, const Dialect& dialect) {
    std::string out;
    for (std::size_t i = 0; i < list.count; ++i) {
        if (i > 0) out += ", ";
        out += placeholder(i == 0 ? list.parameter : list.first_extra + i - 1, dialect);
    }
    return out;
}

// Behind x: IN (…)
std::string condition(std::string_view sql, const ListPlace& place, const std::vector<BoundList>& lists,
                      const Dialect& dialect) {
    std::string items;
    for (const ListPlace::Item& item : place.items) {
        const BoundList* list = find(lists, item.parameter);
        if (list != nullptr && list->form == ListForm::array)
            return (place.is_not ? "<> ALL (" : "= ANY (") + placeholder(item.parameter, dialect) + ")";
        if (list != nullptr && list->count == 0) continue;
        if (!items.empty()) items += ", ";
        if (list == nullptr) {
            items += sql.substr(item.begin, item.end - item.begin);
        } else if (list->form == ListForm::json) {
            const std::string text = placeholder(item.parameter, dialect);
            items += dialect.is_sqlite() ? "SELECT value FROM json_each(" + text + ")"
                                         : "SELECT v FROM OPENJSON(" + text + ") WITH (v nvarchar(max) '$')";
        } else {
            items += elements(*list, dialect);
        }
    }
    return std::string(place.is_not ? "NOT IN (" : "IN (") + (items.empty() ? empty(dialect) : items) + ")";
}

}  // namespace

std::size_t rounded_up(std::size_t count) { return count == 0 ? 0 : std::bit_ceil(count); }

bool has_form(const ListPlace& place, ListForm form, const Dialect& dialect) {
    if (form == ListForm::elements) return true;
    if (place.items.size() != 1) return false;
    return form == ListForm::array ? dialect.is_postgres() : dialect.is_sqlite() || dialect.is_transact_sql();
}

std::string expand_lists(std::string_view sql, const std::vector<ListPlace>& places,
                         const std::vector<BoundList>& lists, const Dialect& dialect) {
    std::string out;
    std::size_t at = 0;
    for (const ListPlace& place : places) {
        const bool has_list = std::any_of(place.items.begin(), place.items.end(), [&](const ListPlace::Item& item) {
            return find(lists, item.parameter) != nullptr;
        });
        if (!has_list || place.begin < at) continue;
        out += sql.substr(at, place.begin - at);
        out += condition(sql, place, lists, dialect);
        at = place.end;
    }
    out += sql.substr(at);
    return out;
}

}  // namespace kdeps::sql
