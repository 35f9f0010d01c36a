// SPDX-License-Identifier: Apache-2.0
// Makes a plugin's table safe to call: a copy of the host's own size in which every required slot is present and every
// optional one that the plugin left out does something harmless, so that no caller tests for NULL.
#pragma once

#include <kdeps/connections.h>
#include <kdeps/executor.h>
#include <kdeps/live.h>
#include <kdeps/settings.h>
#include <string_view>

namespace kdeps::plugin {

// Each throws Error (BAD_DATA) naming the plugin, the interface and the slot that is missing.  `raw` is not NULL.
kdeps_executor normalise_executor(const void* raw, std::string_view plugin);
kdeps_settings normalise_settings(const void* raw, std::string_view plugin);
kdeps_health normalise_health(const void* raw, std::string_view plugin);
kdeps_driver normalise_driver(const void* raw, std::string_view plugin);
kdeps_connections normalise_connections(const void* raw, std::string_view plugin);
kdeps_live normalise_live(const void* raw, std::string_view plugin);

}  // namespace kdeps::plugin
