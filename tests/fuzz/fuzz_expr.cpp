// SPDX-License-Identifier: Apache-2.0
// Any text as an expression, as a template and as a value to classify: it may fail, with an Error that points into the
// text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/expr/expr.hpp"

using kdeps::value::Value;

namespace {

const Value& variables() {
    static const Value kVariables = kdeps::value::parse_json(
        R"({"i":5,"f":1.5,"s":"hello","b":true,"n":null,"arr":[1,2,3,4,5],"m":{"a":1,"b":"two","d":{"x":10,"y":[10,20]}},)"
        R"("rows":[{"id":1,"total":120.5,"tags":["new"],"at":"2024-01-15T10:30:00Z"},{"id":2,"total":80,"tags":[],"at":null}]})");
    return kVariables;
}

class Variables final : public kdeps::expr::Environment {
public:
    Value variable(std::string_view name) override { return variables().find(name).value_or(Value()); }
    Value all() override { return variables(); }
};

kdeps::expr::Names make_names() {
    kdeps::expr::Names names;
    for (std::size_t i = 0; i < variables().size(); ++i) {
        names.add_variable(std::string(variables().key_at(i)));
    }
    names.add_function(
        {"get", 1, 3, [](kdeps::expr::Environment&, std::span<const Value> arguments) { return arguments[0]; }});
    return names;
}

template <typename Read>
void attempt(std::string_view text, Read read) {
    try {
        read();
    } catch (const kdeps::expr::CompileError& error) {
        if (error.offset > text.size()) std::abort();
    } catch (const kdeps::expr::RunError& error) {
        if (error.offset > text.size()) std::abort();
    } catch (const kdeps::Error&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const kdeps::expr::Names kNames = make_names();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Variables environment;
    attempt(text, [&] {
        const Value result = kdeps::expr::Program(text, kNames).run(environment);
        kdeps::value::to_json(result);
        kdeps::value::to_json(kdeps::value::to_plain(result));
        if (!(result == result) && result.kind() == kdeps::value::Kind::string) std::abort();
    });
    attempt(text, [&] { kdeps::expr::Template(text, kNames).run(environment); });
    // Most texts have no braces: the same text as one part of several, and as a whole template of one part.
    for (const std::string& part : {"a {{ " + std::string(text) + " }} b {{ i }}", "{{" + std::string(text) + "}}"}) {
        attempt(part, [&] { kdeps::expr::Template(part, kNames).run(environment); });
    }
    attempt(text, [&] { kdeps::expr::classify(text, kdeps::expr::Mode::value, kNames); });
    return 0;
}
