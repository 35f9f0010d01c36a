// SPDX-License-Identifier: Apache-2.0
// The whole way of a third party, in a root that holds the components kdeps and kdeps-sdk-dev and nothing else: kdeps
// new, build, test, sign, install, a workflow that uses it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Way : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        root_ = new TemporaryFolder();
        for (const char* component : {"kdeps", "kdeps-sdk-dev"}) {
            const Result result = run({KDEPS_CMAKE, "--install", KDEPS_BUILD_FOLDER, "--component", component,
                                       "--prefix", (root_->path() / "usr").string()});
            EXPECT_EQ(result.exit_code, 0) << result.err;
        }
    }
    static void TearDownTestSuite() {
        delete root_;
        root_ = nullptr;
    }
    static fs::path usr() { return root_->path() / "usr"; }

    // In the folder of this test, as a user who has nothing of kdeps but that root.
    std::string must(std::vector<std::string> argv, const fs::path& folder) const {
        if (argv[0] == "kdeps") argv[0] = (usr() / "bin/kdeps").string();
        ProcessOptions options;
        options.folder = folder;
        options.env = {{"XDG_DATA_HOME", (home_.path() / "data").string()},
                       {"XDG_CONFIG_HOME", (home_.path() / "config").string()},
                       {"CMAKE_PREFIX_PATH", usr().string()}};
        const Result result = run(argv, options, std::chrono::minutes(2));
        EXPECT_EQ(result.exit_code, 0) << argv[0] << " " << argv[1] << "\n" << result.out << result.err;
        return result.out;
    }
    std::string must(std::vector<std::string> argv) const { return must(std::move(argv), work()); }
    fs::path work() const { return home_.path(); }

    // The commands of the new folder's README, in their order; the answer of its workflow, from the installed plugin.
    std::string go(const std::string& kind, const std::string& name, const std::string& language) const {
        must({"kdeps", "new", kind, name, "--language", language});
        const fs::path folder = work() / name;
        must({KDEPS_CMAKE, "-B", "build"}, folder);
        must({KDEPS_CMAKE, "--build", "build"}, folder);
        EXPECT_THAT(must({KDEPS_CTEST, "--test-dir", "build", "--output-on-failure"}, folder),
                    HasSubstr("100% tests passed, 0 tests failed out of 2"));
        must({"kdeps", "plugins", "keygen", "my"}, folder);
        must({"kdeps", "plugins", "sign", "build/libkdeps-" + name + ".so", "--key", "my.key"}, folder);
        must({"tar", "-czf", name + ".tar.gz", "-C", "build", "libkdeps-" + name + ".so", name + ".plugin.json",
              name + ".plugin.sig"},
             folder);
        fs::create_directories(work() / "config/kdeps/keys");
        fs::copy(folder / "my.pub", work() / "config/kdeps/keys/my.pub");
        must({"kdeps", "plugins", "install", name + ".tar.gz"}, folder);
        fs::remove_all(folder / "build");
        return must({"kdeps", "run", ".", "--once"}, folder);
    }

private:
    static inline TemporaryFolder* root_ = nullptr;
    TemporaryFolder home_;
};

TEST_F(Way, AnExecutorInCpp) { EXPECT_EQ(go("executor", "greeting", "c++"), "Hello, world!\n"); }
TEST_F(Way, AnExecutorInC) { EXPECT_EQ(go("executor", "greeting", "c"), "Hello, world!\n"); }
TEST_F(Way, ADriverInCpp) { EXPECT_EQ(go("driver", "numbers", "c++"), "[{\"i\":1},{\"i\":2},{\"i\":3}]\n"); }
TEST_F(Way, ADriverInC) { EXPECT_EQ(go("driver", "numbers", "c"), "[{\"i\":1},{\"i\":2},{\"i\":3}]\n"); }

// ---- sdk/README.md: every command is run, and every piece of code is one of the files that they made. ----

std::string text_of(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

struct Section {
    std::string title;
    std::string commands;           // the blocks of sh, one after another
    std::vector<std::string> code;  // the blocks of C and C++
};

std::vector<Section> sections(const std::string& readme) {
    std::vector<Section> out(1);
    std::istringstream lines(readme);
    std::string language;
    std::string block;
    bool is_inside = false;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("```")) {
            if (is_inside) block += line + "\n";
            if (!is_inside && line.starts_with("## ")) out.push_back({line.substr(3), "", {}});
            continue;
        }
        is_inside = !is_inside;
        if (is_inside) {
            language = line.substr(3);
            block.clear();
        } else if (language == "sh") {
            out.back().commands += block;
        } else if (language == "c" || language == "cpp") {
            out.back().code.push_back(block);
        }
    }
    return out;
}

TEST_F(Way, OfTheReadme) {
    int run_sections = 0;
    int shown = 0;
    for (const Section& section : sections(text_of(KDEPS_SDK_README))) {
        if (section.commands.empty()) {
            EXPECT_TRUE(section.code.empty()) << section.title << " shows code that no command makes";
            continue;
        }
        ++run_sections;
        const TemporaryFolder folder;
        ProcessOptions options;
        options.folder = folder.path();
        options.env = {{"HOME", (folder.path() / "home").string()},
                       {"XDG_DATA_HOME", ""},
                       {"XDG_CONFIG_HOME", ""},
                       {"CMAKE_PREFIX_PATH", usr().string()},
                       {"PATH", (usr() / "bin").string() + ":" + std::getenv("PATH")}};
        const Result result = run({"/bin/sh", "-euc", section.commands}, options, std::chrono::minutes(2));
        EXPECT_EQ(result.exit_code, 0) << section.title << "\n" << result.out << result.err;
        for (const std::string& code : section.code) {
            ++shown;
            bool is_there = false;
            for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
                if (entry.path().extension() == ".c" || entry.path().extension() == ".cpp")
                    is_there = is_there || text_of(entry.path()).find(code) != std::string::npos;
            }
            EXPECT_TRUE(is_there) << section.title << " shows what is in none of the files:\n" << code;
        }
    }
    EXPECT_EQ(run_sections, 3);
    EXPECT_EQ(shown, 2);
}

TEST_F(Way, AWorkflow) {
    must({"kdeps", "new", "workflow", "shop"});
    EXPECT_THAT(must({"kdeps", "validate", "shop", "--strict"}), ::testing::StartsWith("Validation successful"));
    EXPECT_EQ(must({"kdeps", "run", "shop", "--once", "--param", "who=Ada"}), "{\"greeting\":\"Hello, Ada!\"}\n");
}

}  // namespace
}  // namespace kdeps::testing
