// SPDX-License-Identifier: Apache-2.0
// An index of plugins: a static JSON file, local or on a server, that tells where the archive of each release is.
#pragma once

#include <string>

namespace kdeps::install {

struct Release {
    std::string id;
    std::string version;
    std::string location;  // of the archive: a file name or a URL
    std::string sha256;    // of the archive
};

// `name` is an id or a short name, with @VERSION or without, which means the latest.  Throws Error.
Release find_release(const std::string& index, const std::string& name);

}  // namespace kdeps::install
