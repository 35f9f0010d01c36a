// SPDX-License-Identifier: Apache-2.0
// The SDK as its package installs it: the examples are built against it alone, away from this repository, and run by
// the built host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
    std::ifstream stream(file);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
}

// Runs a program that must succeed.
std::string must(const std::vector<std::string>& argv, const ProcessOptions& options = {}) {
    const Result result = run(argv, options);
    EXPECT_EQ(result.exit_code, 0) << argv[0] << "\n" << result.out << result.err;
    return result.out;
}

// The installed SDK, once for all tests.
class SdkInstall : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        root_ = new TemporaryFolder();
        must({KDEPS_CMAKE, "--install", KDEPS_BUILD_FOLDER, "--component", "kdeps-sdk-dev", "--prefix",
              prefix().string()});
    }
    static void TearDownTestSuite() {
        delete root_;
        root_ = nullptr;
    }
    static fs::path prefix() { return root_->path() / "prefix"; }

    // Configures and builds a folder; no package of this machine is found but through `prefix`.
    static void build(const fs::path& source) {
        must({KDEPS_CMAKE, "-S", source.string(), "-B", (source / "build").string(),
              "-DCMAKE_PREFIX_PATH=" + prefix().string()});
        must({KDEPS_CMAKE, "--build", (source / "build").string()});
    }

    // Builds a copy of an example, tests its library and runs its workflow, as its README tells: the answer.
    static std::string answer_of(const std::string& example, const std::string& library,
                                 const std::vector<std::string>& more = {}) {
        const fs::path copy = root_->path() / example;
        fs::copy(fs::path(KDEPS_EXAMPLES) / example, copy, fs::copy_options::recursive);
        build(copy);
        std::vector<std::string> test = {KDEPS_BINARY, "plugins", "test", (copy / "build" / library).string()};
        if (fs::exists(copy / "quirks.yaml")) test.insert(test.end(), {"--quirks", (copy / "quirks.yaml").string()});
        test.insert(test.end(), more.begin(), more.end());
        must(test);
        std::vector<std::string> argv = {KDEPS_BINARY, "run",          copy.string(),
                                         "--once",     "--plugin-dir", (copy / "build").string()};
        std::ifstream arguments(copy / "args");
        for (std::string line; std::getline(arguments, line);) argv.push_back(line);
        return must(argv);
    }

private:
    static inline TemporaryFolder* root_ = nullptr;
};

TEST_F(SdkInstall, HoldsTheHeadersAndTheCMakeFiles) {
    std::vector<std::string> cmake_files;
    for (const auto& entry : fs::directory_iterator(prefix() / "share/cmake/kdeps-sdk"))
        cmake_files.push_back(entry.path().filename());
    EXPECT_THAT(cmake_files, ::testing::UnorderedElementsAre("kdeps-sdkConfig.cmake", "kdeps-sdkConfigVersion.cmake",
                                                             "kdeps-sdk-targets.cmake", "kdeps_add_plugin.cmake",
                                                             "write_manifest.cmake", "plugin.map"));
    EXPECT_TRUE(fs::exists(prefix() / "include/kdeps/kdeps.h"));
    EXPECT_TRUE(fs::exists(prefix() / "include/kdeps/cpp/executor.hpp"));
}

TEST_F(SdkInstall, KnowsNoPathOfTheTreeThatItCameFrom) {
    for (const auto& entry : fs::recursive_directory_iterator(prefix())) {
        if (!entry.is_regular_file()) continue;
        const std::string text = text_of(entry.path());
        EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr(KDEPS_BUILD_FOLDER))) << entry.path();
        EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr(fs::path(KDEPS_EXAMPLES).parent_path().string() + "/")))
            << entry.path();
    }
}

TEST_F(SdkInstall, APluginInCIsBuiltAndRun) {
    EXPECT_EQ(answer_of("plugin_c", "libkdeps-slug.so"), text_of(fs::path(KDEPS_EXAMPLES) / "plugin_c/expected.json"));
}

TEST_F(SdkInstall, APluginInCppIsBuiltAndRun) {
    EXPECT_EQ(answer_of("plugin_cpp", "libkdeps-greeting.so"),
              text_of(fs::path(KDEPS_EXAMPLES) / "plugin_cpp/expected.json"));
}

TEST_F(SdkInstall, ADriverInCppIsBuiltAndRun) {
    EXPECT_EQ(answer_of("plugin_csv", "libkdeps-csv.so",
                        {"--url", "csv://" + (fs::path(KDEPS_EXAMPLES) / "plugin_csv/data").string()}),
              text_of(fs::path(KDEPS_EXAMPLES) / "plugin_csv/expected.json"));
}

TEST_F(SdkInstall, AHostOfAnOlderMinorIsNamedAtConfigure) {
    const TemporaryFolder folder;
    folder.write(
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.25)\nproject(future LANGUAGES C)\nfind_package(kdeps-sdk 1.99 REQUIRED)\n");
    const Result result = run({KDEPS_CMAKE, "-S", folder.path().string(), "-B", (folder.path() / "build").string(),
                               "-DCMAKE_PREFIX_PATH=" + prefix().string()});
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(result.err, ::testing::HasSubstr("compatible with requested version \"1.99\""));
}

}  // namespace
}  // namespace kdeps::testing
