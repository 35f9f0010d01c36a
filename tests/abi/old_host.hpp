// SPDX-License-Identifier: Apache-2.0
// A host as release 1.0 was: its tables end where they ended then.
#pragma once

#include "core/plugin/plugin.hpp"

namespace kdeps::testing {

// Before the first plugin of the registry is loaded.  Every extension table then ends at the end of a page, with
// nothing readable behind it, so that a plugin that looks further than struct_size allows dies where it looks.
void cut_to_1_0(plugin::Registry& registry);

}  // namespace kdeps::testing
