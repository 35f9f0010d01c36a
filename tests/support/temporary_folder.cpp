// SPDX-License-Identifier: Apache-2.0
#include "tests/support/temporary_folder.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace kdeps::testing {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "kdeps-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr || chmod(name.c_str(), 0755) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot make the folder '" + name + "'");
    }
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

fs::path TemporaryFolder::write(const fs::path& name, std::string_view text) const {
    fs::path file = path_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream stream(file, std::ios::binary);
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    if (!stream.flush()) {
        throw std::runtime_error("cannot write '" + file.string() + "'");
    }
    return file;
}

void TemporaryFolder::give_to(const char* user) const {
    if (geteuid() != 0) {
        return;
    }
    const passwd* entry = getpwnam(user);
    if (entry == nullptr) {
        throw std::runtime_error("there is no user '" + std::string(user) +
                                 "' on this system; install the package that makes it");
    }
    if (chown(path_.c_str(), entry->pw_uid, entry->pw_gid) != 0) {
        throw std::system_error(errno, std::generic_category(),
                                "cannot give '" + path_.string() + "' to user '" + user + "'");
    }
}

}  // namespace kdeps::testing
