// SPDX-License-Identifier: Apache-2.0
// The order of the folders of core, their doors, and that plugins know the SDK alone: read from the sources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

// What stands further left is never included from further right.
const std::vector<std::string> kOrder = {"base", "value",  "expr",   "config", "workflow",
                                         "plan", "plugin", "engine", "http",   "cli"};

struct Include {
    std::string file;  // relative to the sources
    std::string folder;
    std::string path;
};

std::vector<Include> includes_under(const std::string& top) {
    std::vector<Include> out;
    const fs::path root(KDEPS_SOURCE_FOLDER);
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
        const std::string extension = entry.path().extension();
        if (extension != ".hpp" && extension != ".cpp" && extension != ".h" && extension != ".c") continue;
        std::ifstream stream(entry.path());
        for (std::string line; std::getline(stream, line);) {
            if (!line.starts_with("#include")) continue;
            const std::size_t open = line.find_first_of("<\"");
            const std::size_t close = line.find_first_of(">\"", open + 1);
            if (open == std::string::npos || close == std::string::npos) continue;
            const fs::path file = fs::relative(entry.path(), root);
            out.push_back({file.string(), std::next(file.begin())->string(), line.substr(open + 1, close - open - 1)});
        }
    }
    return out;
}

std::size_t place(const std::string& folder) {
    return static_cast<std::size_t>(std::find(kOrder.begin(), kOrder.end(), folder) - kOrder.begin());
}

TEST(Structure, CoreIncludesRunOneWay) {
    std::vector<std::string> wrong;
    for (const Include& include : includes_under("core")) {
        if (!include.path.starts_with("core/")) continue;
        const std::string other = include.path.substr(5, include.path.find('/', 5) - 5);
        ASSERT_LT(place(include.folder), kOrder.size()) << "core/" << include.folder << " is not in the order; add it";
        if (place(other) > place(include.folder)) wrong.push_back(include.file + " includes " + include.path);
    }
    EXPECT_THAT(wrong, ::testing::IsEmpty());
}

TEST(Structure, FoldersAreEnteredByTheirDoors) {
    std::vector<std::string> wrong;
    for (const Include& include : includes_under("core")) {
        if (!include.path.starts_with("core/")) continue;
        const std::string other = include.path.substr(5, include.path.find('/', 5) - 5);
        if (other != include.folder && include.path != "core/" + other + "/" + other + ".hpp")
            wrong.push_back(include.file + " includes " + include.path);
    }
    EXPECT_THAT(wrong, ::testing::IsEmpty());
}

TEST(Structure, CoreKnowsNoDatabaseAndNoPython) {
    std::vector<std::string> wrong;
    for (const Include& include : includes_under("core")) {
        for (const char* library :
             {"libpq", "mysql", "mariadb", "sqlite3", "sybdb", "ctpublic", "Python.h", "pybind11", "plugins/"}) {
            if (include.path.starts_with(library)) wrong.push_back(include.file + " includes " + include.path);
        }
    }
    EXPECT_THAT(wrong, ::testing::IsEmpty());
}

TEST(Structure, PluginsKnowTheSdkAlone) {
    std::vector<std::string> wrong;
    for (const Include& include : includes_under("plugins")) {
        if (include.path.starts_with("core/") || include.path.starts_with("tests/"))
            wrong.push_back(include.file + " includes " + include.path);
    }
    EXPECT_THAT(wrong, ::testing::IsEmpty());
}

TEST(Structure, OnlyOneFileKnowsBoostDll) {
    std::vector<std::string> users;
    for (const Include& include : includes_under("core")) {
        if (include.path == "boost/dll/shared_library.hpp" || include.path == "dlfcn.h") users.push_back(include.file);
    }
    EXPECT_THAT(users, ::testing::ElementsAre("core/plugin/library.cpp"));
}

}  // namespace
