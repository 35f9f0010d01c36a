// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "descriptor.hpp"

extern char** environ;

namespace kdeps::python {

CommandResult run_command(const std::vector<std::string>& argv, const std::atomic<bool>& stop,
                          const std::function<void(std::string_view)>& on_line) {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return {-1, std::strerror(errno)};
    Descriptor mine(ends[0]);
    Descriptor theirs(ends[1]);
    std::vector<std::string> texts = argv;
    std::vector<char*> arguments;
    for (std::string& text : texts) arguments.push_back(text.data());
    arguments.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t process = -1;
    const int failed = posix_spawnp(&process, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return {-1, argv[0] + ": " + std::strerror(failed)};
    theirs.reset();

    CommandResult result;
    std::string line;
    std::array<char, 4096> bytes;
    while (true) {
        constexpr int kLookAtStop = 100;
        pollfd readable{mine.get(), POLLIN, 0};
        const int ready = poll(&readable, 1, kLookAtStop);
        if (stop) kill(-process, SIGKILL);
        if (ready <= 0) continue;
        const ssize_t got = read(mine.get(), bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        for (const char c : std::string_view(bytes.data(), static_cast<std::size_t>(got))) {
            if (c == '\n') {
                on_line(line);
                line.clear();
            } else {
                line += c;
            }
        }
        result.output.append(bytes.data(), static_cast<std::size_t>(got));
        constexpr std::size_t kKept = 64U << 10;
        if (result.output.size() > 2 * kKept) result.output.erase(0, result.output.size() - kKept);
    }
    int status = 0;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

}  // namespace kdeps::python
