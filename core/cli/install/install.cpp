// SPDX-License-Identifier: Apache-2.0
#include "core/cli/install/install.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "core/base/base.hpp"
#include "core/cli/install/archive.hpp"
#include "core/cli/install/download.hpp"
#include "core/cli/install/index.hpp"

namespace kdeps::install {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLargestArchive = 64U << 20U;
constexpr std::string_view kManifestSuffix = ".plugin.json";

// What is to be installed, fetched but not unpacked; nothing is written yet.
struct Fetched {
    std::string source;              // for the record
    std::string archive;             // its bytes; empty if `library` is given
    fs::path library;                // a library with its manifest beside it
    std::optional<Release> release;  // what the index promises
};

std::string read_archive(const fs::path& file) {
    std::error_code failed;
    const auto size = fs::file_size(file, failed);
    if (failed) throw Error(Status::not_found, "'" + file.string() + "' cannot be read: " + failed.message());
    if (size > kLargestArchive)
        throw Error(Status::exhausted,
                    "'" + file.string() + "' is larger than " + std::to_string(kLargestArchive >> 20U) + " MiB");
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::string bytes_of(const std::string& location) {
    return is_url(location) ? download(location, kLargestArchive) : read_archive(location);
}

void check_bytes(const std::string& bytes, const std::string& wanted, const std::string& source, const char* who) {
    if (const std::string found = plugin::sha256_of(bytes); found != wanted) {
        throw Error(Status::forbidden,
                    "'" + source + "' is refused: its sha256 is " + found + ", " + who + " wants " + wanted);
    }
}

Fetched fetch(const Request& request) {
    Fetched out;
    std::error_code failed;
    if (is_url(request.what) || fs::is_regular_file(request.what, failed)) {
        out.source = is_url(request.what) ? redact(request.what) : fs::absolute(request.what).string();
        if (request.what.ends_with(".so")) {
            if (is_url(request.what))
                throw Error(Status::unsupported, "'" + out.source +
                                                     "' is a library without its manifest; give the URL of an archive "
                                                     "(.tar.gz) that holds both");
            out.library = fs::absolute(request.what);
        } else {
            out.archive = bytes_of(request.what);
        }
    } else if (request.what.find('/') != std::string::npos || request.what.ends_with(".tar.gz") ||
               request.what.ends_with(".so")) {
        throw Error(Status::not_found, "the file '" + request.what + "' does not exist");
    } else if (request.index.empty()) {
        throw Error(Status::not_found, "'" + request.what +
                                           "' is no file, and there is no index to look it up in; give one with "
                                           "--index FILE|URL or KDEPS_PLUGIN_INDEX");
    } else {
        out.release = find_release(request.index, request.what);
        out.source = redact(out.release->location);
        out.archive = bytes_of(out.release->location);
        check_bytes(out.archive, out.release->sha256, out.source, "the index");
    }
    if (!request.sha256.empty() && out.library.empty())
        check_bytes(out.archive, request.sha256, out.source, "--sha256");
    return out;
}

// The one manifest in an unpacked archive: in its root or in a folder of it.
fs::path manifest_in(const fs::path& folder, const std::string& source) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.path().filename().string().ends_with(kManifestSuffix)) found.push_back(entry.path());
    }
    if (found.size() != 1) {
        throw Error(Status::bad_data, "'" + source + "' holds " + std::to_string(found.size()) +
                                          " manifests (*.plugin.json); the archive of a plugin holds one");
    }
    return found.front();
}

void copy(const fs::path& file, const fs::path& folder, fs::perms mode) {
    std::error_code failed;
    fs::copy_file(file, folder / file.filename(), failed);
    if (!failed) fs::permissions(folder / file.filename(), mode, failed);
    if (failed) throw Error(Status::unavailable, "'" + file.string() + "' cannot be copied: " + failed.message());
}

// The files that belong to a plugin, and nothing else, into the folder that is put in place.
plugin::Manifest gather(const fs::path& manifest_file, const fs::path& folder, const std::string& source) {
    const plugin::Manifest found = plugin::read_manifest(manifest_file);
    constexpr fs::perms kFile =
        fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read;
    constexpr fs::perms kLibrary = kFile | fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
    copy(manifest_file, folder, kFile);
    if (!fs::is_regular_file(found.library))
        throw Error(Status::not_found, "'" + source + "' lacks the library '" + found.library.filename().string() +
                                           "' that its manifest names");
    copy(found.library, folder, kLibrary);
    if (const fs::path signature = signature_file(manifest_file); fs::exists(signature)) copy(signature, folder, kFile);
    return plugin::read_manifest(folder / manifest_file.filename());
}

