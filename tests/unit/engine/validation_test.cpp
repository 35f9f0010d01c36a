// SPDX-License-Identifier: Apache-2.0
// Validation of the request's input: the details name every fault.
#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.hpp"

namespace kdeps::engine {
namespace {

// "ok", or the message and the details.
std::string validate(std::string_view validations, const Request& request) {
    const Outcome outcome = Loaded("actionId: r\nvalidations: " + std::string(validations) +
                                   "\necho: {value: 5}\nonError: {action: continue}")
                                .run(request);
    if (!outcome.error) return "ok";
    EXPECT_EQ(outcome.error->code, "VALIDATION_ERROR");
    EXPECT_EQ(outcome.status, 400);
    EXPECT_EQ(outcome.error->resource, "r");
    return outcome.error->message + " " + outcome.error->details_json;
}

std::string rule(const std::string& rule_text, const std::string& json) {
    return validate("{fields: {f: " + rule_text + "}}", with_body(R"({"f": )" + json + "}"));
}

std::string type_fault(const std::string& message, const std::string& json, const char* type = "type") {
    return R"(Input validation failed {"errors":[{"field":"f","type":")" + std::string(type) + R"(","message":")" +
           message + R"(","value":)" + json + "}]}";
}

TEST(Validation, WantsRequiredFieldsThatAreNotEmpty) {
    EXPECT_EQ(validate("{required: [a, b, c]}", with_body(R"({"a": "x", "b": ""})")),
              R"(Input validation failed {"errors":[{"field":"b","type":"required","message":"field 'b' is required"},)"
              R"({"field":"c","type":"required","message":"field 'c' is required"}]})");
    Request request;
    request.query = {{"a", "1"}};
    request.headers = {{"B", "2"}};
    request.path_parameters = {{"c", "3"}};
    EXPECT_EQ(validate("{required: [a, b, c]}", request), "ok");
    EXPECT_EQ(validate("{required: [f]}", with_body(R"({"f": 0})")), "ok");
    EXPECT_EQ(validate("{required: [f.g]}", with_body(R"({"f": {"g": 1}})")), "ok");
}

TEST(Validation, ChecksTypes) {
    EXPECT_EQ(rule("{type: string}", "5"), type_fault("expected string, got number", "5"));
    EXPECT_EQ(rule("{type: integer}", "1.5"), type_fault("expected integer, got number", "1.5"));
    EXPECT_EQ(rule("{type: integer}", "\"12\""), "ok");
    EXPECT_EQ(rule("{type: number}", "\"x\""), type_fault("expected number, got string", "\"x\""));
    EXPECT_EQ(rule("{type: boolean}", "\"true\""), "ok");
    EXPECT_EQ(rule("{type: boolean}", "1"), type_fault("expected boolean, got number", "1"));
    EXPECT_EQ(rule("{type: array}", "{}"), type_fault("expected array, got object", "{}"));
    EXPECT_EQ(rule("{type: object}", "[]"), type_fault("expected object, got array", "[]"));
}

TEST(Validation, ChecksFormats) {
    EXPECT_EQ(rule("{type: email}", "\"a@b.example\""), "ok");
    EXPECT_EQ(rule("{type: email}", "\"a@\""), type_fault("invalid email format", "\"a@\""));
    EXPECT_EQ(rule("{type: uuid}", "\"123e4567-e89b-12d3-a456-426614174000\""), "ok");
    EXPECT_EQ(rule("{type: uuid}", "\"123\""), type_fault("invalid UUID format", "\"123\""));
    EXPECT_EQ(rule("{type: date}", "\"2024-02-29\""), "ok");
    EXPECT_EQ(rule("{type: date}", "\"2024-02-30\""),
              type_fault("invalid date format (expected RFC3339 or YYYY-MM-DD)", "\"2024-02-30\""));
    EXPECT_EQ(rule("{type: date}", "\"2024-02-29T10:30:00+01:00\""), "ok");
    EXPECT_EQ(rule("{type: email}", "\"Ada <ada@b.example>\""), "ok");
    EXPECT_EQ(rule("{type: uuid}", "\"urn:uuid:123e4567-e89b-12d3-a456-426614174000\""), "ok");
    EXPECT_EQ(rule("{type: url}", "\"http://a b\""), type_fault("invalid URL format", "\"http://a b\""));
    EXPECT_EQ(rule("{type: date}", "\"29.2.2024\""),
              type_fault("invalid date format (expected RFC3339 or YYYY-MM-DD)", "\"29.2.2024\""));
    EXPECT_EQ(rule("{type: url}", "\"https://a.example/x\""), "ok");
    EXPECT_EQ(rule("{type: url}", "\"ftp://a\""), type_fault("URL must start with http:// or https://", "\"ftp://a\""));
    EXPECT_EQ(rule("{type: url}", "\"http://\""), type_fault("URL must have a valid host", "\"http://\""));
}

