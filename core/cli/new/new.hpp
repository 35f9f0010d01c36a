// SPDX-License-Identifier: Apache-2.0
// Door of core/cli/new: writes the beginning of a workflow or of a plugin, from the templates of this folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kdeps::scaffold {

enum class Kind { workflow, executor, driver };
enum class Language { c, cpp };

struct Request {
    Kind kind = Kind::workflow;
    std::string name;
    std::string id;  // of a plugin; empty = com.example.NAME
    Language language = Language::cpp;
};

// Makes the folder NAME in `where`; gives the files in it, sorted.  Throws Error, and then there is no such folder
// unless it was there before.
std::vector<std::filesystem::path> create(const Request& request, const std::filesystem::path& where);

}  // namespace kdeps::scaffold
