// SPDX-License-Identifier: Apache-2.0
#include "script.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace kdeps::python {

namespace {

constexpr std::uintmax_t kLargest = 4U << 20;

int lines_in(std::string_view text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

Script::Script(const Config& config, const Call& call)
    : config_(config["script"]), folder_(std::string(call.folder()) + "/") {
    const Config file = config["scriptFile"];
    is_file_ = file.get() != nullptr && !file.is_null();
    const bool has_text = config_.get() != nullptr && !config_.is_null();
    if (is_file_) {
        if (has_text) call.report(KDEPS_FAULT_WARNING, config_, "script has no effect beside scriptFile");
        config_ = file;
        read_file(call);
    } else if (has_text) {
        read_text(call);
    } else {
        call.report(KDEPS_FAULT_ERROR, config,
                    "run.python: script or scriptFile is required. Example: script: 'return 1 + 1'");
    }
}

void Script::read_text(const Call& call) {
    file_ = "<" + std::string(call.resource()) + ">";
    if (!config_.is_template()) {
        source_ = config_.string();
        return;
    }
    for (std::size_t i = 0; i < config_.part_count(); ++i) {
        const Part part = config_.part(i);
        if (part.expression.get() == nullptr) {
            source_ += part.text;
            continue;
        }
        source_ += "__kdeps_" + std::to_string(expressions_.size()) + "__";
        expressions_.push_back(part.expression);
        const std::size_t end = i + 1 < config_.part_count() ? config_.part(i + 1).offset : config_.source().size();
        for (int more = lines_in(config_.source().substr(part.offset, end - part.offset)); more > 0; --more)
            folded_.push_back(lines_in(source_) + 1);
    }
}

void Script::read_file(const Call& call) {
    const std::filesystem::path path = std::filesystem::path(call.folder()) / config_.string();
    file_ = path.lexically_normal().string();
    std::error_code failed;
    const auto size = std::filesystem::file_size(path, failed);
    std::ifstream stream(path, std::ios::binary);
    if (failed || !stream) {
        call.report(KDEPS_FAULT_ERROR, config_,
                    "run.python.scriptFile: '" + std::string(config_.string()) +
                        "' cannot be read; paths start at the folder of the workflow");
    } else if (size > kLargest) {
        call.report(KDEPS_FAULT_ERROR, config_,
                    "run.python.scriptFile: '" + std::string(config_.string()) + "' is larger than 4 MiB");
    } else {
        source_.assign(std::istreambuf_iterator<char>(stream), {});
    }
}

int Script::original_line(int line) const {
    return line +
           static_cast<int>(std::count_if(folded_.begin(), folded_.end(), [&](int folded) { return folded < line; }));
}

std::string Script::place(int line) const {
    line = original_line(line);
    if (is_file_) return std::string(config_.string()) + ":" + std::to_string(line);
    // file:line:column of the node: a block's text begins a line below, and only blocks have lines.
    std::string_view location = config_.location();
    if (location.starts_with(folder_)) location.remove_prefix(folder_.size());
    const std::size_t column_at = location.rfind(':');
    const std::size_t line_at = column_at == 0 || column_at == std::string_view::npos
                                    ? std::string_view::npos
                                    : location.rfind(':', column_at - 1);
    if (line_at == std::string_view::npos) return "line " + std::to_string(line) + " of the script";
    int first = 0;
    std::from_chars(location.data() + line_at + 1, location.data() + column_at, first);
    const bool is_block = config_.source().find('\n') != std::string_view::npos;
    return std::string(location.substr(0, line_at)) + ":" + std::to_string(is_block ? first + line : first) +
           ", line " + std::to_string(line) + " of the script";
}

void Script::report(const Call& call, int line, int column, const std::string& message) const {
    if (is_file_) {
        call.report(KDEPS_FAULT_ERROR, config_, "run.python.scriptFile: " + place(line) + ": " + message);
        return;
    }
    const std::string_view text = config_.source();
    std::size_t offset = 0;
    for (int skipped = 1; skipped < original_line(line) && offset < text.size(); ++skipped)
        offset = std::min(text.find('\n', offset), text.size() - 1) + 1;
    offset += static_cast<std::size_t>(std::max(column - 1, 0));
    call.report(KDEPS_FAULT_ERROR, config_, "run.python.script: " + message, std::min(offset, text.size()));
}

}  // namespace kdeps::python
