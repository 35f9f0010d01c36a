// SPDX-License-Identifier: Apache-2.0
// Reads a connection URL: sqlite://./relative.db, sqlite:///absolute.db, sqlite://:memory:, each with ?option=value&...
#pragma once

#include <chrono>
#include <filesystem>
#include <kdeps/cpp/driver.hpp>
#include <string>
#include <utility>
#include <vector>

namespace kdeps::sqlite {

enum class Mode { read_only, read_write, create };

struct Options {
    bool is_memory = false;
    std::string path;            // as the URL has it, decoded; empty in memory
    std::filesystem::path file;  // the same, absolute
    Mode mode = Mode::create;
    bool is_immutable = false;
    bool has_shared_cache = false;
    std::chrono::milliseconds busy_timeout{5000};
    // In the order in which they must run; names and values are from fixed lists, or numbers.
    std::vector<std::pair<std::string, std::string>> pragmas;

    const std::string* pragma(std::string_view name) const;
};

// Throws Error (INVALID_ARGUMENT) with the first fault.  Touches no file.
Options read_options(const Call& call, const Target& target);

}  // namespace kdeps::sqlite
