// SPDX-License-Identifier: Apache-2.0
#include "private_folder.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include <kdeps/cpp/executor.hpp>

namespace kdeps::python {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const fs::path& folder, const std::string& why) {
    throw Error(KDEPS_FORBIDDEN, "python environments are not kept in '" + folder.string() + "': " + why +
                                     "; set KDEPS_VENV_PATH to a folder that belongs to you alone");
}

// Whoever can change a folder above can put another in the place of ours.
void check_above(const fs::path& folder) {
    struct stat state {};
    if (stat(folder.c_str(), &state) != 0) refuse(folder, std::strerror(errno));
    if (state.st_uid != 0 && state.st_uid != geteuid())
        refuse(folder, "it belongs to the user with id " + std::to_string(state.st_uid));
    if ((state.st_mode & S_ISVTX) != 0) return;
    const bool is_for_strangers = (state.st_mode & S_IWOTH) != 0;
    const bool is_for_a_group = (state.st_mode & S_IWGRP) != 0 && state.st_gid != 0 && state.st_gid != getegid();
    if (is_for_strangers || is_for_a_group) refuse(folder, "other users can change it");
}

}  // namespace

fs::path home_of_user() {
    std::vector<char> memory(1U << 14);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(geteuid(), &entry, memory.data(), memory.size(), &found) != 0 || found == nullptr) return {};
    return entry.pw_dir == nullptr ? fs::path() : fs::path(entry.pw_dir);
}

void make_private(const fs::path& folder) {
    std::vector<fs::path> missing;
    std::error_code failed;
    for (fs::path at = folder.lexically_normal(); !at.empty() && !fs::exists(at, failed); at = at.parent_path()) {
        if (at.has_filename()) missing.push_back(at);
    }
    while (!missing.empty()) {
        // Another process may have been faster; what it made is checked below.
        if (mkdir(missing.back().c_str(), 0700) != 0 && errno != EEXIST)
            refuse(folder, "'" + missing.back().string() + "' cannot be made: " + std::strerror(errno));
        missing.pop_back();
    }
    check_private(folder);
}

void check_private(const fs::path& folder) {
    std::error_code failed;
    const fs::path whole = fs::canonical(folder, failed);
    if (failed) refuse(folder, failed.message());
    struct stat state {};
    if (stat(whole.c_str(), &state) != 0) refuse(folder, std::strerror(errno));
    if (!S_ISDIR(state.st_mode)) refuse(folder, "it is no folder");
    if (state.st_uid != geteuid()) refuse(folder, "it belongs to the user with id " + std::to_string(state.st_uid));
    if ((state.st_mode & S_IWOTH) != 0) refuse(folder, "every user can change it (chmod go-w)");
    // Ours with a umask that lets a group write: nobody needs that.
    if ((state.st_mode & S_IWGRP) != 0 && chmod(whole.c_str(), state.st_mode & 07755U) != 0)
        refuse(folder, "a group can change it (chmod go-w)");
    for (fs::path above = whole.parent_path();; above = above.parent_path()) {
        check_above(above);
        if (above == above.root_path()) break;
    }
}

}  // namespace kdeps::python