void check_abi(const plugin::Manifest& manifest) {
    const std::string ours = std::to_string(KDEPS_ABI_MAJOR) + "." + std::to_string(KDEPS_ABI_MINOR);
    if (!manifest.abi.starts_with(std::to_string(KDEPS_ABI_MAJOR) + ".")) {
        throw Error(Status::unsupported,
                    "plugin '" + manifest.id + "' is built for ABI " + manifest.abi + ", this host speaks " + ours);
    }
}

// The same is checked again at every load (plugin::check_trust), with other words.
void check_library(const plugin::Manifest& manifest, const std::string& source) {
    std::ifstream stream(manifest.library, std::ios::binary);
    const std::string found = plugin::sha256_of(std::string(std::istreambuf_iterator<char>(stream), {}));
    if (manifest.sha256.empty()) {
        throw Error(Status::forbidden, "plugin '" + manifest.id + "' from '" + source +
                                           "' is refused: its manifest has no sha256 of the library; build with "
                                           "kdeps_add_plugin(), which writes it");
    }
    if (found != manifest.sha256) {
        throw Error(Status::forbidden, "plugin '" + manifest.id + "' from '" + source +
                                           "' is refused: the sha256 of its library is " + found +
                                           ", its manifest says " + manifest.sha256 +
                                           "; one of them was changed, fetch the plugin again");
    }
}

}  // namespace

fs::path manifest_of(const fs::path& library) {
    std::error_code failed;
    if (!fs::exists(library, failed))
        throw Error(Status::not_found, "the file '" + library.string() + "' does not exist");
    for (const auto& entry : fs::directory_iterator(fs::absolute(library).parent_path())) {
        if (!entry.path().filename().string().ends_with(kManifestSuffix)) continue;
        try {
            if (plugin::read_manifest(entry.path()).library.filename() == library.filename()) return entry.path();
        } catch (const Error&) {
            // Another plugin's: if it is this one's, the message below tells that none was found.
        }
    }
    throw Error(Status::not_found, "no manifest beside '" + library.string() +
                                       "' names it; build with kdeps_add_plugin(), which writes it");
}

Installed install(const Request& request) {
    const TrustedKeys keys(key_folders());
    const Fetched fetched = fetch(request);
    Store store;
    fs::path manifest_file;
    const fs::path unpacked = store.staging() / ".unpacked";
    if (fetched.library.empty()) {
        fs::create_directory(unpacked);
        unpack(fetched.archive, fetched.source, unpacked);
        manifest_file = manifest_in(unpacked, fetched.source);
    } else {
        manifest_file = manifest_of(fetched.library);
    }
    const plugin::Manifest manifest = gather(manifest_file, store.staging(), fetched.source);
    fs::remove_all(unpacked);
    if (!is_id(manifest.id))
        throw Error(Status::bad_data, "plugin '" + manifest.id +
                                          "': its id may have letters, digits, '.', '-' and '_' only, at most 128 of "
                                          "them, and begins with a letter or digit");
    if (fetched.release && (fetched.release->id != manifest.id || fetched.release->version != manifest.version)) {
        throw Error(Status::forbidden, "'" + fetched.source + "' is refused: it is plugin '" + manifest.id + "' " +
                                           manifest.version + ", the index says '" + fetched.release->id + "' " +
                                           fetched.release->version);
    }
    check_abi(manifest);
    check_library(manifest, fetched.source);
    const TrustedKeys::Answer answer = keys.check(manifest.file, manifest.id);
    const std::string name = "plugin '" + manifest.id + "' ";
    if (answer.verdict == TrustedKeys::Verdict::unsigned_ && !request.may_be_unsigned) {
        throw Error(Status::forbidden,
                    name + "is not signed: there is no '" + signature_file(manifest.file).filename().string() +
                        "' beside its manifest; if you trust where it came from, add --allow-unsigned");
    }
    if (answer.verdict == TrustedKeys::Verdict::unknown_key && !request.may_be_unsigned) {
        throw Error(Status::forbidden, name + "is signed by the key " + answer.key_id +
                                           ", which is not among the trusted keys in " + keys.folders_text() +
                                           "; put its .pub file there if you trust it, or add --allow-unsigned");
    }
    Installed out{manifest.id, manifest.version, "", "", plugin::user_folder() / manifest.id};
    if (answer.verdict == TrustedKeys::Verdict::good) out.signed_by = answer.key_id;
    const auto before = store.record().plugins().find(manifest.id);
    if (before != store.record().plugins().end()) out.replaced = before->second.version;
    store.place(manifest.id);
    store.record().put(manifest.id, {manifest.version, manifest.sha256, fetched.source, out.signed_by});
    store.record().write();
    return out;
}

}  // namespace kdeps::install
