// SPDX-License-Identifier: Apache-2.0
// Every example runs as its README says and answers as its expected.json says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    EXPECT_TRUE(stream) << file << " is missing";
    return {std::istreambuf_iterator<char>(stream), {}};
}

class Examples : public ::testing::TestWithParam<fs::path> {};

TEST_P(Examples, AnswersAsExpected) {
    Arguments arguments = {"run", GetParam().string(), "--once"};
    std::istringstream more(fs::exists(GetParam() / "args") ? text_of(GetParam() / "args") : "");
    for (std::string line; std::getline(more, line);) arguments.push_back(line);
    const TemporaryFolder folder;
    for (const char* database : {"analytics", "inventory"}) {
        const fs::path data = GetParam() / "data" / (std::string(database) + ".sql");
        if (!fs::exists(data)) continue;
        const fs::path file = folder.path() / (std::string(database) + ".db");
        sqlite_execute(file, text_of(data));
        arguments.insert(arguments.end(), {"--connection", std::string(database) + "=sqlite://" + file.string()});
    }
    const Result result = kdeps(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    if (GetParam().filename() == "multi-database") {
        // Its answer holds the time of the run.
        EXPECT_THAT(
            result.out,
            ::testing::StartsWith(
                R"({"analytics":"date,users\n2026-01-03,1\n2026-01-02,3\n2026-01-01,2\n","inventory":[{"name":"lamp","quantity":12,"price":39.95},)"
                R"({"name":"desk","quantity":3,"price":249.5},{"name":"chair","quantity":25,"price":89}],"timestamp":")"));
    } else {
        EXPECT_EQ(result.out, text_of(GetParam() / "expected.json"));
    }
}

TEST_P(Examples, ValidatesStrictly) {
    const Result result = kdeps({"validate", GetParam().string(), "--strict"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, ::testing::StartsWith("Validation successful"));
}

std::vector<fs::path> examples() {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(KDEPS_EXAMPLES)) {
        // An example of a plugin is built first, outside of this build; the test of the SDK does that and runs it.
        const bool is_built = fs::exists(entry.path() / "CMakeLists.txt");
        if (fs::exists(entry.path() / "workflow.yaml") && !is_built) out.push_back(entry.path());
    }
    return out;
}

std::string name_of(const ::testing::TestParamInfo<fs::path>& info) {
    std::string name = info.param.filename().string();
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Folders, Examples, ::testing::ValuesIn(examples()), name_of);

}  // namespace
}  // namespace kdeps::testing
