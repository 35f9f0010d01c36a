// SPDX-License-Identifier: Apache-2.0
#include "core/expr/go_text.hpp"

#include <algorithm>
#include <kdeps/cpp/text.hpp>
#include <map>
#include <vector>

#include "core/expr/evaluate.hpp"

namespace kdeps::expr {

using value::Kind;
using value::Value;

namespace {

int rank(const Value& key) {
    switch (key.kind()) {
        case Kind::null: return 0;
        case Kind::integer: return 1;
        case Kind::floating:
        case Kind::decimal: return 2;
        case Kind::string: return 3;
        case Kind::boolean: return 4;
        default: return 5;
    }
}

}  // namespace

bool key_before(const Value& a, const Value& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    if (a.is_number()) return value::compare_numbers(a, b) < 0;
    if (a.is_string()) return a.text() < b.text();
    if (a.is_bool()) return !a.boolean() && b.boolean();
    return a.kind() == Kind::object && a.object().text() < b.object().text();
}

void append_go_map(std::span<const std::pair<Value, Value>> entries, std::string& out) {
    std::vector<std::size_t> order(entries.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return key_before(entries[a].first, entries[b].first); });
    out += "map[";
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (i > 0) out += ' ';
        append_go_text(entries[order[i]].first, out);
        out += ':';
        append_go_text(entries[order[i]].second, out);
    }
    out += ']';
}

void append_go_text(const Value& value, std::string& out) {
    want_room(out.size());
    if (value.is_null()) {
        out += "<nil>";
    } else if (value.is_array()) {
        out += '[';
        bool is_first = true;
        for_each_element(value, [&](const Value& element) {
            if (!is_first) out += ' ';
            is_first = false;
            append_go_text(element, out);
            return true;
        });
        out += ']';
    } else if (value.is_map()) {
        std::map<std::string_view, std::size_t> order;
        for (std::size_t i = 0; i < value.size(); ++i) {
            order.emplace(value.key_at(i), i);
        }
        out += "map[";
        bool is_first = true;
        for (const auto& [key, i] : order) {
            if (!is_first) out += ' ';
            is_first = false;
            out += key;
            out += ':';
            append_go_text(value.at(i), out);
        }
        out += ']';
    } else if (value.kind() == Kind::bytes) {
        out += '[';
        for (std::size_t i = 0; i < value.text().size(); ++i) {
            if (i > 0) out += ' ';
            columns::append_integer(static_cast<int>(static_cast<unsigned char>(value.text()[i])), out);
        }
        out += ']';
    } else {
        value::append_text(value, out);
    }
}

}  // namespace kdeps::expr
