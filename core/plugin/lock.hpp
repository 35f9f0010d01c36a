// SPDX-License-Identifier: Apache-2.0
// kdeps.lock: which plugins a workflow is run with, down to the bytes of each library.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/plugin/manifest.hpp"

namespace kdeps::plugin {

struct Locked {
    std::string version;
    std::string sha256;     // of the library
    std::string source;     // where it came from: a file, a URL, a package
    std::string signed_by;  // id of the key; empty = nobody
};

class Lock {
public:
    // Of a file that does not exist yet: empty.  Throws Error (BAD_DATA) naming the file.  `workflow` is what a refusal
    // says to lock anew.
    explicit Lock(std::filesystem::path file, std::filesystem::path workflow = ".");

    const std::filesystem::path& file() const { return file_; }
    const std::map<std::string, Locked>& plugins() const { return plugins_; }  // by id
    void put(const std::string& id, Locked locked) { plugins_[id] = std::move(locked); }
    bool remove(const std::string& id) { return plugins_.erase(id) > 0; }
    void clear() { plugins_.clear(); }

    // Replaces the file in one step.  Throws Error (UNAVAILABLE).
    void write() const;

    // Throws Error (FORBIDDEN) if the plugin is not in the lock, or is another one.  Its library has been found to be
    // what its manifest says.
    void check(const Manifest& manifest) const;

private:
    std::filesystem::path file_;
    std::filesystem::path workflow_;
    std::map<std::string, Locked> plugins_;
};

}  // namespace kdeps::plugin
