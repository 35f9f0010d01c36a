// SPDX-License-Identifier: Apache-2.0
// Expressions over variables that are written as JSON, and the errors that they end with.
#pragma once

#include <string>
#include <string_view>

#include "core/expr/expr.hpp"

namespace kdeps::expr {

// The result as JSON.
inline std::string run(std::string_view source, std::string_view variables = "{}") {
    return value::to_json(evaluate_with(source, value::parse_json(variables)));
}

struct Fault {
    std::string text;  // "no error" if there is none
    std::size_t offset = 0;
    bool is_compile_error = false;
};

inline Fault fault(std::string_view source, std::string_view variables = "{}") {
    try {
        run(source, variables);
    } catch (const CompileError& error) {
        return {error.message, error.offset, true};
    } catch (const RunError& error) {
        return {error.message, error.offset, false};
    }
    return {"no error", 0, false};
}

// Variables given one by one, some functions of a host, and whether they were asked.
class Host : public Environment {
public:
    value::Value variable(std::string_view name) override {
        return variables.find(name) == nullptr ? value::Value() : *variables.find(name);
    }
    value::Value all() override { return value::Value::map(variables); }

    static Names names() {
        Names names;
        for (const char* name : {"request", "item", "input", "outputs", "error"}) names.add_variable(name);
        const auto first = [](Environment& environment, std::span<const value::Value> arguments) {
            const value::Value found = environment.variable(arguments[0].is_string() ? arguments[0].text() : "");
            return found.is_null() && arguments.size() > 1 ? arguments[1] : found;
        };
        names.add_function({"get", 1, 3, first});
        names.add_function({"set", 2, 3, first});
        names.add_function({"output", 1, 1, first});
        names.add_function({"info", 1, 1, first});
        names.add_function({"item.current", 0, 0, [](Environment& environment, std::span<const value::Value>) {
                                return environment.variable("item");
                            }});
        names.add_function({"python.stdout", 1, 1, first});
        return names;
    }

    value::Map variables;
};

}  // namespace kdeps::expr
