// SPDX-License-Identifier: Apache-2.0
// Unpacks the archive of a plugin: a tar file, compressed with gzip or not.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kdeps::install {

// The bytes of an archive into a folder that exists.  Throws Error (BAD_DATA), with part of the files written: for what
// is no archive or only the beginning of one; for an entry that is a link, a device, or leads out of the folder; for
// more than 256 entries or 256 MiB. `name` is for messages.
void unpack(std::string_view archive, const std::string& name, const std::filesystem::path& folder);

}  // namespace kdeps::install
