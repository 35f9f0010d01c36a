// SPDX-License-Identifier: Apache-2.0
#include "core/value/table.hpp"

#include <gtest/gtest.h>

#include "core/base/base.hpp"
#include "core/value/value.hpp"
#include "tests/unit/value/columns_fixture.hpp"

namespace kdeps::value {
namespace {

TablePtr make_table(std::vector<std::vector<TestRow>> batches, int& released) {
    ArrowArrayStream stream;
    make_stream(std::move(batches), &released, &stream);
    TablePtr table = Table::from_stream(&stream);
    EXPECT_EQ(stream.release, nullptr);
    return table;
}

TEST(Table, ReadsCellsAcrossBatches) {
    int released = 0;
    const TablePtr table = make_table({{{1, "Ada"}, {2, std::nullopt}}, {}, {{3, "Bob"}}}, released);
    ASSERT_EQ(table->row_count(), 3U);
    ASSERT_EQ(table->column_count(), 2U);
    EXPECT_EQ(table->column_name(1), "name");
    EXPECT_EQ(table->column_index("id"), 0U);
    EXPECT_EQ(table->column_index("nope"), std::nullopt);
    EXPECT_EQ(table->cell(0, 1), Value("Ada"));
    EXPECT_EQ(table->cell(1, 1), Value());
    EXPECT_EQ(table->cell(2, 0), Value(3));
}

TEST(Table, WritesJsonInColumnOrder) {
    int released = 0;
    const TablePtr table = make_table({{{1, "A\"da"}, {2, std::nullopt}}, {{3, "Bob"}}}, released);
    std::string out;
    table->append_json(out);
    EXPECT_EQ(out, R"([{"id":1,"name":"A\"da"},{"id":2,"name":null},{"id":3,"name":"Bob"}])");
    EXPECT_EQ(to_json(Value::row(table, 2)), R"({"id":3,"name":"Bob"})");
}

TEST(Table, IsAnEmptyListWithoutRows) {
    int released = 0;
    const Value value = Value::table(make_table({}, released));
    EXPECT_EQ(value.size(), 0U);
    EXPECT_EQ(to_json(value), "[]");
    EXPECT_EQ(value, Value::list({}));
}

TEST(Table, ActsAsAListOfMaps) {
    int released = 0;
    const Value table = Value::table(make_table({{{1, "Ada"}}}, released));
    Map row;
    row.set("name", "Ada");
    row.set("id", 1);
    EXPECT_EQ(table, Value::list({Value::map(row)}));
    EXPECT_TRUE(table.at(0).is_row());
    EXPECT_EQ(table.at(0).key_at(0), "id");
    EXPECT_EQ(table.at(0).find("name"), Value("Ada"));
    EXPECT_EQ(table.at(0).find("nope"), std::nullopt);
}

TEST(Table, ReleasesItsBuffersWithTheLastRow) {
    int released = 0;
    Value row;
    {
        const Value table = Value::table(make_table({{{1, "Ada"}}, {{2, "Bob"}}}, released));
        row = table.at(1);
    }
    EXPECT_EQ(released, 0);
    EXPECT_EQ(row.find("name"), Value("Bob"));
    row = Value();
    EXPECT_EQ(released, 2);
}

TEST(Table, ExportsAStreamThatReadsBackTheSame) {
    int released = 0;
    TablePtr table = make_table({{{1, "Ada"}, {2, std::nullopt}}, {{3, "Bob"}}}, released);
    ArrowArrayStream stream;
    Table::export_stream(table, &stream);
    const Value original = Value::table(table);
    const Value copy = Value::table(Table::from_stream(&stream));
    EXPECT_EQ(original, copy);
}

// Arrow C data interface, "Moving child arrays": the consumer takes a child and releases the parent before it reads.
TEST(Table, KeepsAChildThatWasMovedOutOfAnExportedBatch) {
    int released = 0;
    TablePtr table = make_table({{{7, "Ada"}, {8, "Bob"}}}, released);
    ArrowArrayStream stream;
    Table::export_stream(table, &stream);
    ArrowArray batch;
    ASSERT_EQ(stream.get_next(&stream, &batch), 0);
    ArrowArray child = *batch.children[0];
    batch.children[0]->release = nullptr;
    batch.release(&batch);
    stream.release(&stream);

    EXPECT_EQ(table->cell(1, 0), Value(8)) << "the table itself must not notice";
    table.reset();
    EXPECT_EQ(released, 0);
    EXPECT_EQ(static_cast<const std::int64_t*>(child.buffers[1])[1], 8);
    child.release(&child);
    EXPECT_EQ(child.release, nullptr);
    EXPECT_EQ(released, 1);
}

TEST(Table, ExportsTheSameBatchesTwice) {
    int released = 0;
    TablePtr table = make_table({{{7, "Ada"}}}, released);
    for (int i = 0; i < 2; ++i) {
        ArrowArrayStream stream;
        Table::export_stream(table, &stream);
        EXPECT_EQ(Table::from_stream(&stream)->cell(0, 1), Value("Ada"));
    }
    EXPECT_EQ(released, 0);
    table.reset();
    EXPECT_EQ(released, 1);
}

TEST(Table, RefusesAStreamThatIsNotOfStructs) {
    int released = 0;
    ArrowArrayStream stream;
    make_stream({}, &released, &stream);
    stream.get_schema = [](ArrowArrayStream*, ArrowSchema* schema) {
        *schema = {"l", "", nullptr, 0, 0, nullptr, nullptr, [](ArrowSchema* s) { s->release = nullptr; }, nullptr};
        return 0;
    };
    try {
        Table::from_stream(&stream);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.message, "a result set must be a stream of structs");
    }
    EXPECT_EQ(stream.release, nullptr);
}

}  // namespace
}  // namespace kdeps::value
