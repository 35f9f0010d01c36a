// SPDX-License-Identifier: Apache-2.0
// What the .deb packages say and hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/packaging/host_packages.hpp"
#include "tests/packaging/packages.hpp"
#include "tests/support/process.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What a package depends on, but for the run time of C and C++.
std::set<std::string> needs(const std::string& package) {
    std::set<std::string> out;
    for (const Alternatives& one : parse_dependencies(Packages::built().field(package, "Depends"))) out.insert(one[0]);
    for (const char* common : {"libc6", "libstdc++6", "libgcc-s1"}) out.erase(common);
    return out;
}

TEST(DebianPackages, AreOnePerPlugin) {
    EXPECT_THAT(Packages::built().names(),
                ElementsAre("kdeps", "kdeps-driver-mysql", "kdeps-driver-postgres", "kdeps-driver-sqlite",
                            "kdeps-driver-sqlserver", "kdeps-executor-python", "kdeps-sdk-dev"));
}

TEST(DebianPackages, ADriverDependsOnItsOwnClientAndOnTheAbi) {
    EXPECT_THAT(needs("kdeps-driver-sqlite"), ElementsAre("kdeps-abi-1", "libsqlite3-0"));
    EXPECT_THAT(needs("kdeps-driver-postgres"), ElementsAre("kdeps-abi-1", "libpq5"));
    EXPECT_THAT(needs("kdeps-driver-mysql"), ElementsAre("kdeps-abi-1", "libmariadb3"));
    EXPECT_THAT(needs("kdeps-driver-sqlserver"), ElementsAre("kdeps-abi-1", "libsybdb5"));
}

TEST(DebianPackages, PythonDependsOnPythonAndTheSdkOnNothing) {
    std::set<std::string> python = needs("kdeps-executor-python");
    std::erase_if(python, [](const std::string& name) { return name.starts_with("libpython3."); });
    EXPECT_THAT(python, ElementsAre("kdeps-abi-1", "python3"));
    EXPECT_THAT(needs("kdeps-sdk-dev"), IsEmpty());
}

TEST(DebianPackages, TheHostDependsOnNoDatabaseAndNoPython) {
    for (const std::string& name : needs("kdeps")) {
        for (const char* client :
             {"libpq", "libmariadb", "libmysql", "libsqlite", "libsybdb", "libct", "libpython", "python"})
            EXPECT_FALSE(name.starts_with(client)) << name;
    }
    EXPECT_EQ(Packages::built().field("kdeps", "Recommends"), "kdeps-driver-sqlite");
    EXPECT_THAT(Packages::built().field("kdeps", "Provides"), HasSubstr("kdeps-abi-1 (= 1."));
}

TEST(DebianPackages, NoFileIsInTwo) {
    std::map<std::string, std::string> owners;
    for (const std::string& package : Packages::built().names()) {
        std::istringstream lines(run({"dpkg-deb", "-c", Packages::built().file(package).string()}).out);
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with('d')) continue;
            const std::string file = line.substr(line.find("./"));
            const auto [other, is_new] = owners.try_emplace(file, package);
            EXPECT_TRUE(is_new) << file << " is in " << other->second << " and in " << package;
        }
    }
    EXPECT_EQ(owners.at("./usr/bin/kdeps"), "kdeps");
    EXPECT_EQ(owners.at("./usr/lib/kdeps/kdeps-server"), "kdeps");
    EXPECT_EQ(owners.at("./usr/lib/kdeps/kdeps-python-worker"), "kdeps-executor-python");
    EXPECT_EQ(owners.at("./usr/include/kdeps/kdeps.h"), "kdeps-sdk-dev");
}

