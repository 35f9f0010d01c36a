// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/trust.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include "core/base/base.hpp"
#include "core/plugin/digest.hpp"

namespace kdeps::plugin {

namespace fs = std::filesystem;

namespace {

class Descriptor {
public:
    explicit Descriptor(const fs::path& file) : number_(open(file.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~Descriptor() {
        if (number_ >= 0) close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }

private:
    int number_;
};

[[noreturn]] void refuse(const std::string& why) { throw Error(Status::forbidden, why); }

void check_owner_of(const struct stat& state, const fs::path& file, const std::string& what) {
    const std::string name = what + " '" + file.string() + "'";
    if (state.st_uid != 0 && state.st_uid != geteuid()) {
        refuse(name + " belongs to the user with id " + std::to_string(state.st_uid) +
               ", who is neither root nor who runs kdeps; if you trust it, install it again or change its owner");
    }
    if ((state.st_mode & S_IWOTH) != 0)
        refuse(name + " can be changed by every user; run: chmod o-w '" + file.string() + "'");
}

void check_folder(const fs::path& folder, const std::string& what) {
    struct stat state {};
    if (stat(folder.c_str(), &state) == 0 && (state.st_mode & S_IWOTH) != 0) {
        refuse(what + ": the folder '" + folder.string() + "' can be changed by every user; run: chmod o-w '" +
               folder.string() + "'");
    }
}

}  // namespace

void check_owner(const fs::path& file, const std::string& what) {
    struct stat state {};
    if (stat(file.c_str(), &state) != 0) return;  // whoever reads it tells that
    check_owner_of(state, file, what);
    check_folder(fs::canonical(file).parent_path(), what);
}

void check_trust(const Manifest& manifest) {
    const std::string plugin = "plugin '" + manifest.id + "': ";
    // The file that is checked is the file that is hashed, whatever its name points to meanwhile.  The loader opens it
    // by name once more: between the two only root and the user can exchange it.
    const Descriptor library(manifest.library);
    struct stat state {};
    if (library.number() < 0 || fstat(library.number(), &state) != 0) {
        throw Error(Status::unavailable,
                    "plugin library '" + manifest.library.string() + "' cannot be opened: " +
                        (errno == ENOENT ? "the file does not exist" : std::string(std::strerror(errno))));
    }
    check_owner(manifest.file, plugin + "manifest");
    check_owner_of(state, manifest.library, plugin + "library");
    check_folder(fs::canonical(manifest.library).parent_path(), plugin + "library");
    if (manifest.sha256.empty()) {
        refuse(plugin + "manifest '" + manifest.file.string() +
               "' has no sha256 of the library; build with kdeps_add_plugin(), which writes it");
    }
    const std::string found = [&] {
        try {
            return sha256_of_descriptor(library.number());
        } catch (const Error& error) {
            throw Error(error.status,
                        "plugin library '" + manifest.library.string() + "' cannot be read: " + error.message);
        }
    }();
    if (found != manifest.sha256) {
        refuse(plugin + "library '" + manifest.library.string() + "' has changed: its sha256 is " + found +
               ", its manifest says " + manifest.sha256 + "; install the plugin again");
    }
}

}  // namespace kdeps::plugin
