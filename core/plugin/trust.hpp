// SPDX-License-Identifier: Apache-2.0
// May a library be loaded?  It is what its manifest says, and nobody but root and the user could have changed it.
#pragma once

#include <filesystem>
#include <string>

#include "core/plugin/manifest.hpp"

namespace kdeps::plugin {

// Throws Error (FORBIDDEN) with the reason: a library or manifest that belongs to neither root nor the user, or that
// every user may change, by itself or through its folder; a manifest without checksum; a library with another one.
// Throws Error (UNAVAILABLE) if the library cannot be read.  Opens no library.
void check_trust(const Manifest& manifest);

// The part of it that holds for every file whose content is believed: `what` begins the message.
void check_owner(const std::filesystem::path& file, const std::string& what);

}  // namespace kdeps::plugin
