// SPDX-License-Identifier: Apache-2.0
#include "environment.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "command.hpp"
#include "private_folder.hpp"

namespace kdeps::python {

namespace fs = std::filesystem;

namespace {

// FNV-1a, 64 bits.
std::uint64_t hash(std::string_view text, std::uint64_t seed) {
    std::uint64_t out = seed;
    for (const char c : text) out = (out ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
    return out;
}

std::string hex(std::uint64_t number) {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
    return text.data();
}

fs::path root_folder() {
    const auto variable = [](const char* name) {
        const char* text = std::getenv(name);
        return fs::path(text == nullptr ? "" : text);
    };
    if (const fs::path given = variable("KDEPS_VENV_PATH"); !given.empty()) return fs::absolute(given);
    if (const fs::path cache = variable("XDG_CACHE_HOME"); cache.is_absolute()) return cache / "kdeps" / "venvs";
    // Never a folder whose name another user can guess and make first.
    const fs::path home = variable("HOME").is_absolute() ? variable("HOME") : home_of_user();
    if (home.is_absolute()) return home / ".cache" / "kdeps" / "venvs";
    throw Error(
        KDEPS_UNAVAILABLE,
        "there is no folder for python environments: HOME is not set; set KDEPS_VENV_PATH to a folder of your own");
}

bool has_uv() {
    const std::atomic<bool> never{false};
    return run_command({"uv", "--version"}, never, [](std::string_view) {}).exit_code == 0;
}

// A pip that installs into other environments (22.3 and later): theirs then need none, which takes long to put there.
bool has_pip(const std::string& python) {
    const std::atomic<bool> never{false};
    return run_command({python, "-m", "pip", "--python", python, "--version"}, never, [](std::string_view) {
           }).exit_code == 0;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) {
        if (text.find(part) != std::string_view::npos) return true;
    }
    return false;
}

// The last line that tells of an error, or the last line.
std::string reason(std::string_view output) {
    std::string_view found;
    while (!output.empty()) {
        const std::size_t end = std::min(output.find('\n'), output.size());
        const std::string_view line = output.substr(0, end);
        const bool is_error = contains_any(line, {"ERROR", "error:", "Error:", "No solution", "No such file"});
        if (is_error || (found.empty() && output.size() == end)) found = line;
        output.remove_prefix(std::min(end + 1, output.size()));
    }
    return std::string(found);
}

[[noreturn]] void fail(const std::string& step, const CommandResult& result, const std::atomic<bool>& stop) {
    if (stop) throw Error(KDEPS_CANCELLED, "installing python packages was stopped");
    const bool is_offline = contains_any(
        result.output, {"name resolution", "Name or service not known", "Network is unreachable", "new connection",
                        "Connection refused", "dns error", "error sending request", "Could not connect", "timed out"});
    Error error(KDEPS_UNAVAILABLE,
                step + " failed: " +
                    (is_offline ? "the package index cannot be reached; connect to the network, or set PIP_INDEX_URL "
                                  "or PIP_FIND_LINKS (UV_INDEX_URL, UV_FIND_LINKS with uv)"
                                : reason(result.output)));
    error.detail = result.output;
    throw Error(std::move(error));
}

// Packages as pip and uv name them when they begin with one.
void show(const Call& call, std::string_view line) {
    for (const std::string_view word :
         {"Collecting ", "Downloading ", "Installing collected packages", "Prepared ", "Resolved ", "Installed "}) {
        const std::size_t at = line.find(word);
        if (at == std::string_view::npos) continue;
        constexpr std::size_t kMost = 60;
        call.progress("python packages: " + std::string(line.substr(at, kMost)), 0, 0);
        return;
    }
}

void install(const Environment& environment, const fs::path& folder, const Call& call, const std::atomic<bool>& stop) {
    const bool uses_uv = has_uv();
    const auto on_line = [&](std::string_view line) { show(call, line); };
    const auto run = [&](const std::vector<std::string>& argv, const std::string& step) {
        const CommandResult result = run_command(argv, stop, on_line);
        if (result.exit_code != 0) fail(step, result, stop);
    };
    const std::string python = (folder / "bin" / "python").string();
    const std::string& base = environment.interpreter.executable;
    const bool is_empty = environment.packages.empty() && environment.requirements.empty();
    const bool uses_pip_of_base = !uses_uv && !is_empty && has_pip(base);
    if (uses_uv) {
        run({"uv", "venv", "--python", base, folder.string()}, "making the python environment with uv");
    } else {
        std::vector<std::string> argv = {base, "-m", "venv", folder.string()};
        if (is_empty || uses_pip_of_base) argv.insert(argv.end() - 1, "--without-pip");
        run(argv, "making the python environment (python3 -m venv; on Debian it needs python3-venv)");
    }
    if (is_empty) return;
    std::vector<std::string> argv;
    if (uses_uv) {
        argv = {"uv", "pip", "install", "--python", python};
    } else {
        argv = uses_pip_of_base ? std::vector<std::string>{base, "-m", "pip", "--python", python}
                                : std::vector<std::string>{python, "-m", "pip"};
        argv.insert(argv.end(), {"install", "--no-input", "--disable-pip-version-check", "--retries", "2"});
    }
    if (!environment.requirements.empty()) {
        const fs::path file = folder / "requirements.txt";
        std::ofstream(file) << environment.requirements;
        argv.insert(argv.end(), {"-r", file.string()});
    }
    argv.insert(argv.end(), environment.packages.begin(), environment.packages.end());
    run(argv, "installing python packages");
}

}  // namespace

std::string Environment::key() const {
    std::string content = interpreter.version + '\n' + interpreter.executable + '\n' + name + '\n';
    for (const std::string& package : packages) content += package + '\n';
    content += '\n' + requirements;
    constexpr std::uint64_t kBasis = 14'695'981'039'346'656'037ULL;
    return hex(hash(content, kBasis)) + hex(hash(content, kBasis ^ 0x9E3779B97F4A7C15ULL));
}

std::string make_environment(const Environment& environment, const Call& call, const std::atomic<bool>& stop) {
    const fs::path root = root_folder();
    const fs::path folder = root / ("venv-" + environment.interpreter.version + "-" + environment.key());
    const std::string python = (folder / "bin" / "python").string();
    const fs::path complete = folder / ".kdeps-complete";
    std::error_code failed;
    make_private(root);
    if (fs::exists(complete, failed)) {
        check_private(folder);
        return python;
    }
    const Descriptor lock(open((folder.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock.is_open()) {
        throw Error(KDEPS_UNAVAILABLE, "python environments cannot be kept in '" + root.string() +
                                           "'; set KDEPS_VENV_PATH to a folder that can be written");
    }
    while (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (stop) throw Error(KDEPS_CANCELLED, "installing python packages was stopped");
        usleep(100'000);
    }
    if (fs::exists(complete, failed)) {
        check_private(folder);
        return python;
    }
    fs::remove_all(folder, failed);  // one that was left incomplete
    std::string names;
    for (const std::string& package : environment.packages) names += " " + package;
    call.log(KDEPS_LOG_INFO, "making a python environment" + (names.empty() ? "" : " with" + names));
    try {
        install(environment, folder, call, stop);
    } catch (const Error&) {
        fs::remove_all(folder, failed);
        throw;
    }
    std::ofstream(complete) << "made by kdeps\n";
    call.progress("python packages: ready", 1, 1);
    return python;
}

}  // namespace kdeps::python
