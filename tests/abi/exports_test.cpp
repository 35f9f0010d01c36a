// SPDX-License-Identifier: Apache-2.0
// What the shipped libraries export and need.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace kdeps::testing {
namespace {

// The libraries of this build, separated by ':'.
std::vector<std::string> libraries() {
    std::vector<std::string> out;
    std::istringstream list(KDEPS_PLUGIN_LIBRARIES);
    for (std::string one; std::getline(list, one, ':');) out.push_back(one);
    return out;
}

TEST(Exports, AreTheEntrySymbolAlone) {
    ASSERT_THAT(libraries(), ::testing::SizeIs(::testing::Ge(3)));
    for (const std::string& library : libraries()) {
        const Result result = run({"nm", "--dynamic", "--defined-only", "--format=posix", library});
        ASSERT_EQ(result.exit_code, 0) << result.err;
        EXPECT_THAT(result.out, ::testing::MatchesRegex("kdeps_plugin_entry_v1 T [0-9a-f]+ [0-9a-f]+\n")) << library;
    }
}

// Nothing of the host: a plugin that finds symbols in the program that loads it cannot be loaded by another.
TEST(Exports, NoLibraryNeedsOneOfTheProject) {
    for (const std::string& library : libraries()) {
        const Result result = run({"readelf", "--dynamic", "--wide", library});
        ASSERT_EQ(result.exit_code, 0) << result.err;
        EXPECT_THAT(result.out, ::testing::Not(::testing::HasSubstr("[libkdeps"))) << library;
    }
}

}  // namespace
}  // namespace kdeps::testing
