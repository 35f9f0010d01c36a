// SPDX-License-Identifier: Apache-2.0
// Door of core/cli/install: brings a third party's plugin to the user's folder, and takes it away.
#pragma once

#include <string>

#include "core/cli/install/signature.hpp"
#include "core/cli/install/store.hpp"

namespace kdeps::install {

struct Request {
    std::string what;    // a library, an archive, a URL, or NAME[@VERSION]
    std::string index;   // for a name; empty = there is none
    std::string sha256;  // of the archive; empty = not given
    bool may_be_unsigned = false;
};

struct Installed {
    std::string id;
    std::string version;
    std::string replaced;   // the version that was there; empty = none
    std::string signed_by;  // id of the key; empty = nobody that is trusted
    std::filesystem::path folder;
};

// Checks the plugin and puts it in place; runs none of its code.  Throws Error, and then nothing has changed.
Installed install(const Request& request);

// The manifest that stands beside a library and names it.  Throws Error.
std::filesystem::path manifest_of(const std::filesystem::path& library);

}  // namespace kdeps::install
