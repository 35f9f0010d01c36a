// SPDX-License-Identifier: Apache-2.0
#include "core/cli/install/store.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/base.hpp"

namespace kdeps::install {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kStaging = ".install-";

fs::path folder_of_user() {
    fs::path folder = plugin::user_folder();
    if (folder.empty())
        throw Error(Status::invalid_state, "there is no folder to install to: set HOME, or XDG_DATA_HOME");
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed)
        throw Error(Status::unavailable, "the folder '" + folder.string() + "' cannot be made: " + failed.message());
    return folder;
}

Error failure(const std::string& what) { return {Status::unavailable, what + ": " + std::strerror(errno)}; }

}  // namespace

fs::path record_file() { return plugin::user_folder() / "kdeps.lock"; }

Store::Store() : folder_(folder_of_user()), record_(record_file()) {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
    try {
        lock_ = open((folder_ / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (lock_ < 0) throw failure("the folder '" + folder_.string() + "' cannot be written");
        if (flock(lock_, LOCK_EX | LOCK_NB) != 0)
            throw Error(Status::conflict, "another installation to '" + folder_.string() + "' is under way");
        record_ = plugin::Lock(record_file());
        clean();
        std::string name = (folder_ / kStaging).string() + "XXXXXX";
        if (mkdtemp(name.data()) == nullptr) throw failure("a folder in '" + folder_.string() + "' cannot be made");
        staging_ = name;
        chmod(staging_.c_str(), S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);
    } catch (...) {
        if (lock_ >= 0) close(lock_);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        throw;
    }
}

Store::~Store() {
    std::error_code ignored;
    fs::remove_all(staging_, ignored);
    close(lock_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

// The lock is held: whoever made these has ended.
void Store::clean() {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
        if (entry.path().filename().string().starts_with(kStaging)) fs::remove_all(entry.path(), ignored);
    }
}

void Store::place(const std::string& id) {
    const fs::path target = folder_ / id;
    std::error_code ignored;
    // What is in place is exchanged, and goes with the staging folder that it then is.
    const unsigned flags = fs::exists(target, ignored) ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    if (renameat2(AT_FDCWD, staging_.c_str(), AT_FDCWD, target.c_str(), flags) != 0)
        throw failure("the plugin cannot be moved to '" + target.string() + "'");
}

bool Store::remove(const std::string& id) {
    const fs::path target = folder_ / id;
    std::error_code ignored;
    if (!fs::is_directory(target, ignored)) return false;
    // Away in one step, then file by file.
    if (renameat2(AT_FDCWD, target.c_str(), AT_FDCWD, staging_.c_str(), RENAME_EXCHANGE) != 0)
        throw failure("the plugin cannot be moved from '" + target.string() + "'");
    return rmdir(target.c_str()) == 0;
}

bool is_id(const std::string& text) {
    return !text.empty() && text.size() <= 128 && text.front() != '.' && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                      c == '-' || c == '_';
           });
}

}  // namespace kdeps::install
