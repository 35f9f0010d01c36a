// SPDX-License-Identifier: Apache-2.0
// Door of core/cli/schema: the JSON Schema (draft 7) of workflow files, for editors: the core's part, and what the
// installed plugins say of their keys.
#pragma once

#include <string>
#include <vector>

#include "core/plugin/plugin.hpp"

namespace kdeps::schema {

struct Schema {
    std::string text;                 // JSON, indented
    std::vector<std::string> faults;  // of plugins that could not be asked
};

// Loads every plugin that offers an executor or owns a key of settings.
Schema assemble(const plugin::Registry& plugins);

}  // namespace kdeps::schema
