// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/manifest.hpp"

#include <algorithm>
#include <boost/dll/runtime_symbol_info.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/base.hpp"

namespace kdeps::plugin {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSuffix = ".plugin.json";
constexpr std::uintmax_t kLargestManifest = 1 << 20;

void append_folder_list(const char* variable, std::vector<fs::path>& out) {
    const char* list = std::getenv(variable);
    std::string_view rest = list == nullptr ? "" : list;
    while (!rest.empty()) {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        if (colon > 0) {
            out.emplace_back(rest.substr(0, colon));
        }
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
}

// A folder whose name starts with a dot is an installation that did not come to its end.
void append_installed(const fs::path& own, std::vector<fs::path>& out) {
    std::vector<fs::path> found;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(own, failed)) {
        if (entry.is_directory(failed) && !entry.path().filename().string().starts_with('.'))
            found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    out.insert(out.end(), found.begin(), found.end());
}

}  // namespace

bool Manifest::offers(std::string_view interface, std::string_view name) const {
    return std::any_of(provides.begin(), provides.end(), [&](const Provided& provided) {
        return provided.interface == interface &&
               std::find(provided.names.begin(), provided.names.end(), name) != provided.names.end();
    });
}

Manifest read_manifest(const fs::path& file) {
    const auto refuse = [&](const std::string& why) -> Error {
        return {Status::bad_data, "plugin manifest '" + file.string() + "': " + why};
    };
    std::error_code failed;
    if (const auto size = fs::file_size(file, failed); failed || size > kLargestManifest) {
        throw refuse(failed ? "cannot be read: " + failed.message() : "is larger than 1 MiB");
    }
    try {
        std::ifstream stream(file);
        const nlohmann::json json = nlohmann::json::parse(stream);
        Manifest manifest;
        manifest.id = json.at("id").get<std::string>();
        manifest.version = json.at("version").get<std::string>();
        manifest.abi = json.at("abi").get<std::string>();
        manifest.summary = json.value("summary", "");
        manifest.package = json.value("package", "");
        manifest.sha256 = json.value("sha256", "");
        for (const auto& entry : json.at("provides")) {
            manifest.provides.push_back(
                {entry.at("interface").get<std::string>(), entry.at("names").get<std::vector<std::string>>()});
        }
        const fs::path library = json.at("library").get<std::string>();
        if (library.has_parent_path()) {
            throw refuse("'library' must be a file name without a folder, not '" + library.string() + "'");
        }
        manifest.library = fs::absolute(file).parent_path() / library;
        manifest.file = fs::absolute(file);
        return manifest;
    } catch (const nlohmann::json::exception& error) {
        throw refuse(std::string("is not a valid manifest: ") + error.what());
    }
}

SearchResult find_manifests(const std::vector<fs::path>& folders) {
    SearchResult result;
    for (const fs::path& folder : folders) {
        std::vector<fs::path> files;
        std::error_code failed;
        for (const auto& entry : fs::directory_iterator(folder, failed)) {
            if (entry.path().filename().string().ends_with(kSuffix)) {
                files.push_back(entry.path());
            }
        }
        std::sort(files.begin(), files.end());
        for (const fs::path& file : files) {
            try {
                Manifest manifest = read_manifest(file);
                const bool is_known = std::any_of(result.manifests.begin(), result.manifests.end(),
                                                  [&](const Manifest& other) { return other.id == manifest.id; });
                if (!is_known) {
                    result.manifests.push_back(std::move(manifest));
                }
            } catch (const Error& error) {
                result.faults.push_back(error.message);
            }
        }
    }
    return result;
}

fs::path user_folder() {
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') {
        return fs::path(data) / "kdeps/plugins";
    }
    const char* home = std::getenv("HOME");
    return home != nullptr && *home != '\0' ? fs::path(home) / ".local/share/kdeps/plugins" : fs::path();
}

std::vector<fs::path> search_folders(const std::vector<fs::path>& given) {
    std::vector<fs::path> folders = given;
    append_folder_list("KDEPS_PLUGIN_PATH", folders);
    if (const fs::path own = user_folder(); !own.empty()) {
        folders.push_back(own);
        append_installed(own, folders);
    }
    // bin/kdeps, lib/kdeps/kdeps-server and lib/kdeps/plugins, in the build tree and in an installation.
    const fs::path program = boost::dll::program_location().string();
    const fs::path folder = program.parent_path();
    folders.push_back((program.filename() == "kdeps-server" ? folder : folder.parent_path() / "lib/kdeps") / "plugins");
    return folders;
}

}  // namespace kdeps::plugin
