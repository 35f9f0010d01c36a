// SPDX-License-Identifier: Apache-2.0
#include "tests/packaging/packages.hpp"

#include <stdexcept>

#include "tests/support/process.hpp"

namespace kdeps::testing {

namespace fs = std::filesystem;

Packages::Packages() {
    ProcessOptions options;
    options.folder = KDEPS_BUILD_FOLDER;
    const Result result =
        run({KDEPS_CPACK, "-G", "DEB", "-B", folder_.path().string()}, options, std::chrono::minutes(2));
    if (result.exit_code != 0) throw std::runtime_error("cpack: " + result.out + result.err);
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
        const std::string name = entry.path().filename();
        if (name.ends_with(".deb")) files_[name.substr(0, name.find('_'))] = entry.path();
    }
}

const Packages& Packages::built() {
    static const Packages packages;
    return packages;
}

fs::path Packages::file(const std::string& package) const { return files_.at(package); }

std::vector<std::string> Packages::names() const {
    std::vector<std::string> out;
    for (const auto& [name, file] : files_) out.push_back(name);
    return out;
}

std::vector<fs::path> Packages::files() const {
    std::vector<fs::path> out;
    for (const auto& [name, file] : files_) out.push_back(file);
    return out;
}

std::string Packages::field(const std::string& package, const std::string& name) const {
    std::string text = run({"dpkg-deb", "-f", file(package).string(), name}).out;
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

}  // namespace kdeps::testing
