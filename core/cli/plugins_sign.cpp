// SPDX-License-Identifier: Apache-2.0
// `kdeps plugins keygen` and `sign`.
#include <cstdio>

#include "core/cli/commands.hpp"
#include "core/cli/install/install.hpp"

namespace kdeps::cli {

int plugins_keygen(const std::filesystem::path& stem) {
    const std::string id = install::make_key(stem);
    std::printf("key %s: %s.key is secret, %s.pub is for who trusts you\n", id.c_str(), stem.c_str(), stem.c_str());
    return kSuccess;
}

int plugins_sign(const std::filesystem::path& library, const std::filesystem::path& key) {
    const std::filesystem::path manifest = install::manifest_of(library);
    // What would be refused at every load is not worth a signature.
    plugin::check_trust(plugin::read_manifest(manifest));
    const std::string id = install::sign(manifest, key);
    std::printf("signed with the key %s: %s\n", id.c_str(), install::signature_file(manifest).c_str());
    return kSuccess;
}

}  // namespace kdeps::cli
