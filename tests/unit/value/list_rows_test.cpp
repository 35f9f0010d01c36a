// SPDX-License-Identifier: Apache-2.0
#include "core/value/list_rows.hpp"

#include <gtest/gtest.h>

#include <kdeps/cpp/stream.hpp>

#include "core/value/json.hpp"

namespace kdeps::value {
namespace {

// The formats of the columns, then the rows; "none" where the list is no such table.
std::string exported(const std::string& json) {
    ArrowArrayStream raw{};
    if (!export_list_rows(parse_json(json).list(), &raw)) return "none";
    columns::Stream stream(&raw);
    ArrowSchema raw_schema{};
    ArrowArray raw_batch{};
    EXPECT_EQ(stream->get_schema(stream.get(), &raw_schema), 0);
    EXPECT_EQ(stream->get_next(stream.get(), &raw_batch), 0);
    const columns::Schema schema(&raw_schema);
    const columns::Array batch(&raw_batch);
    std::string out;
    for (std::int64_t i = 0; i < schema->n_children; ++i) {
        out += std::string(schema->children[i]->name) + ":" + schema->children[i]->format + " ";
    }
    for (std::int64_t row = 0; row < batch->length; ++row) {
        out += '[';
        for (std::int64_t i = 0; i < schema->n_children; ++i) {
            if (i > 0) out += ',';
            columns::ColumnReader(*schema->children[i], *batch->children[i]).append_json(row, out);
        }
        out += ']';
    }
    return out;
}

TEST(ListRows, HaveTheTypesOfTheFirstRow) {
    EXPECT_EQ(exported(R"([[1,"a",true,0.5],[2,"b",false,1.5]])"),
              R"(1:l 2:u 3:b 4:g [1,"a",true,0.5][2,"b",false,1.5])");
}

TEST(ListRows, MayHaveNulls) {
    EXPECT_EQ(exported(R"([[1,"a"],[null,null]])"), R"(1:l 2:u [1,"a"][null,null])");
    EXPECT_EQ(exported(R"([[null,"a"],[1,null]])"), R"(1:l 2:u [null,"a"][1,null])");
    EXPECT_EQ(exported("[[null],[null]]"), "1:n [null][null]");
}

TEST(ListRows, OfSeveralTypesAreUnions) {
    EXPECT_EQ(exported(R"([[1,"a"],[0.5,"b"],["x","c"]])"), R"(1:+ud:0,1,2 2:u [1,"a"][0.5,"b"]["x","c"])");
}

TEST(ListRows, AreListsOfOneSizeOfScalars) {
    for (const char* json : {"[]", "[[]]", "[1]", "[[1],[1,2]]", "[[1],{}]", "[[[1]]]", R"([[1],[{"a":1}]])"}) {
        EXPECT_EQ(exported(json), "none") << json;
    }
}

}  // namespace
}  // namespace kdeps::value
