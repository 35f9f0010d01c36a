// SPDX-License-Identifier: Apache-2.0
// Result sets as csv and boxed text.
#include "result_text.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sql/host.hpp"

namespace kdeps::sql {
namespace {

using columns::Column;
using columns::Type;

struct ResultTextTest : ::testing::Test {
    // A set of one column of texts.
    columns::Stream texts(const std::vector<const char*>& lines, const std::string& name = "x") {
        return set({Column{name, Type::text}}, lines.size(), [&](columns::RowBuilder& builder, std::size_t row) {
            if (lines[row] == nullptr) {
                builder[0].null();
            } else {
                builder[0].text(lines[row]);
            }
        });
    }
    // A set with the columns id and name.
    columns::Stream rows(const std::vector<std::pair<std::int64_t, const char*>>& lines,
                         const std::vector<std::string>& names = {"id", "name"}) {
        return set({Column{names[0], Type::int64}, Column{names[1], Type::text}}, lines.size(),
                   [&](columns::RowBuilder& builder, std::size_t row) {
                       builder[0].integer(lines[row].first);
                       if (lines[row].second == nullptr) {
                           builder[1].null();
                       } else {
                           builder[1].text(lines[row].second);
                       }
                   });
    }
    template <typename Fill>
    columns::Stream set(std::vector<Column> columns, std::size_t count, Fill fill) {
        columns::RowBuilder builder(std::move(columns));
        for (std::size_t row = 0; row < count; ++row) {
            fill(builder, row);
            builder.end_row();
        }
        ArrowArrayStream stream{};
        make_stream(std::make_unique<BuiltRows>(std::move(builder)), call, &stream);
        return columns::Stream(&stream);
    }

    Host host{testing::host()};
    testing::HostCall owner{"query"};
    Call call{host, owner.get()};
};

TEST_F(ResultTextTest, IsCsvWithItsQuotes) {
    columns::Stream set =
        rows({{1, "a,b"}, {2, "say \"x\""}, {3, "two\nlines"}, {4, nullptr}, {5, ""}}, {"id", "the,name"});
    EXPECT_EQ(to_csv(set), "id,\"the,name\"\n1,\"a,b\"\n2,\"say \"\"x\"\"\"\n3,\"two\nlines\"\n4,\n5,\n");
}

TEST_F(ResultTextTest, IsCsvWithAHeaderAlsoWithoutRows) {
    columns::Stream set = rows({});
    EXPECT_EQ(to_csv(set), "id,name\n");
}

TEST_F(ResultTextTest, CsvHasNoEmptyLines) {
    columns::Stream set = texts({"a", "", nullptr, "c"});
    EXPECT_EQ(to_csv(set), "x\na\n\"\"\n\"\"\nc\n");
    columns::Stream nameless = texts({"a"}, "");
    EXPECT_EQ(to_csv(nameless), "\"\"\na\n");
}

TEST_F(ResultTextTest, CsvIsUtf8) {
    columns::Stream set = texts({"caf\xE9", "\xFF\",\xC3", "gr\xC3\xB6\xC3\x9F"});
    EXPECT_EQ(to_csv(set), "x\ncaf\uFFFD\n\"\uFFFD\"\",\uFFFD\"\ngröß\n");
}

TEST_F(ResultTextTest, IsABox) {
    columns::Stream set = rows({{1, "größe"}, {200, nullptr}, {3, "a\nb"}});
    EXPECT_EQ(to_box(set),
              "+-----+-------+\n"
              "| id  | name  |\n"
              "+-----+-------+\n"
              "|   1 | größe |\n"
              "| 200 | NULL  |\n"
              "|   3 | a b   |\n"
              "+-----+-------+\n");
}

TEST_F(ResultTextTest, ABoxCountsTheColumnsOfATerminal) {
    columns::Stream set = rows({{1, "日本"}, {2, "e\u0301"}, {3, "😀!"}}, {"番", "name"});
    EXPECT_EQ(to_box(set),
              "+----+------+\n"
              "| 番 | name |\n"
              "+----+------+\n"
              "|  1 | 日本 |\n"
              "|  2 | e\u0301    |\n"
              "|  3 | 😀!  |\n"
              "+----+------+\n");
}

TEST_F(ResultTextTest, NoControlCharacterLeavesABox) {
    columns::Stream set = texts({"\x1b[31mred", "a\x7f", "\xC2\x9B", "\u202Eb", "\xFF", "a\u2028b"}, "n\x1bm\n");
    EXPECT_EQ(to_box(set),
              "+----------+\n"
              "| n␛m      |\n"
              "+----------+\n"
              "| ␛[31mred |\n"
              "| a␡       |\n"
              "| \uFFFD        |\n"
              "| \uFFFDb       |\n"
              "| \uFFFD        |\n"
              "| a b      |\n"
              "+----------+\n");
}

}  // namespace
}  // namespace kdeps::sql
