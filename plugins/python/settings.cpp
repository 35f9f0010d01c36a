// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace kdeps::python {

namespace fs = std::filesystem;

const char* const kSettingsSchema = R"({
  "type": "object",
  "x-kdeps-read": "literal",
  "properties": {
    "workers": {"type": "integer", "minimum": 1, "maximum": 256, "examples": [2]},
    "maxCallsPerWorker": {"type": "integer", "minimum": 0, "examples": [10000]},
    "memoryLimit": {"type": ["string", "integer"], "examples": ["512MiB"]},
    "strictVersion": {"type": "boolean"},
    "agentSettings": {"type": "object", "additionalProperties": {}}
  }
})";

namespace {

// "512MiB", "2G", "1.5 GB" or a number of bytes.
std::optional<std::size_t> bytes_of(std::string_view text) {
    double number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || number < 0) return std::nullopt;
    std::string unit;
    for (const char c : text.substr(static_cast<std::size_t>(end - text.data()))) {
        if (c != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    constexpr std::array<std::pair<std::string_view, int>, 12> kUnits{{{"", 0},
                                                                       {"b", 0},
                                                                       {"k", 1},
                                                                       {"kb", 1},
                                                                       {"kib", 1},
                                                                       {"m", 2},
                                                                       {"mb", 2},
                                                                       {"mib", 2},
                                                                       {"g", 3},
                                                                       {"gb", 3},
                                                                       {"gib", 3},
                                                                       {"t", 4}}};
    for (const auto& [name, power] : kUnits) {
        if (name == unit) return static_cast<std::size_t>(number * std::pow(1024.0, power));
    }
    return std::nullopt;
}

std::string text_of(const Config& config) {
    // As written: an unquoted pythonVersion: 3.10 is not 3.1.
    if (config.get() == nullptr || config.is_null()) return {};
    return std::string(config.source().empty() ? config.string() : config.source());
}

std::int64_t number_of(const Config& config, std::int64_t otherwise) {
    if (const auto number = config.integer()) return *number;
    const std::string_view text = config.string();
    std::int64_t out = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

// Numbers of a version, as many as are given.
std::vector<int> parts_of(std::string_view version) {
    std::vector<int> out;
    while (!version.empty()) {
        int number = 0;
        const auto [end, failed] = std::from_chars(version.data(), version.data() + version.size(), number);
        if (failed != std::errc()) break;
        out.push_back(number);
        version.remove_prefix(static_cast<std::size_t>(end - version.data()));
        if (!version.empty()) version.remove_prefix(1);
    }
    return out;
}

bool fits(const std::vector<int>& wanted, const std::vector<int>& found) {
    return wanted.size() <= found.size() && std::equal(wanted.begin(), wanted.end(), found.begin());
}

// Smaller is nearer: the major counts most, of two equally near minors the newer is taken.
std::int64_t distance(std::vector<int> wanted, std::vector<int> found) {
    wanted.resize(3);
    found.resize(3);
    const std::int64_t minor = found[1] - wanted[1];
    return std::abs(found[0] - wanted[0]) * 1'000'000LL + std::abs(minor) * 1000 + (minor < 0 ? 1 : 0);
}

std::optional<Interpreter> ask(const fs::path& program) {
    const std::string command = "'" + program.string() + "' --version";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "re"), pclose);
    std::array<char, 512> line{};
    if (pipe == nullptr || fgets(line.data(), static_cast<int>(line.size()), pipe.get()) == nullptr)
        return std::nullopt;
    const std::string_view text(line.data());
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || parts_of(text.substr(0, space)).size() < 2) return std::nullopt;
    return Interpreter{program, std::string(text.substr(0, space)),
                       std::string(text.substr(space + 1, text.find('\n') - space - 1))};
}

}  // namespace

