// SPDX-License-Identifier: Apache-2.0
// Any text as SQL of each dialect: its tokens are the text, and rewriting changes placeholders and nothing else.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sql/statement_text.hpp"
#include "plugins/sql/tokenizer.hpp"
#include "tests/unit/sql/dialects.hpp"

namespace kdeps::sql {
namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

// Where the workflow has {{ }}.
std::vector<HoleText> holes_of(std::string_view sql) {
    std::vector<HoleText> out;
    for (std::size_t at = 0; (at = sql.find("{{", at)) != std::string_view::npos;) {
        const std::size_t close = sql.find("}}", at + 2);
        if (close == std::string_view::npos) break;
        out.push_back(
            {at, close + 2, sql.substr(at + 2, close - at - 2).find("identifier(") != std::string_view::npos});
        at = close + 2;
    }
    return out;
}

bool may_be_placeholder(TokenKind kind) {
    return kind == TokenKind::dollar || kind == TokenKind::question || kind == TokenKind::colon_name ||
           kind == TokenKind::at_name;
}

// Length of the driver's placeholder at the front; 0 = none.
std::size_t placeholder(std::string_view text, const kdeps_driver& driver) {
    const std::string_view mark = driver.placeholders == KDEPS_PLACEHOLDER_DOLLAR ? "$"
                                  : driver.placeholders == KDEPS_PLACEHOLDER_AT   ? "@p"
                                                                                  : "?";
    if (!text.starts_with(mark) || mark == "?") return text.starts_with(mark) ? 1 : 0;
    std::size_t end = mark.size();
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    return end > mark.size() ? end : 0;
}

// Takes the source's tokens off the front of what was written.
void compare(std::string_view sql, const std::vector<Token>& tokens, const std::vector<HoleText>& holes,
             const StatementText& read, const kdeps_driver& driver) {
    std::string all;
    std::vector<std::size_t> identifiers;  // where in `all`
    for (const StatementText::Piece& piece : read.pieces) {
        all += piece.sql;
        if (piece.has_identifier) identifiers.push_back(all.size());
    }
    std::string_view left = all;
    std::size_t next_identifier = 0;
    for (const Token& token : tokens) {
        const std::string_view text = sql.substr(token.begin, token.end - token.begin);
        if (token.kind == TokenKind::hole && holes[token.hole].is_identifier) {
            require(next_identifier < identifiers.size() && all.size() - left.size() == identifiers[next_identifier++]);
        } else if (token.has_holes && token.kind == TokenKind::comment) {
            require(left.starts_with(' '));
            left.remove_prefix(1);
        } else if (token.kind == TokenKind::hole || token.has_holes) {
            const std::size_t size = placeholder(left, driver);
            require(size > 0);
            left.remove_prefix(size);
        } else if (const std::size_t size = may_be_placeholder(token.kind) ? placeholder(left, driver) : 0; size > 0) {
            left.remove_prefix(size);
        } else {
            require(left.starts_with(text));
            left.remove_prefix(text.size());
        }
    }
    require(left.empty());
    require(next_identifier == identifiers.size());
}

void attempt(std::string_view sql, const std::vector<HoleText>& holes, const kdeps_driver& driver, bool has_named) {
    std::vector<Hole> places;
    for (const HoleText& hole : holes) places.push_back({hole.begin, hole.end});
    const std::vector<Token> tokens = tokenize(sql, driver.lexis, places);
    std::size_t at = 0;
    for (const Token& token : tokens) {
        require(token.begin == at && token.end > at);
        at = token.end;
    }
    require(at == sql.size());
    const StatementText read = read_statement(sql, holes, driver, has_named);
    for (const TextFault& fault : read.faults) require(fault.offset <= sql.size());
    if (read.faults.empty()) compare(sql, tokens, holes, read, driver);
}

}  // namespace
}  // namespace kdeps::sql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kdeps::sql;
    const std::string_view sql(reinterpret_cast<const char*>(data), size);
    const std::vector<HoleText> holes = holes_of(sql);
    for (const kdeps_driver* driver : {&kPostgres, &kMysql, &kSqlite, &kSqlserver}) {
        for (const bool has_named : {false, true}) {
            attempt(sql, {}, *driver, has_named);
            if (!holes.empty()) attempt(sql, holes, *driver, has_named);
        }
    }
    return 0;
}
