// SPDX-License-Identifier: Apache-2.0
// Result sets as tables, csv and boxed text, within their limits.
#include "result.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sql/host.hpp"

namespace kdeps::sql {
namespace {

using columns::Column;
using columns::Type;

struct ResultTest : ::testing::Test {
    // A set with the columns id and name.
    columns::Stream rows(const std::vector<std::pair<std::int64_t, const char*>>& lines,
                         const std::vector<std::string>& names = {"id", "name"}) {
        columns::RowBuilder builder({Column{names[0], Type::int64}, Column{names[1], Type::text}});
        for (const auto& [id, name] : lines) {
            builder[0].integer(id);
            if (name == nullptr) {
                builder[1].null();
            } else {
                builder[1].text(name);
            }
            builder.end_row();
        }
        ArrowArrayStream stream{};
        make_stream(std::make_unique<BuiltRows>(std::move(builder)), call, &stream);
        return columns::Stream(&stream);
    }
    std::string read(columns::Stream set, Format format, std::optional<std::size_t> max_rows = std::nullopt,
                     std::size_t max_bytes = 1U << 20) {
        try {
            Taken taken;
            return testing::json(read_rows(call, std::move(set), format, {max_rows, max_bytes}, {}, taken).get());
        } catch (const Error& error) {
            return std::to_string(error.status) + " " + error.message;
        }
    }

    Host host{testing::host()};
    testing::HostCall owner{"query"};
    Call call{host, owner.get()};
};

TEST_F(ResultTest, IsATable) {
    EXPECT_EQ(read(rows({{1, "a"}, {2, nullptr}}), Format::json), R"([{"id":1,"name":"a"},{"id":2,"name":null}])");
    EXPECT_EQ(read(rows({}), Format::json), "[]");
}

TEST_F(ResultTest, NumbersColumnsOfOneName) {
    EXPECT_EQ(read(rows({{1, "a"}}, {"x", "x"}), Format::json), R"([{"x":1,"x_2":"a"}])");
}

TEST_F(ResultTest, StopsAfterMaxRows) {
    EXPECT_EQ(read(rows({{1, "a"}, {2, "b"}, {3, "c"}}), Format::json, 2),
              R"([{"id":1,"name":"a"},{"id":2,"name":"b"}])");
    EXPECT_EQ(read(rows({{1, "a"}}), Format::json, 0), "[]");
    EXPECT_EQ(read(rows({{1, "a"}, {2, "b"}}), Format::csv, 1), R"("id,name\n1,a\n")");
}

TEST_F(ResultTest, NamesTheSettingOfWhatIsTooLarge) {
    const std::string error =
        "15 the result is larger than maxResultBytes (10); select less, set maxRows, or raise maxResultBytes of the "
        "connection";
    EXPECT_EQ(read(rows({{1, "a long text"}}), Format::json, std::nullopt, 10), error);
    EXPECT_EQ(read(rows({{1, "a long text"}}), Format::csv, std::nullopt, 10), error);
}

TEST_F(ResultTest, CountsWithoutColumns) {
    kdeps_outcome outcome{};
    outcome.rows_affected = 3;
    outcome.last_insert_id = -1;
    EXPECT_EQ(testing::json(counts(call, outcome).get()), R"({"rowsAffected":3,"lastInsertID":null,"success":true})");
    outcome.last_insert_id = 7;
    EXPECT_EQ(testing::json(counts(call, outcome).get()), R"({"rowsAffected":3,"lastInsertID":7,"success":true})");
    EXPECT_EQ(testing::json(batch_counts(call, {1, -1, 2}).get()), R"({"rowsAffected":3,"batch":[1,null,2]})");
}

}  // namespace
}  // namespace kdeps::sql
