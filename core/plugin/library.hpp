// SPDX-License-Identifier: Apache-2.0
// Opens the library of a plugin: the only place that knows Boost.DLL.  An opened library is never closed: its threads
// and its thread-local destructors may outlive every object that the host knows of.
#pragma once

#include <kdeps/plugin.h>
#include <filesystem>

namespace kdeps::plugin {

// The descriptor that the library's entry symbol returns, checked against the ABI of this host.  No other code of the
// plugin has run. Throws Error (UNAVAILABLE: cannot be opened, UNSUPPORTED: another ABI, BAD_DATA: a broken
// descriptor).
const kdeps_plugin* open_library(const std::filesystem::path& library);

// What open_library checks after the symbol is found; for tests.
void check_descriptor(const kdeps_plugin* descriptor, const std::filesystem::path& library);

}  // namespace kdeps::plugin
