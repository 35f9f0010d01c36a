// SPDX-License-Identifier: Apache-2.0
#include "core/expr/jsonl.hpp"

#include "core/expr/program.hpp"

namespace kdeps::expr {

using value::Value;

namespace {

class MapEnvironment final : public Environment {
public:
    explicit MapEnvironment(const Value& variables) : variables_(variables) {}
    Value variable(std::string_view name) override { return variables_.find(name).value_or(Value()); }
    Value all() override { return variables_; }

private:
    const Value& variables_;
};

}  // namespace

Value evaluate_with(std::string_view source, const Value& variables) {
    const Value map = variables.is_map() ? variables : Value::map({});
    Names names;
    for (std::size_t i = 0; i < map.size(); ++i) {
        names.add_variable(std::string(map.key_at(i)));
    }
    MapEnvironment environment(map);
    return value::to_plain(Program(source, names).run(environment));
}

std::string eval_jsonl_line(std::string_view line) {
    value::Map answer;
    const auto fail = [&](const char* kind, const std::string& message) {
        answer.set("error", kind);
        answer.set("message", message);
    };
    try {
        const Value request = value::parse_json(line);
        const auto expr = request.is_map() ? request.find("expr") : std::nullopt;
        if (!expr || !expr->is_string()) {
            throw CompileError("the line must be an object with the text 'expr'", 0);
        }
        answer.set("id", request.find("id").value_or(Value()));
        answer.set("result", evaluate_with(expr->text(), request.find("env").value_or(Value())));
    } catch (const CompileError& error) {
        fail("compile", error.message);
    } catch (const RunError& error) {
        fail("runtime", error.message);
    } catch (const Error& error) {
        fail("runtime", error.message);
    }
    return value::to_json(Value::map(std::move(answer)));
}

}  // namespace kdeps::expr
