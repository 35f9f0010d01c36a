// SPDX-License-Identifier: Apache-2.0
#include "core/expr/jsonl.hpp"

#include <cmath>
#include <map>

#include "core/base/base.hpp"
#include "core/expr/keyed_map.hpp"
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

// JSON with marks for what JSON cannot say: {"$float": "NaN"}, {"$bytes": "ff00"}, {"$map": [[key, value], ...]} sorted
// by key.
Value marked(const Value& value);

Value mark(const char* name, Value content) {
    value::Map map;
    map.set(name, std::move(content));
    return Value::map(std::move(map));
}

std::string hex(std::string_view bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

Value marked_map(const KeyedMap& map) {
    if (map.has_text_keys_only()) {
        value::Map out;
        for (const auto& [key, value] : map.entries()) out.set(key.text(), marked(value));
        return Value::map(std::move(out));
    }
    std::map<std::string, Value> pairs;
    for (const auto& [key, value] : map.entries()) {
        const Value name = marked(key);
        // 1 and 1.0 are two keys with one text; the integer comes first.
        pairs.emplace(value::to_json(name) + (key.is_int() ? "" : ".0"), Value::list({name, marked(value)}));
    }
    value::List list;
    for (auto& [text, pair] : pairs) list.push_back(std::move(pair));
    return mark("$map", Value::list(std::move(list)));
}

Value marked(const Value& value) {
    switch (value.kind()) {
        case value::Kind::floating: {
            if (std::isfinite(value.floating())) return value;
            std::string text;
            value::append_text(value, text);
            return mark("$float", std::move(text));
        }
        case value::Kind::bytes: return mark("$bytes", hex(value.text()));
        case value::Kind::string: return is_valid_utf8(value.text()) ? value : mark("$bytes", hex(value.text()));
        case value::Kind::list: {
            value::List list;
            for (const Value& element : value.list()) list.push_back(marked(element));
            return Value::list(std::move(list));
        }
        case value::Kind::map: {
            value::Map map;
            for (std::size_t i = 0; i < value.size(); ++i) map.set(value.key_at(i), marked(value.at(i)));
            return Value::map(std::move(map));
        }
        case value::Kind::object: {
            const KeyedMap* map = as_keyed_map(value);
            return map != nullptr ? marked_map(*map) : value.object().plain();
        }
        default: return value;
    }
}

Value evaluated(std::string_view source, const Value& variables) {
    const Value map = variables.is_map() ? variables : Value::map({});
    Names names;
    for (std::size_t i = 0; i < map.size(); ++i) {
        names.add_variable(std::string(map.key_at(i)));
    }
    MapEnvironment environment(map);
    return Program(source, names).run(environment);
}

}  // namespace

Value evaluate_with(std::string_view source, const Value& variables) {
    return value::to_plain(evaluated(source, variables));
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
        answer.set("result", marked(evaluated(expr->text(), request.find("env").value_or(Value()))));
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
