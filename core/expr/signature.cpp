// SPDX-License-Identifier: Apache-2.0
#include "core/expr/signature.hpp"

#include <map>

#include "core/expr/error.hpp"

namespace kdeps::expr {

namespace {

using enum TypeKind;

// One letter for each argument; the last one stands for all that follow.
const std::map<std::string_view, std::string_view>& signatures() {
    static const std::map<std::string_view, std::string_view> kSignatures = {
        {"trim", "s"},        {"trimPrefix", "s"},   {"trimSuffix", "s"}, {"upper", "s"},    {"lower", "s"},
        {"split", "ssi"},     {"splitAfter", "ssi"}, {"replace", "sssi"}, {"repeat", "si"},  {"indexOf", "s"},
        {"lastIndexOf", "s"}, {"hasPrefix", "s"},    {"hasSuffix", "s"},  {"abs", "n"},      {"ceil", "n"},
        {"floor", "n"},       {"round", "n"},        {"int", "v"},        {"float", "v"},    {"bitand", "i"},
        {"bitor", "i"},       {"bitxor", "i"},       {"bitnand", "i"},    {"bitnot", "i"},   {"bitshl", "i"},
        {"bitshr", "i"},      {"bitushr", "i"},      {"fromBase64", "s"}, {"fromJSON", "s"}, {"duration", "s"},
        {"timezone", "s"},    {"join", "as"},        {"keys", "m"},       {"values", "m"},   {"toPairs", "m"},
        {"fromPairs", "a"},   {"take", "ai"},        {"reverse", "a"},    {"uniq", "a"},     {"flatten", "a"},
        {"concat", "a"},      {"first", "a"},        {"last", "a"},       {"sort", "as"},    {"max", "e"},
        {"min", "e"},         {"mean", "e"},         {"median", "e"},     {"get", "c?"},     {"len", "l"},
    };
    return kSignatures;
}

bool takes(char letter, const StaticType& type) {
    const auto is = [&](auto... kinds) { return type.is_any() || ((type.kind == kinds) || ...); };
    switch (letter) {
        case 's': return is(text);
        case 'i': return is(integer);
        case 'n': return is(integer, floating);
        case 'v': return is(integer, floating, text, duration, month, weekday);
        case 'a': return is(array, bytes);
        case 'm': return is(TypeKind::map, keyed_map);
        case 'e': return is(integer, floating, array, bytes, duration);
        case 'c': return is(array, bytes, TypeKind::map, keyed_map);
        case 'l': return is(array, bytes, TypeKind::map, keyed_map, text);
        default: return true;
    }
}

std::string_view described(char letter) {
    switch (letter) {
        case 's': return "a string";
        case 'i': return "an integer";
        case 'n': return "a number";
        case 'v': return "a number or a string";
        case 'a': return "an array";
        case 'm': return "a map";
        case 'e': return "a number or an array of numbers";
        case 'c': return "an array or a map";
        default: return "an array, a map or a string";
    }
}

}  // namespace

void check_arguments(const Node& call, const std::vector<StaticType>& types) {
    const auto found = signatures().find(call.text);
    if (found == signatures().end()) {
        return;
    }
    const std::string_view letters = found->second;
    for (std::size_t i = 0; i < types.size(); ++i) {
        const char letter = letters[std::min(i, letters.size() - 1)];
        if (!takes(letter, types[i])) {
            throw CompileError("argument " + std::to_string(i + 1) + " of " + call.text + "() must be " +
                                   std::string(described(letter)) + ", not " + std::string(types[i].name()),
                               call.children[i]->offset);
        }
    }
}

}  // namespace kdeps::expr