TEST(DebianPackages, AManifestHoldsTheChecksumOfTheStrippedLibrary) {
    for (const std::string& package : Packages::built().names()) {
        const TemporaryFolder folder;
        ASSERT_EQ(run({"dpkg-deb", "-x", Packages::built().file(package).string(), folder.path().string()}).exit_code,
                  0);
        const fs::path plugins = folder.path() / "usr/lib/kdeps/plugins";
        if (!fs::exists(plugins)) continue;
        for (const auto& entry : fs::directory_iterator(plugins)) {
            if (entry.path().extension() != ".json") continue;
            std::ifstream stream(entry.path());
            std::stringstream manifest;
            manifest << stream.rdbuf();
            const std::string name = entry.path().filename();
            const fs::path library = plugins / ("libkdeps-" + name.substr(0, name.find('.')) + ".so");
            EXPECT_THAT(manifest.str(), HasSubstr(run({"sha256sum", library.string()}).out.substr(0, 64))) << library;
            EXPECT_THAT(manifest.str(), HasSubstr("\"package\": \"" + package + "\""));
            EXPECT_THAT(run({"file", library.string()}).out, HasSubstr(", stripped"));
        }
    }
}

TEST(DebianPackages, TheChangelogIsOfTheirVersion) {
    const std::string version = Packages::built().field("kdeps", "Version");
    EXPECT_EQ(run({"dpkg-parsechangelog", "-l", KDEPS_PACKAGING_FOLDER "/debian/changelog", "-S", "Version"}).out,
              version + "\n");
    for (const std::string& package : Packages::built().names())
        EXPECT_EQ(Packages::built().field(package, "Version"), version);
}

// initial-upload-closes-no-bugs is about Debian's own bug tracker.
TEST(DebianPackages, LintianFindsNothing) {
    std::vector<std::string> argv = {"lintian", "--tag-display-limit", "0", "--suppress-tags",
                                     "initial-upload-closes-no-bugs"};
    for (const fs::path& file : Packages::built().files()) argv.push_back(file.string());
    const Result result = run(argv, {}, std::chrono::minutes(2));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "");
}

TEST(Archive, WorksWhereverItIsUnpacked) {
    const TemporaryFolder folder;
    ProcessOptions options;
    options.folder = KDEPS_BUILD_FOLDER;
    const Result packed = run({KDEPS_CPACK, "-G", "TGZ", "-B", folder.path().string()}, options);
    ASSERT_EQ(packed.exit_code, 0) << packed.out << packed.err;
    options.folder = folder.path();
    ASSERT_EQ(
        run({"sh", "-c", "tar -xzf kdeps-*.tar.gz && rm -rf _CPack_Packages && mv kdeps-*-Linux elsewhere"}, options)
            .exit_code,
        0);
    const Result result =
        run({(folder.path() / "elsewhere/bin/kdeps").string(), "run", KDEPS_EXAMPLES "/one-query", "--once"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::ifstream expected(KDEPS_EXAMPLES "/one-query/expected.json");
    EXPECT_EQ(result.out, std::string(std::istreambuf_iterator<char>(expected), {}));
}

// The unit as it is, but for the place of the binary.
TEST(DebianPackages, SystemdReadsTheUnit) {
    std::ifstream stream(KDEPS_PACKAGING_FOLDER "/systemd/kdeps@.service");
    std::stringstream text;
    text << stream.rdbuf();
    std::string unit = text.str();
    const std::string installed = "ExecStart=/usr/bin/kdeps";
    ASSERT_THAT(unit, HasSubstr(installed));
    unit.replace(unit.find(installed), installed.size(), "ExecStart=" KDEPS_BINARY);
    const TemporaryFolder folder;
    folder.write("kdeps@.service", unit);
    const Result result =
        run({"systemd-analyze", "verify", "--man=no", (folder.path() / "kdeps@shop.service").string()});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, "");
    // Of 100: the more, the less is closed.
    EXPECT_EQ(run({"systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager",
                   (folder.path() / "kdeps@shop.service").string()})
                  .exit_code,
              0);
}

}  // namespace
}  // namespace kdeps::testing