Settings read_settings(const Call& call, const Config& settings) {
    Settings out;
    out.pool.workers = static_cast<std::size_t>(std::clamp<std::int64_t>(number_of(settings["workers"], 2), 1, 256));
    out.pool.max_calls = std::max<std::int64_t>(number_of(settings["maxCallsPerWorker"], 0), 0);
    if (const Config limit = settings["memoryLimit"]; limit.get() != nullptr && !limit.is_null()) {
        out.memory_limit_text = text_of(limit);
        const auto bytes = bytes_of(out.memory_limit_text);
        constexpr std::size_t kLeast = 64U << 20;
        if (!bytes || *bytes < kLeast) {
            call.report(KDEPS_FAULT_ERROR, limit,
                        "settings.python.memoryLimit: '" + out.memory_limit_text +
                            "' is not accepted; it must be 64MiB or more. Example: 512MiB");
        } else {
            out.memory_limit = *bytes;
        }
    }
    const Config strict = settings["strictVersion"];
    out.is_strict = strict.boolean().value_or(strict.string() == "true");
    const Config agent = settings["agentSettings"];
    out.version_at = agent["pythonVersion"];
    out.version = text_of(out.version_at);
    if (!out.version.empty() && parts_of(out.version).empty()) {
        call.report(KDEPS_FAULT_ERROR, out.version_at,
                    "settings.agentSettings.pythonVersion: '" + out.version + "' is no version. Example: \"3.11\"");
        out.version.clear();
    }
    const Config packages = agent["pythonPackages"];
    for (std::size_t i = 0; i < packages.size(); ++i) out.packages.push_back(text_of(packages.at(i)));
    for (std::size_t i = 0; i < out.packages.size(); ++i) {
        // An option of pip is no package.
        if (out.packages[i].empty() || out.packages[i].starts_with('-')) {
            call.report(
                KDEPS_FAULT_ERROR, packages.at(i),
                "settings.agentSettings.pythonPackages: '" + out.packages[i] + "' is no package. Example: pandas>=2");
        }
    }
    out.requirements_at = agent["requirementsFile"];
    out.requirements_file = text_of(out.requirements_at);
    const Config environment = agent["env"];
    for (std::size_t i = 0; i < environment.size(); ++i)
        out.environment.emplace(environment.key(i), text_of(environment.at(i)));
    return out;
}

std::vector<Interpreter> find_interpreters() {
    std::vector<Interpreter> out;
    const auto add = [&](const fs::path& program) {
        if (auto found = ask(program)) out.push_back(std::move(*found));
    };
    if (const char* named = std::getenv("KDEPS_PYTHON_WORKER"); named != nullptr && *named != '\0') {
        add(named);
        return out;
    }
    Dl_info self{};
    if (dladdr(reinterpret_cast<const void*>(&find_interpreters), &self) == 0) return out;
    // lib/kdeps/plugins/libkdeps-python.so and lib/kdeps/kdeps-python-worker
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(fs::absolute(self.dli_fname).parent_path().parent_path(), failed)) {
        if (entry.path().filename().string().starts_with("kdeps-python-worker") && entry.is_regular_file(failed))
            add(entry.path());
    }
    return out;
}

std::optional<Interpreter> choose(const std::vector<Interpreter>& found, const Settings& settings, const Call& call) {
    if (found.empty()) {
        call.report(KDEPS_FAULT_ERROR, Config(),
                    "kdeps-python-worker is not installed; install the package kdeps-executor-python, or set "
                    "KDEPS_PYTHON_WORKER to the program");
        return std::nullopt;
    }
    const std::vector<int> wanted = parts_of(settings.version);
    const auto nearest = std::min_element(found.begin(), found.end(), [&](const Interpreter& a, const Interpreter& b) {
        return distance(wanted, parts_of(a.version)) < distance(wanted, parts_of(b.version));
    });
    if (wanted.empty() || fits(wanted, parts_of(nearest->version))) return *nearest;
    std::string installed;
    for (const Interpreter& one : found) installed += (installed.empty() ? "" : ", ") + one.version;
    const std::string message =
        "settings.agentSettings.pythonVersion: python " + settings.version + " is not installed";
    if (settings.is_strict) {
        call.report(KDEPS_FAULT_ERROR, settings.version_at,
                    message + ". Available options: [" + installed +
                        "]; settings.python.strictVersion: false takes the nearest");
        return std::nullopt;
    }
    call.report(KDEPS_FAULT_WARNING, settings.version_at, message + "; scripts run with " + nearest->version);
    return *nearest;
}

}  // namespace kdeps::python
