// SPDX-License-Identifier: Apache-2.0
// What stands in foo.plugin.json beside a plugin's library: enough to list and choose plugins without opening one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kdeps::plugin {

struct Provided {
    std::string interface;           // "kdeps.driver/1"
    std::vector<std::string> names;  // "postgres", "postgresql"
};

struct Manifest {
    std::string id;
    std::string version;
    std::string summary;
    std::string abi;      // "1.0"
    std::string package;  // of the operating system; may be empty
    std::string sha256;   // of the library, lower-case hexadecimal; may be empty
    std::vector<Provided> provides;
    std::filesystem::path library;  // absolute
    std::filesystem::path file;     // of the manifest itself

    bool offers(std::string_view interface, std::string_view name) const;
};

// Throws Error naming the file and what is wrong in it.
Manifest read_manifest(const std::filesystem::path& file);

// The manifests of several folders, in order; of two with the same id the first counts.  A folder that does not exist
// is empty.
struct SearchResult {
    std::vector<Manifest> manifests;
    std::vector<std::string> faults;  // a text for each manifest that could not be read
};
SearchResult find_manifests(const std::vector<std::filesystem::path>& folders);

// ~/.local/share/kdeps/plugins, or the same under XDG_DATA_HOME; empty if neither is known.  `kdeps plugins install`
// gives each plugin a folder in it.
std::filesystem::path user_folder();

// Where plugins are looked for: `given` (--plugin-dir), KDEPS_PLUGIN_PATH (separated by ':'), the user's folder and the
// folders in it, and the folder that belongs to the running binary.
std::vector<std::filesystem::path> search_folders(const std::vector<std::filesystem::path>& given);

}  // namespace kdeps::plugin
