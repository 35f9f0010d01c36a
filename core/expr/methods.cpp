// SPDX-License-Identifier: Apache-2.0
#include "core/expr/methods.hpp"

#include "core/expr/evaluate.hpp"
#include "core/expr/text.hpp"

namespace kdeps::expr {

using value::Value;

Value method(const Value& object, const std::string& name, Arguments arguments) {
    const auto want = [&](std::size_t count) {
        if (arguments.size() != count) {
            throw RunError("." + name + "() takes " + std::to_string(count) + " arguments, not " + std::to_string(arguments.size()));
        }
    };
    if (object.is_string()) {
        if (name == "includes") {
            want(1);
            return object.text().find(want_text(arguments[0], "the argument of .includes()")) != std::string::npos;
        }
        if (name == "toLowerCase" || name == "toUpperCase" || name == "trim") {
            want(0);
            return name == "trim" ? Value(trim_space(object.text())) : Value(map_case(object.text(), name == "toUpperCase"));
        }
    }
    if (object.is_array() && name == "includes") {
        want(1);
        return is_in(arguments[0], object);
    }
    throw RunError("cannot call ." + name + "() on " + std::string(type_name(object)));
}

}  // namespace kdeps::expr
