// SPDX-License-Identifier: Apache-2.0
#include "core/cli/schema/loosen.hpp"

#include <algorithm>

namespace kdeps::schema {

using Json = nlohmann::ordered_json;

namespace {

// What a string may be instead of a value of a type; empty = nothing.
std::string pattern_for(const Json& types, Place place, std::string_view read) {
    std::string out;
    const auto add = [&](const char* one) { out += (out.empty() ? "" : "|") + std::string(one); };
    const auto has = [&](const char* type) {
        return types.is_array() ? std::find(types.begin(), types.end(), type) != types.end() : types == type;
    };
    if (has("string")) return {};
    if (has("boolean")) add("^([Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)$");
    if (has("integer") || has("number")) add(has("number") ? "^-?[0-9.]+([eE][-+]?[0-9]+)?$" : "^-?[0-9]+$");
    if (place == Place::settings) {
        add("\\$\\{");
    } else if (read != "literal") {
        add("\\{\\{|\\(");
    }
    return out;
}

}  // namespace

Json loosen(const Json& schema, Place place, std::string_view inherited, const std::string& schemes) {
    if (!schema.is_object()) return schema;
    Json out = Json::object();
    const std::string read = schema.value("x-kdeps-read", std::string(inherited));
    for (const auto& [key, value] : schema.items()) {
        if (key.starts_with("x-kdeps-")) continue;
        if (key == "properties" && value.is_object()) {
            Json properties = Json::object();
            for (const auto& [name, part] : value.items()) properties[name] = loosen(part, place, read, schemes);
            out[key] = std::move(properties);
        } else if ((key == "additionalProperties" || key == "items") && value.is_object()) {
            out[key] = loosen(value, place, read, schemes);
        } else if (key == "format" && value == "kdeps-connection-url") {
            out["pattern"] = schemes;
        } else {
            out[key] = value;
        }
    }
    if (out.contains("properties") && !out.contains("additionalProperties")) out["additionalProperties"] = false;
    const std::string pattern = out.contains("type") ? pattern_for(out["type"], place, read) : std::string();
    if (pattern.empty()) return out;
    Json either = {{"anyOf", Json::array({Json::object(), {{"type", "string"}, {"pattern", pattern}}})}};
    // What an editor shows belongs to both.
    for (const char* shown : {"description", "examples", "default"}) {
        if (out.contains(shown)) {
            either[shown] = out[shown];
            out.erase(shown);
        }
    }
    either["anyOf"][0] = std::move(out);
    return either;
}

}  // namespace kdeps::schema
