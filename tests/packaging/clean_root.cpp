// SPDX-License-Identifier: Apache-2.0
#include "tests/packaging/clean_root.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace kdeps::testing {

namespace fs = std::filesystem;

namespace {

// Who is not root is root of a user namespace of its own, for as long as the program runs.
std::vector<std::string> as_root(std::vector<std::string> argv, bool wants_mounts) {
    std::vector<std::string> out;
    if (geteuid() != 0 || wants_mounts) out.push_back("unshare");
    if (geteuid() != 0) out.push_back("--map-root-user");
    if (wants_mounts) out.push_back("--mount");
    out.insert(out.end(), argv.begin(), argv.end());
    return out;
}

bool can_mount() {
    static const bool can = kdeps::testing::run(as_root({"true"}, true)).exit_code == 0;
    return can;
}

// Nobody reads these in a test.
bool is_documentation(std::string_view file) {
    return file.starts_with("/usr/share/doc/") || file.starts_with("/usr/share/man/") ||
           file.starts_with("/usr/share/locale/") || file.starts_with("/usr/share/perl");
}

void must(const std::vector<std::string>& argv, const ProcessOptions& options = {}) {
    const Result result = kdeps::testing::run(argv, options);
    if (result.exit_code != 0) throw std::runtime_error(argv[0] + ": " + result.out + result.err);
}

}  // namespace

CleanRoot::CleanRoot(const HostPackages& host) : host_(host) {
    const fs::path root = path();
    // As on the machine: /lib is usr/lib, where the system merges them.
    for (const char* name : {"bin", "sbin", "lib", "lib64"}) {
        fs::create_directories(root / "usr" / name);
        if (fs::is_symlink(fs::path("/") / name)) fs::create_symlink(fs::path("usr") / name, root / name);
    }
    for (const char* name : {"proc", "dev", "tmp", "etc", "var/lib/dpkg/info", "var/lib/dpkg/updates"})
        fs::create_directories(root / name);
    std::ofstream(root / "var/lib/dpkg/status").flush();
    if (!can_mount()) {  // then at least what a program asks for its own place
        fs::create_directories(root / "proc/self");
        fs::create_symlink("/usr/bin/kdeps", root / "proc/self/exe");
    }
    bring(host_.closure({{"dash"}}));  // for the scripts of packages
}

void CleanRoot::fetch_dependencies(const fs::path& deb) {
    const Result field = kdeps::testing::run({"dpkg-deb", "-f", deb.string(), "Depends"});
    if (field.exit_code != 0) throw std::runtime_error(field.err);
    bring(host_.closure(parse_dependencies(field.out)));
}

void CleanRoot::bring(const std::set<std::string>& packages) {
    std::string files;
    std::ofstream status(path() / "var/lib/dpkg/status", std::ios::app);
    for (const std::string& package : packages) {
        if (!brought_.insert(package).second) continue;
        const Result entry = kdeps::testing::run({"dpkg-query", "-s", package});
        status << entry.out << '\n';
        const std::string list = kdeps::testing::run({"dpkg-query", "-L", package}).out;
        const bool is_qualified = entry.out.find("\nMulti-Arch: same\n") != std::string::npos;
        const std::size_t at = entry.out.find("\nArchitecture: ") + 15;
        const std::string architecture = entry.out.substr(at, entry.out.find('\n', at) - at);
        std::ofstream(path() / "var/lib/dpkg/info" /
                      (package + (is_qualified ? ":" + architecture : std::string()) + ".list"))
            << list;
        std::istringstream lines(list);
        for (std::string line; std::getline(lines, line);) {
            if (!line.starts_with('/') || is_documentation(line)) continue;
            std::error_code failed;
            const fs::file_status what = fs::symlink_status(line, failed);
            if (fs::is_regular_file(what) || fs::is_symlink(what)) {
                const fs::path folder = fs::canonical(fs::path(line).parent_path());
                files += (folder / fs::path(line).filename()).string().substr(1) + '\n';
            }
        }
    }
    ProcessOptions options;
    options.input = files;
    must({"sh", "-c",
          "tar --directory=/ --create --files-from=- | tar --directory=\"$0\" --extract --keep-directory-symlink",
          path().string()},
         options);
}

Result CleanRoot::dpkg(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {"dpkg", "--root=" + path().string(), "--no-debsig", "--force-unsafe-io",
                                     "--log=/dev/null"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return kdeps::testing::run(as_root(argv, false));
}

Result CleanRoot::dpkg_install(const fs::path& deb) { return dpkg({"--install", deb.string()}); }

void CleanRoot::install(const fs::path& deb) {
    fetch_dependencies(deb);
    const Result result = dpkg_install(deb);
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

Result CleanRoot::run(const std::vector<std::string>& argv) {
    const std::string enter =
        can_mount() ? "mount --rbind /proc \"$0/proc\" && mount --rbind /dev \"$0/dev\" && exec chroot \"$0\" \"$@\""
                    : "exec chroot \"$0\" \"$@\"";
    std::vector<std::string> out = {"env", "-i", "PATH=/usr/bin:/usr/sbin:/bin:/sbin", "HOME=/tmp"};
    const std::vector<std::string> inside = as_root({"sh", "-c", enter, path().string()}, can_mount());
    out.insert(out.end(), inside.begin(), inside.end());
    out.insert(out.end(), argv.begin(), argv.end());
    return kdeps::testing::run(out);
}

}  // namespace kdeps::testing
