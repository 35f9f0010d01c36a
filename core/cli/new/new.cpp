// SPDX-License-Identifier: Apache-2.0
#include "core/cli/new/new.hpp"

#include <kdeps/types.h>
#include <algorithm>
#include <fstream>
#include <string_view>

#include "core/base/base.hpp"
#include "core/cli/install/install.hpp"

namespace kdeps::scaffold {

namespace fs = std::filesystem;

namespace {

struct Template {
    std::string_view name;  // "executor_cpp/name.cpp.in"
    std::string_view text;
};

constexpr Template kTemplates[] = {
#include "new_templates.inc"
};

// Where a file of a template goes; it is called otherwise there, because tools of this project would read it.
struct Renamed {
    std::string_view from;
    std::string_view to;
};
constexpr Renamed kRenamed[] = {
    {"gitignore", ".gitignore"}, {"ci.yml", ".github/workflows/ci.yml"}, {"answer.yaml", "resources/answer.yaml"}};

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

void check(const Request& request) {
    const auto refuse = [](const std::string& why) { throw Error(Status::invalid_argument, why); };
    const auto has_only = [&](std::string_view more) {
        return std::all_of(request.name.begin(), request.name.end(), [&](char c) {
            return is_lower(c) || is_digit(c) || more.find(c) != std::string_view::npos;
        });
    };
    const std::string name = "'" + request.name + "' cannot be the name of ";
    constexpr std::size_t kLongest = 40;
    const bool begins_well = !request.name.empty() && is_lower(request.name[0]) && request.name.size() <= kLongest;
    // What a name becomes: a folder, a key of YAML, a CMake target, a C++ class, the scheme of a URL.
    switch (request.kind) {
        case Kind::workflow:
            if (!begins_well || !has_only("-_"))
                refuse(name + "a workflow: use a-z, 0-9, '-' and '_', a letter first, at most 40. Example: my-shop");
            break;
        case Kind::executor:
            if (!begins_well || !has_only("_"))
                refuse(name + "an executor: use a-z, 0-9 and '_', a letter first, at most 40. Example: send_mail");
            break;
        case Kind::driver:
            if (!begins_well || !has_only(""))
                refuse(name +
                       "a driver, which is the scheme of its URLs: use a-z and 0-9, a letter first, at most 40. "
                       "Example: csv");
            break;
    }
    if (!request.id.empty() && !install::is_id(request.id))
        refuse("'" + request.id + "' cannot be the id of a plugin. Example: com.example." + request.name);
}

// send_mail: SendMail.
std::string class_name(const std::string& name) {
    std::string out;
    bool is_next_large = true;
    for (const char c : name) {
        if (c == '_') {
            is_next_large = true;
            continue;
        }
        out += is_next_large && is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
        is_next_large = false;
    }
    return out;
}

// The templates of a kind, from what is common to all to what is its own.
std::vector<std::string> folders_of(const Request& request) {
    if (request.kind == Kind::workflow) return {"workflow"};
    const std::string kind = request.kind == Kind::executor ? "executor" : "driver";
    return {"plugin", kind, kind + (request.language == Language::c ? "_c" : "_cpp")};
}

std::string fill(std::string_view text, const std::vector<std::pair<std::string, std::string>>& values) {
    std::string out;
    while (!text.empty()) {
        const auto found = std::find_if(values.begin(), values.end(),
                                        [&](const auto& value) { return text.starts_with(value.first); });
        if (found == values.end()) {
            out += text.front();
            text.remove_prefix(1);
        } else {
            out += found->second;
            text.remove_prefix(found->first.size());
        }
    }
    return out;
}

// "executor_cpp/name.cpp.in" is greeting.cpp.
fs::path target_of(std::string_view file, const std::string& name) {
    file.remove_prefix(file.find('/') + 1);
    file.remove_suffix(std::string_view(".in").size());
    for (const Renamed& renamed : kRenamed) {
        if (file == renamed.from) return renamed.to;
    }
    return file.starts_with("name.") ? name + std::string(file.substr(4)) : std::string(file);
}

}  // namespace

std::vector<fs::path> create(const Request& request, const fs::path& where) {
    check(request);
    const fs::path folder = where / request.name;
    std::error_code failed;
    if (fs::exists(folder, failed))
        throw Error(Status::already_exists,
                    "'" + folder.string() + "' exists; nothing was written. Give another name, or remove it");
    if (!fs::create_directory(folder, failed))
        throw Error(Status::unavailable, "the folder '" + folder.string() + "' cannot be made: " + failed.message());
    const bool is_c = request.language == Language::c;
    const std::vector<std::pair<std::string, std::string>> values = {
        {"@name@", request.name},
        {"@Name@", class_name(request.name)},
        {"@id@", request.id.empty() ? "com.example." + request.name : request.id},
        {"@file@", request.name + (is_c ? ".c" : ".cpp")},
        {"@compiler@", is_c ? "gcc" : "g++"},
        {"@abi@", std::to_string(KDEPS_ABI_MAJOR) + "." + std::to_string(KDEPS_ABI_MINOR)}};
    std::vector<fs::path> written;
    for (const std::string& part : folders_of(request)) {
        for (const Template& file : kTemplates) {
            if (!file.name.starts_with(part + "/")) continue;
            const fs::path target = folder / target_of(file.name, request.name);
            fs::create_directories(target.parent_path(), failed);
            std::ofstream stream(target, std::ios::binary);
            stream << fill(file.text, values);
            stream.close();
            if (!stream) {
                fs::remove_all(folder, failed);
                throw Error(Status::unavailable, "'" + target.string() + "' cannot be written");
            }
            written.push_back(target);
        }
    }
    std::sort(written.begin(), written.end());
    return written;
}

}  // namespace kdeps::scaffold