TEST(Validation, ChecksLimits) {
    EXPECT_EQ(rule("{minLength: 3}", "\"äö\""), type_fault("must be at least 3 characters", "\"äö\"", "minLength"));
    EXPECT_EQ(rule("{maxLength: 2}", "\"äö\""), "ok");
    EXPECT_EQ(rule("{maxLength: 1}", "\"äö\""), type_fault("must be at most 1 characters", "\"äö\"", "maxLength"));
    EXPECT_EQ(rule("{pattern: '^[a-z]+$'}", "\"A\""),
              type_fault("does not match required pattern", "\"A\"", "pattern"));
    EXPECT_EQ(rule("{type: integer, min: 10}", "\"9\""), type_fault("must be at least 10", "\"9\"", "min"));
    EXPECT_EQ(rule("{max: 1.5}", "2"), type_fault("must be at most 1.5", "2", "max"));
    EXPECT_EQ(rule("{minItems: 1}", "[]"), type_fault("must have at least 1 items", "[]", "minItems"));
    EXPECT_EQ(rule("{maxItems: 1}", "[1,2]"), type_fault("must have at most 1 items", "[1,2]", "maxItems"));
    EXPECT_EQ(rule("{enum: [a, 1]}", "\"b\""), type_fault("must be one of: [a 1]", "\"b\"", "enum"));
    EXPECT_EQ(rule("{enum: [a, 1]}", "\"1\""), "ok");
    EXPECT_EQ(rule("{min: 1, message: too small}", "0"), type_fault("too small", "0", "min"));
    EXPECT_EQ(validate("{fields: {f: {type: integer}}}", with_body("{}")), "ok");  // absent and not required
}

TEST(Validation, TakesNullForAValueThatFails) {
    EXPECT_EQ(rule("{type: string}", "null"), type_fault("expected string, got null", "null"));
    EXPECT_EQ(rule("{type: integer}", "null"), type_fault("expected integer, got null", "null"));
    EXPECT_EQ(rule("{type: email, maxLength: 3}", "\"a@b.example\""),
              type_fault("must be at most 3 characters", "\"a@b.example\"", "maxLength"));
    EXPECT_EQ(rule("{type: number, minimum: 2, min: 1}", "1.5"), type_fault("must be at least 2", "1.5", "min"));
    EXPECT_EQ(rule("{type: number, maximum: 1, max: 2}", "1.5"), type_fault("must be at most 1", "1.5", "max"));
}

TEST(Validation, TakesAllThreeFormsOfRules) {
    const auto wrong = [](const std::string& forms) { return validate(forms, with_body(R"({"a": 1, "b": 1})")); };
    const std::string a = type_fault("expected string, got number", "1");
    const std::string of_a = std::string(a).replace(a.find("\"f\""), 3, "\"a\"");
    const std::string of_b = std::string(a).replace(a.find("\"f\""), 3, "\"b\"");
    EXPECT_EQ(wrong("{rules: [{field: a, type: string}]}"), of_a);
    EXPECT_EQ(wrong("{fields: {a: {type: string}}}"), of_a);
    EXPECT_EQ(wrong("{properties: {a: {type: string}}}"), of_a);
    EXPECT_EQ(wrong("{rules: [{field: a, type: string}], fields: {b: {type: string}}}"), of_b)
        << "the map replaces the list";
    EXPECT_EQ(wrong("{fields: {a: {type: string}}, properties: {b: {type: string}}}"), of_b) << "properties wins";
}

TEST(Validation, SeesOnlyWhatIsAllowed) {
    Request request = with_body(R"({"a": 1, "b": 1})");
    request.headers = {{"X-Key", "k"}};
    EXPECT_EQ(validate("{required: [a, X-Key], params: [a], headers: [x-key]}", request), "ok");
    EXPECT_EQ(
        validate("{required: [b], params: [a]}", request),
        R"(Input validation failed {"errors":[{"field":"b","type":"required","message":"field 'b' is required"}]})");
    EXPECT_EQ(
        validate("{required: [X-Key], headers: []}", request),
        R"(Input validation failed {"errors":[{"field":"X-Key","type":"required","message":"field 'X-Key' is required"}]})");
}

