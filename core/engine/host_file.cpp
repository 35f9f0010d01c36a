// SPDX-License-Identifier: Apache-2.0
#include "core/engine/host_file.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <vector>

#include "core/engine/scope.hpp"

namespace kdeps::engine {

namespace fs = std::filesystem;
using value::Value;

namespace {

constexpr std::uintmax_t kLargestFile = 64U << 20;

Value read_file(const fs::path& file) {
    std::error_code failed;
    if (const auto size = fs::file_size(file, failed); failed || size > kLargestFile) {
        throw Error(Status::invalid_argument,
                    "file '" + file.filename().string() + "' " +
                        (failed ? "cannot be read: " + failed.message() : "is larger than 64 MiB"));
    }
    std::ifstream stream(file, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(stream), {});
    return is_valid_utf8(text) ? Value(std::move(text)) : Value::bytes(std::move(text));
}

// What a file is, by the end of its name.
std::string_view media_type(const fs::path& file) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kTypes = {{
        {".txt", "text/plain"},        {".md", "text/markdown"},     {".csv", "text/csv"},
        {".html", "text/html"},        {".htm", "text/html"},        {".css", "text/css"},
        {".xml", "text/xml"},          {".js", "text/javascript"},   {".json", "application/json"},
        {".yaml", "application/yaml"}, {".yml", "application/yaml"}, {".pdf", "application/pdf"},
        {".zip", "application/zip"},   {".gz", "application/gzip"},  {".parquet", "application/vnd.apache.parquet"},
        {".sql", "application/sql"},   {".png", "image/png"},        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},       {".gif", "image/gif"},        {".webp", "image/webp"},
        {".svg", "image/svg+xml"},     {".mp3", "audio/mpeg"},       {".mp4", "video/mp4"},
    }};
    std::string extension = file.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto found =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& type) { return type.first == extension; });
    return found == kTypes.end() ? "application/octet-stream" : found->second;
}

bool is_of_type(const fs::path& file, std::string_view wanted) {
    const std::string_view type = media_type(file);
    return wanted.ends_with("/*") ? type.starts_with(wanted.substr(0, wanted.size() - 1)) : type == wanted;
}

// A path of the workflow's folder, links resolved: who follows one out of it reads nothing.
class Folder {
public:
    explicit Folder(const fs::path& root) : root_(fs::weakly_canonical(root)) {}

    bool contains(const fs::path& path) const {
        const fs::path whole = fs::weakly_canonical(path);
        return std::mismatch(root_.begin(), root_.end(), whole.begin(), whole.end()).first == root_.end();
    }
    const fs::path& root() const { return root_; }

    // Files that the last part of the pattern takes, by name.
    std::vector<fs::path> matching(const fs::path& pattern) const {
        std::vector<fs::path> files;
        std::error_code failed;
        for (const auto& entry : fs::directory_iterator(pattern.parent_path(), failed)) {
            if (entry.is_regular_file() &&
                fnmatch(pattern.filename().c_str(), entry.path().filename().c_str(), 0) == 0 &&
                contains(entry.path())) {
                files.push_back(entry.path());
            }
        }
        std::sort(files.begin(), files.end());
        return files;
    }

    // Names of the files in a folder, from the root.
    Value names_in(const fs::path& folder) const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder)) {
            if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), root_).string());
        }
        std::sort(names.begin(), names.end());
        return Value::list({names.begin(), names.end()});
    }

private:
    fs::path root_;
};

const std::string& text_of(std::span<const Value> arguments, std::size_t i) {
    if (!arguments[i].is_string()) {
        throw expr::RunError("file(): argument " + std::to_string(i + 1) + " must be a string");
    }
    return arguments[i].text();
}

}  // namespace

Value file_function(expr::Environment& environment, std::span<const Value> arguments) {
    const std::string& pattern = text_of(arguments, 0);
    const Folder folder(static_cast<Scope&>(environment).run().parts().workflow.folder);
    const fs::path wanted = folder.root() / pattern;
    const bool has_wildcard = pattern.find_first_of("*?[") != std::string::npos;
    if (!folder.contains(has_wildcard ? wanted.parent_path() : wanted)) {
        throw Error(Status::forbidden, "file('" + pattern + "') is outside of the workflow's folder");
    }
    std::vector<fs::path> files;
    std::error_code failed;
    if (has_wildcard) {
        files = folder.matching(wanted);
    } else if (fs::is_regular_file(wanted, failed)) {
        if (arguments.size() == 1) return read_file(wanted);
        files.push_back(wanted);
    } else if (fs::is_directory(wanted, failed)) {
        return folder.names_in(wanted);
    } else {
        throw Error(Status::not_found, "file('" + pattern + "'): there is no such file in the workflow's folder");
    }
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string& selector = text_of(arguments, i);
        if (selector == "count") return files.size();
        if (selector == "first" || selector == "last") {
            return files.empty() ? Value() : read_file(selector == "first" ? files.front() : files.back());
        }
        if (selector.starts_with("mime:")) {
            std::erase_if(files, [&](const fs::path& file) { return !is_of_type(file, selector.substr(5)); });
        } else if (selector != "all") {
            throw Error(Status::invalid_argument, "file() knows no selector '" + selector +
                                                      "'. Available options: [first, last, all, count, mime:TYPE]");
        }
    }
    value::List contents;
    for (const fs::path& one : files) contents.push_back(read_file(one));
    return Value::list(std::move(contents));
}

}  // namespace kdeps::engine
