// SPDX-License-Identifier: Apache-2.0
// The exact texts of errors, and the byte that they point at.
#include <gtest/gtest.h>

#include "tests/unit/expr/expr_fixture.hpp"

namespace kdeps::expr {
namespace {

void expect(std::string_view source, std::string_view text, std::size_t offset, bool is_compile_error,
            std::string_view variables = "{}") {
    const Fault found = fault(source, variables);
    EXPECT_EQ(found.text, text) << source;
    EXPECT_EQ(found.offset, offset) << source;
    EXPECT_EQ(found.is_compile_error, is_compile_error) << source;
}

TEST(CompileErrors, PointAtTheToken) {
    expect("1 +", "unexpected end of the expression", 3, true);
    expect("(1 + 2", "expected ')', found end of the expression", 6, true);
    expect("1 2", "unexpected '2'", 2, true);
    expect("a = 1", "unexpected '='", 2, true, R"({"a":1})");
    expect("[1, 2", "expected ']', found end of the expression", 5, true);
    expect("{1 + 2}", "expected ':', found '+'", 3, true);
    expect("1 | 2", "expected a function call after '|', found '2'", 4, true);
    expect("#", "'#' stands for the element of a predicate, and there is none here", 0, true);
    expect("x > 1 and #foo", "'#' stands for the element of a predicate, and there is none here", 10, true,
           R"({"x":1})");
    expect("filter([1], #acc)",
           "unknown pointer '#acc' in filter(); there are #, #index (map, reduce) and #acc (reduce)", 12, true);
    expect("let len = 1; len", "'len' exists already; choose another name", 4, true);
    expect("sum([1],)", "expected another argument of sum() after ','", 8, true);
}

TEST(CompileErrors, SuggestNames) {
    expect("1 + reqest.path", "unknown name 'reqest' (did you mean 'request'?)", 4, true, R"({"request":{}})");
    expect("uper('a')", "unknown function 'uper' (did you mean 'upper'?)", 0, true);
    expect("x()", "'x' is a variable, not a function", 0, true, R"({"x":1})");
    expect("$env.totl", "unknown name 'totl' (did you mean 'total'?)", 5, true, R"({"total":1})");
    expect("xyzzy", "unknown name 'xyzzy'", 0, true);
}

TEST(CompileErrors, CountArguments) {
    expect("1 + len()", "len() takes 1 argument, not 0", 4, true);
    expect("replace('a')", "replace() takes 3 to 4 arguments, not 1", 0, true);
    expect("concat()", "concat() takes at least 1 argument, not 0", 0, true);
    expect("get('a', 1, 2)", "get() takes 2 arguments, not 3", 0, true);
}

TEST(CompileErrors, FindWrongTypes) {
    expect("1 == '1'", "cannot compare int with string", 2, true);
    expect("1 + 'a'", "'+' does not take int and string", 2, true);
    expect("[1].x", "cannot fetch 'x' from array", 4, true);
    expect("filter([1], 5)", "the predicate of filter() must be bool, not int", 12, true);
    expect("map([1], nil)", "the predicate of map() is always nil", 9, true);
    expect("1 in ['a']", "cannot look for int in an array of string", 2, true);
    expect("date('2024-01-15').Foo()", "cannot call .Foo() on time.Time", 19, true);
    expect("len(nil)", "argument 1 of len() must be an array, a map or a string, not nil", 4, true);
}

TEST(RunErrors, PointAtTheNode) {
    expect("1 + a.b.c", "cannot fetch 'c' from nil", 8, false, R"({"a":{}})");
    expect("x + y", "'+' does not take int and string", 2, false, R"({"x":1,"y":"a"})");
    expect("l[5]", "index 5 is out of range, the array has 2 elements", 1, false, R"({"l":[1,2]})");
    expect("x ? 1 : 2", "a condition must be bool, not nil", 0, false, R"({"x":null})");
    expect("s matches p", "bad regular expression: missing ): (", 2, false, R"({"s":"a","p":"("})");
    expect("true and int(s) > 1", "int() cannot read the text as an integer", 9, false, R"({"s":"x"})");
    expect("map(l, .a)", "cannot fetch 'a' from int", 8, false, R"({"l":[1]})");
    expect("x % y", "integer divided by zero", 2, false, R"({"x":1,"y":0})");
    expect("sortBy(l, .a, 'up')", "the order of sortBy() must be 'asc' or 'desc', not 'up'", 0, false, R"({"l":[]})");
    expect("n?.x[0]", "cannot fetch an element from nil", 4, false, R"({"n":null})");
    expect("filter(m, # > 1)", "a map has no elements for a predicate; use values(), keys() or toPairs()", 10, false,
           R"({"m":{"a":1}})");
}

TEST(Jsonl, AnswersEachLine) {
    EXPECT_EQ(eval_jsonl_line(R"({"id":1,"expr":"a + 1","env":{"a":2}})"), R"({"id":1,"result":3})");
    EXPECT_EQ(eval_jsonl_line(R"({"id":"x","expr":"1 +"})"),
              R"({"id":"x","error":"compile","message":"unexpected end of the expression"})");
    EXPECT_EQ(eval_jsonl_line(R"({"id":2,"expr":"[a][1]","env":{"a":2}})"),
              R"({"id":2,"error":"runtime","message":"index 1 is out of range, the array has 1 elements"})");
    EXPECT_EQ(eval_jsonl_line(R"({"id":3,"expr":"[0/0, b'é', groupBy([2], #)]"})"),
              R"({"id":3,"result":[{"$float":"NaN"},{"$bytes":"c3a9"},{"$map":[[2,[2]]]}]})");
    EXPECT_EQ(value::parse_json(eval_jsonl_line("nonsense")).find("error"), value::Value("runtime"));
}

}  // namespace
}  // namespace kdeps::expr
