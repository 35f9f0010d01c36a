// SPDX-License-Identifier: Apache-2.0
// Columns that are built row by row, read back cell by cell, and their Arrow buffers.
#include <gtest/gtest.h>

#include <cstdint>
#include <kdeps/cpp/row_builder.hpp>
#include <kdeps/cpp/stream.hpp>
#include <limits>

namespace kdeps::columns {
namespace {

// A finished batch with its schema.
struct Finished {
    explicit Finished(RowBuilder& rows) {
        rows.schema(schema.get());
        rows.finish(batch.get());
    }

    ColumnReader column(std::int64_t i) const { return {*schema->children[i], *batch->children[i]}; }
    std::string json(std::int64_t i) const {
        std::string out;
        for (std::int64_t row = 0; row < batch->length; ++row) {
            out += row == 0 ? "" : " ";
            column(i).append_json(row, out);
        }
        return out;
    }
    const ArrowArray& array(std::int64_t i) const { return *batch->children[i]; }
    std::string format(std::int64_t i) const { return schema->children[i]->format; }

    Schema schema;
    Array batch;
};

struct IntegerCase {
    Type type;
    std::int64_t least;
    std::int64_t most;
    std::string format;
    std::string json;
};

class RowBuilderIntegers : public ::testing::TestWithParam<IntegerCase> {};

TEST_P(RowBuilderIntegers, KeepLimitsAndNulls) {
    RowBuilder rows({{"n", GetParam().type}});
    for (const std::int64_t value : {GetParam().least, std::int64_t{0}, GetParam().most}) {
        rows[0].integer(value);
        rows.end_row();
    }
    rows[0].null();
    rows.end_row();
    const Finished out(rows);
    EXPECT_EQ(out.format(0), GetParam().format);
    EXPECT_EQ(out.json(0), GetParam().json);
    EXPECT_EQ(out.array(0).null_count, 1);
    EXPECT_EQ(out.array(0).n_buffers, 2);
}

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

INSTANTIATE_TEST_SUITE_P(
    All, RowBuilderIntegers,
    ::testing::Values(IntegerCase{Type::int8, -128, 127, "c", "-128 0 127 null"},
                      IntegerCase{Type::int16, -32768, 32767, "s", "-32768 0 32767 null"},
                      IntegerCase{Type::int32, INT32_MIN, INT32_MAX, "i", "-2147483648 0 2147483647 null"},
                      IntegerCase{Type::int64, kLeast, kMost, "l", "-9223372036854775808 0 9223372036854775807 null"},
                      IntegerCase{Type::uint8, 1, 255, "C", "1 0 255 null"},
                      IntegerCase{Type::uint16, 1, 65535, "S", "1 0 65535 null"},
                      IntegerCase{Type::uint32, 1, UINT32_MAX, "I", "1 0 4294967295 null"},
                      IntegerCase{Type::uint64, 1, -1, "L", "1 0 18446744073709551615 null"},
                      IntegerCase{Type::date, INT32_MIN, 19737, "tdD", R"("-infinity" "1970-01-01" "2024-01-15" null)"},
                      IntegerCase{Type::time, 1, 86'399'999'999, "ttu",
                                  R"("00:00:00.000001" "00:00:00" "23:59:59.999999" null)"},
                      IntegerCase{Type::timestamp, -1, kMost,
                                  "tsu:", R"("1969-12-31T23:59:59.999999" "1970-01-01T00:00:00" "infinity" null)"},
                      IntegerCase{Type::timestamp_utc, kLeast, 1, "tsu:UTC",
                                  R"("-infinity" "1970-01-01T00:00:00Z" "1970-01-01T00:00:00.000001Z" null)"}));

TEST(RowBuilder, KeepsFloats) {
    RowBuilder rows({{"f", Type::float32}, {"g", Type::float64}});
    for (const double value : {0.1, -1e300, std::numeric_limits<double>::infinity()}) {
        rows[0].number(value);
        rows[1].number(value);
        rows.end_row();
    }
    const Finished out(rows);
    EXPECT_EQ(out.json(0), "0.1 null null");
    EXPECT_EQ(out.json(1), "0.1 -1e+300 null");
    EXPECT_EQ(out.format(0), "f");
    EXPECT_EQ(out.format(1), "g");
}

TEST(RowBuilder, KeepsBooleansAcrossBytes) {
    RowBuilder rows({{"b", Type::boolean}});
    std::string expected;
    for (int i = 0; i < 19; ++i) {
        if (i % 5 == 4) {
            rows[0].null();
        } else {
            rows[0].boolean(i % 3 == 0);
        }
        rows.end_row();
        expected += std::string(i == 0 ? "" : " ") + (i % 5 == 4 ? "null" : i % 3 == 0 ? "true" : "false");
    }
    const Finished out(rows);
    EXPECT_EQ(out.json(0), expected);
    EXPECT_EQ(out.array(0).null_count, 3);
}

TEST(RowBuilder, KeepsTextBytesDecimalAndJson) {
    RowBuilder rows({{"t", Type::text}, {"z", Type::bytes}, {"d", Type::decimal}, {"j", Type::json}});
    using namespace std::string_view_literals;
    rows[0].text("h\u00e9\0\""sv);
    rows[1].text("\x00\xff"sv);
    rows[2].text("12345678901234567890.10");
    rows[3].text(R"({"a":[1]})");
    rows.end_row();
    for (std::size_t i = 0; i < 4; ++i) rows[i].null();
    rows.end_row();
    for (std::size_t i = 0; i < 2; ++i) rows[i].text("");
    rows[2].text("0");
    rows[3].text("1");
    rows.end_row();
    const Finished out(rows);
    EXPECT_EQ(out.json(0), "\"h\u00e9\\u0000\\\"\" null \"\"");
    EXPECT_EQ(out.json(1), R"("AP8=" null "")");
    EXPECT_EQ(out.json(2), "12345678901234567890.10 null 0");
    EXPECT_EQ(out.json(3), R"({"a":[1]} null 1)");
    EXPECT_EQ(metadata_value(*out.schema->children[2], kExtensionKey), kDecimalExtension);
    EXPECT_EQ(metadata_value(*out.schema->children[3], kExtensionKey), kJsonExtension);
    EXPECT_EQ(out.column(2).type(), Type::decimal);
    EXPECT_EQ(out.column(3).type(), Type::json);
    EXPECT_EQ(out.array(0).n_buffers, 3);
    const auto* offsets = static_cast<const std::int32_t*>(out.array(0).buffers[1]);
    EXPECT_EQ(std::vector<std::int32_t>(offsets, offsets + 4), (std::vector<std::int32_t>{0, 5, 5, 5}));
}

TEST(RowBuilder, WritesTextInPlace) {
    RowBuilder rows({{"t", Type::text}});
    std::memcpy(rows[0].text_room(3), "abc", 3);
    rows.end_row();
    rows[0].text_room(0);
    rows.end_row();
    EXPECT_EQ(Finished(rows).json(0), R"("abc" "")");
}

TEST(RowBuilder, LeavesOutTheBitmapWhereNothingIsNull) {
    RowBuilder rows({{"n", Type::int64}, {"t", Type::text}});
    rows[0].integer(1);
    rows[1].text("x");
    rows.end_row();
    const Finished out(rows);
    EXPECT_EQ(out.array(0).buffers[0], nullptr);
    EXPECT_EQ(out.array(1).buffers[0], nullptr);
    EXPECT_EQ(out.array(0).null_count, 0);
}

TEST(RowBuilder, MarksEachNullInTheBitmap) {
    RowBuilder rows({{"n", Type::int32}});
    for (int i = 0; i < 10; ++i) {
        if (i == 0 || i == 9) {
            rows[0].integer(i);
        } else {
            rows[0].null();
        }
        rows.end_row();
    }
    const Finished out(rows);
    const auto* bits = static_cast<const std::uint8_t*>(out.array(0).buffers[0]);
    EXPECT_EQ(bits[0], 1);
    EXPECT_EQ(bits[1], 2);
    EXPECT_EQ(out.array(0).null_count, 8);
}

TEST(RowBuilder, KnowsColumnsOfNullsOnly) {
    RowBuilder rows({{"n", Type::null}});
    rows[0].null();
    rows.end_row();
    const Finished out(rows);
    EXPECT_EQ(out.format(0), "n");
    EXPECT_EQ(out.array(0).n_buffers, 0);
    EXPECT_EQ(out.array(0).null_count, 1);
    EXPECT_EQ(out.json(0), "null");
}

TEST(RowBuilder, GivesNoRowsWithValidBuffers) {
    RowBuilder rows({{"n", Type::int64}, {"t", Type::text}, {"v", Type::variant}});
    const Finished out(rows);
    EXPECT_EQ(out.batch->length, 0);
    EXPECT_EQ(out.schema->n_children, 3);
    EXPECT_NE(out.array(0).buffers[1], nullptr);
    EXPECT_EQ(static_cast<const std::int32_t*>(out.array(1).buffers[1])[0], 0);
    EXPECT_EQ(out.array(2).n_children, 0);
}

TEST(RowBuilder, BeginsAgainAfterFinish) {
    RowBuilder rows({{"n", Type::int64}, {"t", Type::text}, {"b", Type::boolean}});
    for (int batch = 0; batch < 3; ++batch) {
        rows[0].integer(batch);
        rows[1].text(std::to_string(batch));
        rows[2].boolean(batch == 1);
        rows.end_row();
        rows[0].null();
        rows[1].null();
        rows[2].null();
        rows.end_row();
        const Finished out(rows);
        EXPECT_EQ(out.json(0), std::to_string(batch) + " null");
        EXPECT_EQ(out.json(1), "\"" + std::to_string(batch) + "\" null");
        EXPECT_EQ(out.json(2), batch == 1 ? "true null" : "false null");
        EXPECT_EQ(out.array(0).null_count, 1);
        EXPECT_EQ(rows.rows(), 0);
    }
}

TEST(RowBuilder, LetsAConsumerTakeOneColumn) {
    RowBuilder rows({{"a", Type::text}, {"b", Type::text}});
    rows[0].text("a");
    rows[1].text("b");
    rows.end_row();
    Array taken;
    {
        Finished out(rows);
        taken = Array(out.batch->children[0]);
    }
    const auto* offsets = static_cast<const std::int32_t*>(taken->buffers[1]);
    EXPECT_EQ(offsets[1], 1);
    EXPECT_EQ(*static_cast<const char*>(taken->buffers[2]), 'a');
}

TEST(RowBuilder, SharesOneLayoutAmongSchemas) {
    const Layout layout({{"a", Type::decimal}, {"v", Type::variant}, {"b", Type::text}});
    Schema taken;
    {
        ArrowSchema raw{};
        RowBuilder(layout).schema(&raw);
        const Schema schema(&raw);
        EXPECT_EQ(std::string_view(schema->children[1]->format), "+ud:");
        taken = Schema(schema->children[0]);  // outlives the rest
    }
    EXPECT_EQ(std::string_view(taken->name), "a");
    EXPECT_EQ(metadata_value(*taken, kExtensionKey), kDecimalExtension);
    ArrowSchema again{};
    RowBuilder(layout).schema(&again);
    const Schema second(&again);
    EXPECT_EQ(second->children[0]->name, taken->name);
    EXPECT_EQ(std::string_view(second->children[2]->format), "u");
}

TEST(RowBuilder, MakesTheBitmapWithTheFirstNull) {
    for (int first : {0, 1, 7, 8, 9, 16}) {
        RowBuilder rows({{"n", Type::int32}});
        for (int i = 0; i < 20; ++i) {
            if (i == first || i == first + 2) {
                rows[0].null();
            } else {
                rows[0].integer(i);
            }
            rows.end_row();
        }
        const Finished out(rows);
        const ColumnReader reader(*out.schema->children[0], *out.batch->children[0]);
        for (int i = 0; i < 20; ++i) EXPECT_EQ(reader.is_null(i), i == first || i == first + 2) << first << " " << i;
    }
}

void write_mixed(ColumnBuilder& column) {
    column.null();
    column.integer(7);
    column.text("x");
    column.number(0.5);
    column.variant(Type::bytes).text("\x01");
    column.boolean(true);
    column.variant(Type::json).text("[1]");
    column.integer(8);
}
constexpr std::string_view kMixed = R"(null 7 "x" 0.5 "AQ==" true [1] 8)";

TEST(RowBuilder, MixesTypesInAVariant) {
    RowBuilder rows({{"v", Type::variant}});
    write_mixed(rows[0]);
    for (int i = 0; i < 8; ++i) rows.end_row();
    const Finished out(rows);
    EXPECT_EQ(out.format(0), "+ud:0,1,2,3,4,5,6");
    EXPECT_EQ(out.json(0), kMixed);
    EXPECT_EQ(out.array(0).n_buffers, 2);
    EXPECT_EQ(out.array(0).null_count, 0);  // a union has no bitmap: its children tell
    EXPECT_TRUE(out.column(0).is_null(0));
    EXPECT_EQ(out.column(0).type_at(6), Type::json);
    const auto* ids = static_cast<const std::int8_t*>(out.array(0).buffers[0]);
    EXPECT_EQ(std::vector<std::int8_t>(ids, ids + 8), (std::vector<std::int8_t>{0, 1, 2, 3, 4, 5, 6, 1}));
    EXPECT_EQ(static_cast<const std::int32_t*>(out.array(0).buffers[1])[7], 1);
}

TEST(RowBuilder, KeepsOneSchemaForAllBatchesOfVariants) {
    RowBuilder rows({{"v", Type::variant}});
    rows[0].set_variants({Type::null, Type::int64, Type::text});
    Schema before;
    rows.schema(before.get());
    for (int batch = 0; batch < 2; ++batch) {
        batch == 0 ? rows[0].integer(1) : rows[0].text("one");
        rows.end_row();
        const Finished out(rows);
        EXPECT_STREQ(before->children[0]->format, "+ud:0,1,2");
        EXPECT_EQ(out.format(0), "+ud:0,1,2");
        EXPECT_EQ(out.json(0), batch == 0 ? "1" : "\"one\"");
    }
}

TEST(RowBuilder, CountsTheBytesOfVariants) {
    RowBuilder rows({{"v", Type::variant}});
    rows[0].text(std::string(100'000, 'x'));
    rows.end_row();
    EXPECT_GT(rows.bytes(), 100'000U);
}

struct CollapseCase {
    std::string what;
    void (*write)(ColumnBuilder&);
    int rows;
    Type type;
    std::string json;
};

class Collapse : public ::testing::TestWithParam<CollapseCase> {};

TEST_P(Collapse, GivesTheOneTypeOfAllCells) {
    for (const bool has_variants : {false, true}) {
        RowBuilder rows({{"v", Type::variant}});
        if (has_variants)
            rows[0].set_variants({Type::null, Type::int64, Type::float64, Type::text, Type::bytes, Type::boolean});
        GetParam().write(rows[0]);
        for (int i = 0; i < GetParam().rows; ++i) rows.end_row();
        rows[0].collapse();
        const Finished out(rows);
        EXPECT_EQ(out.column(0).type(), GetParam().type) << GetParam().what;
        EXPECT_EQ(out.json(0), GetParam().json) << GetParam().what;
        EXPECT_EQ(out.array(0).length, GetParam().rows);
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, Collapse,
    ::testing::Values(
        CollapseCase{"no rows", [](ColumnBuilder&) {}, 0, Type::null, ""},
        CollapseCase{"nulls", [](ColumnBuilder& c) { c.null(), c.null(); }, 2, Type::null, "null null"},
        CollapseCase{"integers", [](ColumnBuilder& c) { c.integer(1), c.integer(2); }, 2, Type::int64, "1 2"},
        CollapseCase{"integers and nulls", [](ColumnBuilder& c) { c.null(), c.integer(1), c.null(), c.integer(2); }, 4,
                     Type::int64, "null 1 null 2"},
        CollapseCase{"numbers and nulls", [](ColumnBuilder& c) { c.number(0.5), c.null(); }, 2, Type::float64,
                     "0.5 null"},
        CollapseCase{"text and nulls", [](ColumnBuilder& c) { c.text("a"), c.null(), c.text(""), c.text("bc"); }, 4,
                     Type::text, R"("a" null "" "bc")"},
        CollapseCase{"bytes and nulls", [](ColumnBuilder& c) { c.null(), c.variant(Type::bytes).text("a"); }, 2,
                     Type::bytes, R"(null "YQ==")"},
        CollapseCase{"booleans and nulls",
                     [](ColumnBuilder& c) {
                         for (int i = 0; i < 10; ++i) i == 3 ? c.null() : c.boolean(i % 2 == 0);
                     },
                     10, Type::boolean, "true false true null true false true false true false"},
        CollapseCase{"json", [](ColumnBuilder& c) { c.variant(Type::json).text("{}"), c.null(); }, 2, Type::json,
                     "{} null"},
        CollapseCase{"mixed", write_mixed, 8, Type::variant, std::string(kMixed)}),
    [](const auto& instance) {
        std::string name = instance.param.what;
        std::replace(name.begin(), name.end(), ' ', '_');
        return name;
    });

TEST(BuiltRowsSource, GivesItsBatchOnce) {
    RowBuilder rows({{"n", Type::int64}});
    rows[0].integer(1);
    rows.end_row();
    BuiltRows source(std::move(rows));
    Schema schema;
    source.schema(schema.get());
    EXPECT_STREQ(schema->children[0]->name, "n");
    Array batch;
    EXPECT_TRUE(source.next(batch.get()));
    EXPECT_EQ(batch->length, 1);
    ArrowArray none{};
    EXPECT_FALSE(source.next(&none));
}

}  // namespace
}  // namespace kdeps::columns
