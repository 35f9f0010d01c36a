// SPDX-License-Identifier: Apache-2.0
// The same work as that of the plugin, as C++ inside of the host would do it: a virtual call in another translation
// unit.
#pragma once

#include <memory>

#include "core/workflow/workflow.hpp"

namespace kdeps::bench {

class Direct {
public:
    virtual ~Direct() = default;
    virtual value::Value run(expr::Environment& environment) = 0;
};

std::unique_ptr<Direct> direct_empty();
// `fields` outlives it.
std::unique_ptr<Direct> direct_fields(const workflow::ConfigValue& fields);

}  // namespace kdeps::bench
