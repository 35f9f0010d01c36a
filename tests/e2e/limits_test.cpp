// SPDX-License-Identifier: Apache-2.0
// What is too much for the expression language is an error with a reason, and the next line is answered.  A failed
// expression is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;

// The messages of `kdeps eval --jsonl`, one for each expression.
std::vector<std::string> messages(const std::vector<std::string>& expressions) {
    std::string input;
    for (const std::string& expression : expressions)
        input += nlohmann::json({{"id", 1}, {"expr", expression}}).dump() + "\n";
    ProcessOptions options;
    options.input = input + "{\"id\": 2, \"expr\": \"1 + 1\"}\n";
    const Result result = kdeps({"eval", "--jsonl"}, options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, ::testing::EndsWith("{\"id\":2,\"result\":2}\n"));
    std::vector<std::string> out;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line) && out.size() < expressions.size();) {
        const auto answer = nlohmann::json::parse(line);
        out.push_back(answer.value("error", "none") + ": " + answer.value("message", ""));
    }
    return out;
}

TEST(Limits, OfTheSource) {
    const std::string open(100'000, '(');
    const std::string close(100'000, ')');
    EXPECT_EQ(messages({std::string(10'000'000, ' ') + "1", "'" + std::string(10'000'000, 'x') + "'",
                        open + "1" + close, open, std::string(100'000, '['), std::string(100'000, '!') + "true"}),
              (std::vector<std::string>{"compile: the expression is longer than 256 KiB",
                                        "compile: the expression is longer than 256 KiB",
                                        "compile: the expression is nested deeper than 250 levels",
                                        "compile: the expression is nested deeper than 250 levels",
                                        "compile: the expression is nested deeper than 250 levels",
                                        "compile: the expression is nested deeper than 250 levels"}));
}

TEST(Limits, OfMemory) {
    const std::string too_many = "runtime: the expression makes more than 1,000,000 elements; limit the data before";
    EXPECT_EQ(
        messages({"1..9223372036854775807", "map(1..2000000, #)", "repeat('x', 9223372036854775807)",
                  "repeat(repeat('x', 900000), 900000)", "flatten(map(1..1000, 1..2000))"}),
        (std::vector<std::string>{
            too_many, too_many, "runtime: the count of repeat() must be between 0 and 1000000, not 9223372036854775807",
            too_many, too_many}));
}

TEST(Limits, OfAnArgument) {
    const Result result = kdeps({"eval", std::string(60'000, '(')});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.err, "error: the expression is nested deeper than 250 levels\n  ..." + std::string(120, '(') +
                              "...\n     " + std::string(60, ' ') + "^\n");
}

TEST(FailedExpression, IsShownByEval) {
    EXPECT_EQ(kdeps({"eval", "'ä' + len([1, 2][7])"}).err,
              "error: argument 1 of len() must be an array, a map or a string, not int\n  'ä' + len([1, 2][7])\n       "
              "           ^\n");
    const Result result = kdeps({"eval", "let l = [1, 2];\n'ä' + string(l[7])"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.err,
              "error: index 7 is out of range, the array has 2 elements\n  'ä' + string(l[7])\n                ^\n");
}

TEST(FailedExpression, IsShownByARun) {
    const TemporaryFolder folder;
    write_workflow(folder,
                   {.target = "answer",
                    .connections = {},
                    .resources = "actionId: answer\napiResponse:\n  response: {ä: \"a {{ get('q').deep.er }}\"}\n"});
    const Result result = kdeps({"run", folder.path().string(), "--once", "--body", "{\"q\": {}}"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.out, HasSubstr("expression at workflow.yaml:"));
    EXPECT_EQ(result.out.find(folder.path().string()), std::string::npos) << "the answer tells a folder of the host";
    EXPECT_THAT(result.err, HasSubstr(folder.path().string() + "/workflow.yaml:"));
    const std::size_t source = result.err.rfind(" | ", result.err.find("response: {ä"));
    const std::size_t caret = result.err.rfind('^');
    ASSERT_NE(caret, std::string::npos) << result.err;
    // The line has one character of two bytes before the caret.
    const std::size_t offset = caret - result.err.rfind(" | ", caret);
    EXPECT_EQ(result.err.substr(source + offset + 1, 2), "er") << result.err;
}

}  // namespace
}  // namespace kdeps::testing
