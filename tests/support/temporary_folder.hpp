// SPDX-License-Identifier: Apache-2.0
// A folder for one test; gone with all its files when the object goes.
#pragma once

#include <filesystem>
#include <string_view>

namespace kdeps::testing {

class TemporaryFolder {
public:
    TemporaryFolder();  // readable by all, so that a server under another user can enter
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

    // Writes a file, `name` relative to the folder, with the folders that it needs.  Returns its full path.
    std::filesystem::path write(const std::filesystem::path& name, std::string_view text) const;

    // Makes `user` its owner if the test runs as root; otherwise of no effect.
    void give_to(const char* user) const;

private:
    std::filesystem::path path_;
};

}  // namespace kdeps::testing
