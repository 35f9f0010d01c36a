// SPDX-License-Identifier: Apache-2.0
// A plugin's schema as an editor may take it: the host reads more than JSON Schema says (config::check).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace kdeps::schema {

// Where a part of a schema stands, which tells what else than its type the host takes.
enum class Place {
    evaluated,  // under run: a template or a call may become anything
    settings    // under settings: ${NAME} may become anything
};

// Unknown keys are refused, as kdeps validate --strict does; a quoted number or boolean counts as what it holds; what
// is replaced later passes.  `schemes` is the pattern of a connection URL: "format": "kdeps-connection-url".
nlohmann::ordered_json loosen(const nlohmann::ordered_json& schema, Place place, std::string_view read,
                              const std::string& schemes);

}  // namespace kdeps::schema
