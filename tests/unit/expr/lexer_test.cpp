// SPDX-License-Identifier: Apache-2.0
#include "core/expr/lexer.hpp"

#include <gtest/gtest.h>

#include "core/expr/error.hpp"

namespace kdeps::expr {
namespace {

std::string kinds(std::string_view source) {
    std::string out;
    for (const Token& token : tokenize(source)) {
        switch (token.kind) {
            case TokenKind::number: out += 'n'; break;
            case TokenKind::text: out += 't'; break;
            case TokenKind::bytes: out += 'y'; break;
            case TokenKind::name: out += 'a'; break;
            case TokenKind::op: out += 'o'; break;
            case TokenKind::bracket: out += 'b'; break;
            case TokenKind::end: out += '.'; break;
        }
    }
    return out;
}

CompileError fault(std::string_view source) {
    try {
        tokenize(source);
    } catch (const CompileError& error) {
        return error;
    }
    return {"no error", 0};
}

TEST(Lexer, TellsTokensApart) {
    EXPECT_EQ(kinds("a + 'b' .. [1, b\"x\"] not in c.in"), "aotobnoybooaoa.")
        << "a word operator behind a dot is a name";
    EXPECT_EQ(kinds(""), ".");
    EXPECT_EQ(kinds("/* a */ 1 // b\n 2"), "nn.");
}

TEST(Lexer, ReadsNumbers) {
    for (const auto& [source, wanted] :
         std::vector<std::pair<std::string, value::Value>>{{"007", 7},
                                                           {"0x_fF", 255},
                                                           {"0o17", 15},
                                                           {"0b101", 5},
                                                           {"1_000", 1000},
                                                           {"1.", 1.0},
                                                           {".5", 0.5},
                                                           {"1e3", 1000.0},
                                                           {"1_0.5", 10.5},
                                                           {"9223372036854775807", INT64_MAX},
                                                           {"0x1e5", 0x1e5},
                                                           {"1e-400", 0.0}}) {
        EXPECT_EQ(tokenize(source).front().number, wanted) << source;
        EXPECT_EQ(tokenize(source).size(), 2U) << source;
    }
    EXPECT_EQ(kinds("1..3"), "non.");
}

TEST(Lexer, ReadsStrings) {
    EXPECT_EQ(tokenize(R"("a\n\x41\u00e9\u{1F600}\101")").front().text,
              "a\nA\xC3\xA9\xF0\x9F\x98\x80"
              "A");
    EXPECT_EQ(tokenize(R"('it\'s "ok"')").front().text, "it's \"ok\"");
    EXPECT_EQ(tokenize("`a\\n``b`").front().text, "a\\n`b");
    EXPECT_EQ(tokenize(R"("\xff")").front().text, "\xC3\xBF") << "a code point";
    EXPECT_EQ(tokenize(R"(b"\xff")").front().text, "\xFF") << "a byte";
    EXPECT_EQ(tokenize(R"("\ud83d")").front().text, "\xEF\xBF\xBD");
}

TEST(Lexer, KnowsWhereATokenStands) {
    const auto tokens = tokenize("ab + \xC3\xA9t\xC3\xA9 * 3");
    EXPECT_EQ(tokens[2].offset, 5U);
    EXPECT_EQ(tokens[2].end, 10U);
    EXPECT_EQ(tokens[4].offset, 13U);
    EXPECT_EQ(tokens.back().offset, 14U);
}

TEST(Lexer, SaysWhatIsWrong) {
    EXPECT_EQ(fault("1 + \"abc").message, "string is not closed: \" is missing");
    EXPECT_EQ(fault("1 + \"abc").offset, 4U);
    EXPECT_EQ(fault("a /* b").message, "comment is not closed: '*/' is missing");
    EXPECT_EQ(fault("a & b").message, "unexpected character '&'");
    EXPECT_EQ(fault("a & b").offset, 2U);
    EXPECT_EQ(fault("\"\\q\"").message, "unknown escape '\\q' in a string");
    EXPECT_EQ(fault("1 + 9223372036854775808").offset, 4U);
    for (const char* source :
         {"1abc", "1e400", "0b1e1", "\"a\nb\"", "\"\\u{110000}\"", "b\"\\u0041\"", "\"it\\'s\"", "`a",
          "\xEF\xBB\xBF"
          "1"}) {
        EXPECT_NE(fault(source).message, "no error") << source;
    }
}

}  // namespace
}  // namespace kdeps::expr
