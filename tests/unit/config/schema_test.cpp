// SPDX-License-Identifier: Apache-2.0
// Faults against a JSON Schema, in the words that users of KDeps look for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_fixture.hpp"

namespace kdeps::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> faults(std::string_view schema, std::string_view yaml) {
    Document document(yaml);
    check(document.root(), Schema(schema), "run.sql", document.faults);
    return document.lines();
}

TEST(Schema, ListsTheOptionsOfAnEnum) {
    EXPECT_THAT(
        faults(R"({"properties": {"format": {"type": "string", "enum": ["json", "csv", "table"]}}})", "format: cvs\n"),
        ElementsAre("1:9: error: run.sql.format: 'cvs' is not accepted (did you mean 'csv'?). Available options: "
                    "[json, csv, table]"));
}

TEST(Schema, NamesTheTypeThatItExpects) {
    const char* schema =
        R"({"properties": {"query": {"type": "string", "examples": ["SELECT 1"]}, "maxRows": {"type": "integer"}, "list": {"type": ["array", "string"]}}})";
    EXPECT_THAT(faults(schema, "query: 5\n"),
                ElementsAre("1:8: error: run.sql.query: given integer '5'. Expected type: string. Example: SELECT 1"));
    EXPECT_THAT(faults(schema, "maxRows: many\n"),
                ElementsAre("1:10: error: run.sql.maxRows: given string 'many'. Expected type: integer"));
    EXPECT_THAT(faults(schema, "list: {a: 1}\n"),
                ElementsAre("1:8: error: run.sql.list: given object. Expected type: array or string"));
}

TEST(Schema, TakesQuotedNumbersAndBooleans) {
    const char* schema =
        R"({"properties": {"n": {"type": "integer", "maximum": 9}, "b": {"type": "boolean"}, "d": {"type": "number"}}})";
    EXPECT_THAT(faults(schema, "n: '5'\nb: 'true'\nd: \"1.5\"\n"), IsEmpty());
    EXPECT_THAT(faults(schema, "n: '50'\n"), ElementsAre("1:4: error: run.sql.n: '50' must be at most 9"));
    EXPECT_THAT(faults(schema, "b: '1'\n"),
                ElementsAre("1:4: error: run.sql.b: given string '1'. Expected type: boolean"));
}

TEST(Schema, TakesAnExpressionForAnyTypeUnlessTheValueIsLiteral) {
    EXPECT_THAT(faults(R"({"properties": {"n": {"type": "integer"}}})", "n: \"{{ get('n') }}\"\n"), IsEmpty());
    EXPECT_THAT(faults(R"({"properties": {"n": {"type": "integer", "x-kdeps-read": "literal"}}})", "n: \"{{ 1 }}\"\n"),
                ElementsAre("1:4: error: run.sql.n: given string '{{ 1 }}'. Expected type: integer"));
}

TEST(Schema, NamesWhatIsRequired) {
    EXPECT_THAT(faults(R"({"required": ["query", "name"], "properties": {"query": {}, "name": {}}})", "name: x\n"),
                ElementsAre("1:1: error: run.sql: query is required"));
}

TEST(Schema, SaysTheRangeOfANumber) {
    const char* schema =
        R"({"properties": {"port": {"type": "integer", "minimum": 1, "maximum": 65535}, "least": {"minimum": 0}}})";
    EXPECT_THAT(faults(schema, "port: 70000\nleast: -1\n"),
                ElementsAre("1:7: error: run.sql.port: '70000' must be between 1 and 65535",
                            "2:8: error: run.sql.least: '-1' must be at least 0"));
}

TEST(Schema, ExplainsAPatternByItsHint) {
    EXPECT_THAT(
        faults(
            R"({"properties": {"path": {"type": "string", "pattern": "^/", "x-kdeps-hint": "Must start with '/'", "examples": ["/a"]}}})",
            "path: a\n"),
        ElementsAre("1:7: error: run.sql.path: 'a' Must start with '/'. Example: /a"));
    EXPECT_THAT(faults(R"({"properties": {"path": {"pattern": "^/"}}})", "path: a\n"),
                ElementsAre("1:7: error: run.sql.path: 'a' does not match ^/"));
}

TEST(Schema, WarnsOfUnknownKeysWithASuggestion) {
    EXPECT_THAT(faults(R"({"properties": {"query": {}}})", "query: x\nqurey: y\nother: z\n"),
                ElementsAre("2:1: warning: unknown key 'run.sql.qurey' (did you mean 'query'?)",
                            "3:1: warning: unknown key 'run.sql.other'"));
    EXPECT_THAT(faults(R"({"properties": {"query": {}}, "additionalProperties": true})", "other: z\n"), IsEmpty());
}

TEST(Schema, ChecksElementsAndFurtherPropertiesByTheirPlace) {
    EXPECT_THAT(
        faults(
            R"({"properties": {"queries": {"type": "array", "items": {"required": ["query"], "properties": {"query": {"type": "string"}}}}}})",
            "queries:\n  - query: 5\n  - {}\n"),
        ElementsAre("2:12: error: run.sql.queries[0].query: given integer '5'. Expected type: string",
                    "3:5: error: run.sql.queries[1]: query is required"));
    EXPECT_THAT(faults(R"({"additionalProperties": {"type": "object"}})", "main: text\n"),
                ElementsAre("1:7: error: run.sql.main: given string 'text'. Expected type: object"));
}

TEST(Schema, HidesThePasswordOfAUrlThatStandsWhereItDoesNotBelong) {
    EXPECT_THAT(faults(R"({"properties": {"pool": {"type": "object"}}})", "pool: postgres://me:secret@h/db\n"),
                ElementsAre("1:7: error: run.sql.pool: given string 'postgres://me:***@h/db'. Expected type: object"));
}

TEST(Schema, TellsHowStringsAreReadAlsoFurtherDown) {
    const Schema schema(
        R"({"x-kdeps-read": "template", "properties": {"a": {"items": {}}, "b": {"x-kdeps-read": "literal"}}})");
    EXPECT_EQ(schema.property("a").items().read(), "template");
    EXPECT_EQ(schema.property("b").read(), "literal");
    EXPECT_EQ(schema.property("unknown").read(), "template");
    EXPECT_EQ(Schema().read(), "value");
}

TEST(Schema, RefusesTextThatIsNoObject) {
    try {
        const Schema schema("[1]");
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.message, "a JSON Schema must be an object");
    }
}

}  // namespace
}  // namespace kdeps::config
