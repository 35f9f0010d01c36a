// SPDX-License-Identifier: Apache-2.0
// The user's plugins: a folder for each in plugin::user_folder(), made beside it and put in place in one step, so that
// a plugin is there as a whole or not at all.
#pragma once

#include <csignal>
#include <filesystem>
#include <string>

#include "core/plugin/plugin.hpp"

namespace kdeps::install {

// Holds the lock on the folder and keeps SIGINT and SIGTERM waiting: one installation at a time, and none that ends
// half. What one that was killed has left behind is removed.  One thread; the process has no other.
class Store {
public:
    Store();  // makes the folder; throws Error
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // An empty folder to put a plugin together in; gone with this object unless it was placed.
    const std::filesystem::path& staging() const { return staging_; }

    // Makes the staged folder the plugin's own, in place of the one that is there.
    void place(const std::string& id);

    // False if there is none.
    bool remove(const std::string& id);

    // What was installed, and from where.
    plugin::Lock& record() { return record_; }

private:
    void clean();

    std::filesystem::path folder_;
    std::filesystem::path staging_;
    sigset_t before_{};
    int lock_ = -1;
    plugin::Lock record_;
};

// An id that is good as the name of a folder.
bool is_id(const std::string& text);

// The lock file of the user's folder.
std::filesystem::path record_file();

}  // namespace kdeps::install
