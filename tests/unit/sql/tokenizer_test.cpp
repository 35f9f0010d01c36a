// SPDX-License-Identifier: Apache-2.0
#include "tokenizer.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/sql/dialects.hpp"

namespace kdeps::sql {
namespace {

const std::vector<std::string> kSamples = {
    "SELECT * FROM users WHERE id = $1 AND name = 'O''Brien' -- last\n",
    "SELECT 'a\\'b', \"x\"\"y\", `a``b`, [c]]d], E'\\n', N'ü', X'00'",
    "SELECT $tag$ it's $1 $$ $tag$, $$ ? $$, a::int, b[1:2], c[:n]",
    "/* a /* b */ c */ SELECT # hash ?\n 1e+5, 0x1F, 1.5.2, 5-3, a--b\n",
    "SELECT data ? 'k', data ?| array['a'], @v := @@global.x, @p1, :name, :: , ::text",
    "SELECT 'not closed",
    "/* not closed",
    "\"not closed",
    "$x$ not closed",
    "SELECT größe, 名前 FROM t",
    "?",
    "$",
    "@",
    ":",
    "'",
    "\\",
    "",
    "{{",
    "a\n;\n",
};

TEST(Tokenizer, LosesNothing) {
    for (const kdeps_driver* driver : {&kPostgres, &kMysql, &kSqlite, &kSqlserver}) {
        for (const std::string& sql : kSamples) {
            std::string again;
            std::size_t end = 0;
            for (const Token& token : tokenize(sql, driver->lexis, {})) {
                EXPECT_EQ(token.begin, end);
                EXPECT_GT(token.end, token.begin);
                end = token.end;
                again += sql.substr(token.begin, token.end - token.begin);
            }
            EXPECT_EQ(again, sql);
        }
    }
}

TEST(Tokenizer, LosesNothingWhereverAHoleStands) {
    for (const kdeps_driver* driver : {&kPostgres, &kMysql, &kSqlite, &kSqlserver}) {
        for (const std::string& sql : kSamples) {
            for (std::size_t at = 0; at <= sql.size(); ++at) {
                const std::string with_hole = sql.substr(0, at) + "{{ x }}" + sql.substr(at);
                std::size_t end = 0;
                bool is_found = false;
                for (const Token& token : tokenize(with_hole, driver->lexis, {{at, at + 7}})) {
                    EXPECT_EQ(token.begin, end);
                    end = token.end;
                    is_found |= token.kind == TokenKind::hole || token.has_holes;
                }
                EXPECT_EQ(end, with_hole.size()) << with_hole;
                EXPECT_TRUE(is_found) << with_hole;
            }
        }
    }
}

// The kinds that matter, in short.
std::string kinds(const std::string& sql, const kdeps_driver& driver) {
    std::string out;
    for (const Token& token : tokenize(sql, driver.lexis, {})) {
        switch (token.kind) {
            case TokenKind::space: out += ' '; break;
            case TokenKind::comment: out += 'c'; break;
            case TokenKind::string: out += 's'; break;
            case TokenKind::name: out += 'n'; break;
            case TokenKind::word: out += 'w'; break;
            case TokenKind::number: out += '1'; break;
            case TokenKind::symbol: out += '.'; break;
            case TokenKind::dollar: out += '$'; break;
            case TokenKind::question: out += '?'; break;
            case TokenKind::colon_name: out += ':'; break;
            case TokenKind::at_name: out += '@'; break;
            case TokenKind::hole: out += 'h'; break;
        }
        if (!token.is_closed) out += '!';
    }
    return out;
}

TEST(Tokenizer, KnowsTheStringsOfADialect) {
    EXPECT_EQ(kinds("'a\\' c'", kPostgres), "s ws!");
    EXPECT_EQ(kinds("'a\\' b'", kMysql), "s");
    EXPECT_EQ(kinds("E'a\\' b'", kPostgres), "s");
    EXPECT_EQ(kinds("\"a\" `b`", kMysql), "s n");
    EXPECT_EQ(kinds("\"a\" [b]", kSqlserver), "n n");
    EXPECT_EQ(kinds("$a$ ' $b$ $a$", kPostgres), "s");
}

TEST(Tokenizer, KnowsTheCommentsOfADialect) {
    EXPECT_EQ(kinds("/* /* */ */", kPostgres), "c");
    EXPECT_EQ(kinds("/* /* */ */", kMysql), "c ..");
    EXPECT_EQ(kinds("a--1", kMysql), "w..1");
    EXPECT_EQ(kinds("a--1", kPostgres), "wc");
    EXPECT_EQ(kinds("# ?\n?", kMysql), "c ?");
}

TEST(Tokenizer, TellsPlaceholdersFromCastsAndVariables) {
    EXPECT_EQ(kinds("a::int", kPostgres), "w.w");
    EXPECT_EQ(kinds("a[1:n]", kPostgres), "w.1.w.");
    EXPECT_EQ(kinds(":name @name @@name $12", kPostgres), ": @ w $");
    EXPECT_EQ(kinds("a<@b", kPostgres), "w..w");
}

TEST(Tokenizer, SaysWhatIsNotClosed) {
    EXPECT_EQ(kinds("'a", kPostgres), "s!");
    EXPECT_EQ(kinds("/* a", kMysql), "c!");
    EXPECT_EQ(kinds("[a", kSqlserver), "n!");
    EXPECT_EQ(kinds("$$ a", kPostgres), "s!");
}

}  // namespace
}  // namespace kdeps::sql
