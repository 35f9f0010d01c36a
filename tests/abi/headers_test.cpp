// SPDX-License-Identifier: Apache-2.0
// Every header alone, in every language that it promises, with both compilers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> headers(const std::string& folder, const std::string& extension) {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(fs::path(KDEPS_SDK_FOLDER) / folder)) {
        if (entry.path().extension() == extension) out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

// Each file on the command line is a translation unit of its own.
void compiles(std::vector<std::string> argv, const std::string& include, const std::vector<std::string>& files) {
    ASSERT_FALSE(files.empty());
    argv.insert(argv.end(), {"-fsyntax-only", "-I" + std::string(KDEPS_SDK_FOLDER) + "/" + include});
    argv.insert(argv.end(), files.begin(), files.end());
    const Result result = run(argv);
    EXPECT_EQ(result.exit_code, 0) << ::testing::PrintToString(argv) << "\n" << result.err;
}

class CHeaders : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(CHeaders, CompileAloneAndWithoutPadding) {
    const auto& [compiler, standard] = GetParam();
    const bool is_cpp = standard.starts_with("c++");
    const std::vector<std::string> argv = {is_cpp ? (compiler == "gcc" ? "g++" : "clang++") : compiler,
                                           "-x",
                                           is_cpp ? "c++" : "c",
                                           "-std=" + standard,
                                           "-pedantic",
                                           "-Wall",
                                           "-Wextra",
                                           "-Werror",
                                           "-Wpadded"};
    compiles(argv, "include", headers("include/kdeps", ".h"));
    compiles(argv, "abi/v1.0", headers("abi/v1.0/kdeps", ".h"));
}

INSTANTIATE_TEST_SUITE_P(Matrix, CHeaders,
                         ::testing::Combine(::testing::Values("gcc", "clang"),
                                            ::testing::Values("c11", "c17", "c++17", "c++20")),
                         [](const auto& given) {
                             std::string name = std::get<0>(given.param) + "_" + std::get<1>(given.param);
                             std::replace(name.begin(), name.end(), '+', 'p');
                             return name;
                         });

class CppHeaders : public ::testing::TestWithParam<std::string> {};

TEST_P(CppHeaders, CompileAlone) {
    compiles(
        {GetParam(), "-x", "c++", "-std=c++20", "-pedantic", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror",
         // A header is the main file here, for clang the functions that it offers are then unused.
         "-Wno-unused-function", "-Wno-unused-const-variable", "-Wno-pragma-once-outside-header"},
        "include", headers("include/kdeps/cpp", ".hpp"));
}

INSTANTIATE_TEST_SUITE_P(Matrix, CppHeaders, ::testing::Values("clang++"), [](const auto&) { return "clang"; });

// A header that needs more than C11 and these two would tie plugins to a library.
TEST(Headers, IncludeNothingButStddefAndStdint) {
    for (const std::string& header : headers("include/kdeps", ".h")) {
        const Result result = run({"grep", "-hoE", "^#include <[^>]+>", header});
        std::istringstream lines(result.out);
        for (std::string line; std::getline(lines, line);) {
            EXPECT_TRUE(line == "#include <stddef.h>" || line == "#include <stdint.h>" ||
                        line.starts_with("#include <kdeps/"))
                << header << ": " << line;
        }
    }
}

}  // namespace
}  // namespace kdeps::testing
