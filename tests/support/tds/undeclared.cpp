// SPDX-License-Identifier: Apache-2.0
// Which types the parameters of a statement should have.
#include <algorithm>

#include "tests/support/tds/rewrite.hpp"

namespace kdeps::testing::tds {

namespace {

bool is_parameter(const Token& token) { return token.kind == Token::Kind::variable && !token.text.starts_with("@@"); }

Tokens inside(const Tokens& tokens, std::size_t open) {
    return {tokens.begin() + static_cast<std::ptrdiff_t>(open) + 1,
            tokens.begin() + static_cast<std::ptrdiff_t>(std::min(closing(tokens, open), tokens.size()))};
}

}  // namespace

std::vector<std::pair<std::string, Type>> Rewriter::undeclared(const Tokens& s) const {
    std::map<std::string, Type> found;
    std::vector<std::string> order;
    std::vector<std::string> tables;
    for (const Token& token : s) {
        const bool is_new =
            std::find(order.begin(), order.end(), token.text) == order.end() && !variables_.contains(lower(token.text));
        if (is_parameter(token) && is_new) order.push_back(token.text);
        if (token.is_name() && !catalog_.columns(token.text).empty()) tables.push_back(token.text);
    }
    // VALUES (@p1, @p2) stand for the columns in order.
    if (s.size() > 3 && s[0].is("INSERT") && s[1].is("INTO")) {
        std::size_t at = 2;
        const std::string table = object_name(s, at);
        std::vector<DeclaredColumn> columns = catalog_.columns(table);
        std::erase_if(columns, [](const DeclaredColumn& c) { return c.is_identity; });
        if (at < s.size() && s[at].is_symbol("(")) {
            columns.clear();
            for (const Tokens& name : split_list(inside(s, at))) {
                if (const auto column = catalog_.column(table, name.back().text)) columns.push_back(*column);
            }
            at = closing(s, at) + 1;
        }
        while (at < s.size() && !s[at].is("VALUES")) ++at;
        for (++at; at < s.size(); at = closing(s, at) + 1) {
            if (!s[at].is_symbol("(")) break;
            const std::vector<Tokens> values = split_list(inside(s, at));
            for (std::size_t i = 0; i < values.size() && i < columns.size(); ++i) {
                if (values[i].size() == 1 && is_parameter(values[i][0])) found[values[i][0].text] = columns[i].type;
            }
        }
    }
    for (std::size_t i = 2; i < s.size(); ++i) {
        if (!is_parameter(s[i]) || s[i - 1].kind != Token::Kind::symbol || !s[i - 2].is_name()) continue;
        if (const auto type = infer({s[i - 2]}, tables)) found[s[i].text] = *type;
    }
    std::vector<std::pair<std::string, Type>> out;
    for (const std::string& name : order) {
        const auto type = found.find(name);
        if (type == found.end()) {
            throw SqlError(11503,
                           "The parameter type cannot be deduced because '" + name + "' has no column beside it.");
        }
        out.emplace_back(name, type->second);
    }
    return out;
}

}  // namespace kdeps::testing::tds