TEST(Validation, ListsEveryFaultAndEveryCustomRule) {
    EXPECT_EQ(
        validate("{required: [name], fields: {email: {type: email}, age: {type: number, min: 18}}}",
                 with_body(R"({"email": "x", "age": 10})")),
        R"(Input validation failed {"errors":[{"field":"name","type":"required","message":"field 'name' is required"},)"
        R"({"field":"email","type":"type","message":"invalid email format","value":"x"},)"
        R"({"field":"age","type":"min","message":"must be at least 18","value":10}]})");
    EXPECT_EQ(
        validate("{expr: [{expr: \"{{ 1 == 2 }}\", message: one}, {expr: \"''\", message: two}, {expr: \"0\", message: "
                 "three}, "
                 "{expr: \"'false'\", message: never}]}",
                 {}),
        R"(Custom validation failed {"errors":[{"type":"custom","message":"one"},{"type":"custom","message":"two"},)"
        R"({"type":"custom","message":"three"}]})");
}

TEST(Validation, WantsRulesOfTheRightForm) {
    const auto first_line = [](const std::string& validations) {
        const std::string report = Loaded("actionId: r\nvalidations: " + validations + "\necho: {}").report();
        return report.substr(0, report.find('\n'));
    };
    EXPECT_EQ(first_line("{rules: {a: 1}}"),
              "workflow.yaml:7:23: error: validations.rules: Expected type: array. Example: [{field: "
              "email, type: email}]");
    EXPECT_EQ(first_line("{fields: [a]}"),
              "workflow.yaml:7:23: error: validations.fields: Expected type: object. Example: {email: {type: email}}");
    EXPECT_EQ(first_line("{fields: {a: {enum: x}}}"),
              "workflow.yaml:7:34: error: validations.fields.a.enum: Expected type: array. Example: [small, large]");
}

TEST(Validation, RunsCustomRulesLast) {
    const char* rules =
        "{required: [a], expr: [{expr: \"get('a') > 1\", message: a is small}, {expr: \"len(get('a')) > 0\", message: "
        "never}]}";
    EXPECT_EQ(
        validate(rules, with_body("{}")),
        R"(Input validation failed {"errors":[{"field":"a","type":"required","message":"field 'a' is required"}]})");
    const std::string found = validate(rules, with_body(R"({"a": 1})"));
    EXPECT_TRUE(found.starts_with(
        R"(Custom validation failed {"errors":[{"type":"custom","message":"a is small"},{"type":"expression","message":"expression evaluation failed: expression at )"))
        << found;
    EXPECT_TRUE(found.ends_with(R"(: len() does not take int"}]})")) << found;
}

TEST(Validation, RefusesABadPatternAtLoad) {
    const std::string report = Loaded("actionId: r\nvalidations: {fields: {f: {pattern: '['}}}\necho: {}").report();
    EXPECT_EQ(report.substr(0, report.find('\n')),
              "workflow.yaml:6:11: error: validation of 'f': pattern '[': missing ]: [");
}

TEST(Validation, KeepsBoundsOfLargeIntegersExactly) {
    const std::string rule =
        "actionId: r\nvalidations: {rules: [{field: a, type: integer, max: 9007199254740992}]}\necho: {value: 1}";
    EXPECT_EQ(run(rule, with_body(R"({"a": 9007199254740992})")), "1");
    EXPECT_EQ(run(rule, with_body(R"({"a": 9007199254740993})")).substr(0, 20), "VALIDATION_ERROR 400");
    EXPECT_EQ(run(rule, with_body(R"({"a": "9007199254740993"})")).substr(0, 20), "VALIDATION_ERROR 400");
    EXPECT_EQ(run(rule, with_body(R"({"a": 18446744073709551615})")).substr(0, 20), "VALIDATION_ERROR 400");
}

// Path before query before body, for the rule as for who reads the value.
TEST(Validation, ChecksWhatIsRead) {
    Request request = with_body(R"({"id": 7, "only": 1})");
    request.path_parameters = {{"id", "abc"}};
    request.query = {{"id", "5"}, {"only", "2"}};
    const std::string rule =
        "actionId: r\nvalidations: {rules: [{field: id, type: integer, min: 1, max: 100}]}\necho: {value: \"{{ "
        "[get('id'), input('id'), input.id, get('id', 'param'), get('', 'param').id, get('only'), input.only] }}\"}";
    EXPECT_EQ(run(rule, request).substr(0, 20), "VALIDATION_ERROR 400");
    request.path_parameters = {{"id", "6"}};
    EXPECT_EQ(run(rule, request), R"(["6","6","6","6","6","2","2"])");
}

}  // namespace
}  // namespace kdeps::engine
