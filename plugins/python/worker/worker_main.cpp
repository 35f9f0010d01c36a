// SPDX-License-Identifier: Apache-2.0
// kdeps-python-worker: started by the python plugin, never by hand but for --version.  Two processes: a supervisor
// without Python, and the interpreter as its child.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include "runner.hpp"
#include "supervisor.hpp"

namespace {

constexpr int kSocket = 3;
constexpr int kLifeline = 4;

// What the address space held before Python came.  Counted only where it is a sanitizer's shadow memory and heap:
// terabytes, of which the limit of a script knows nothing.
rlim_t foreign_address_space() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
#else
    return 0;
#endif
}

int usage() {
    std::fputs("kdeps-python-worker is started by kdeps; --version tells its Python\n", stderr);
    return 2;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 2 && std::string_view(arguments[1]) == "--version") {
        std::printf("%s %s\n", KDEPS_PYTHON_VERSION, KDEPS_PYTHON_EXECUTABLE);
        return 0;
    }
    if (count != 4 || fcntl(kSocket, F_GETFD) < 0 || fcntl(kLifeline, F_GETFD) < 0) return usage();
    kdeps::python::RunnerOptions options;
    options.socket = kSocket;
    options.executable = arguments[1][0] == '\0' ? KDEPS_PYTHON_EXECUTABLE : arguments[1];
    options.folder = arguments[2];
    std::from_chars(arguments[3], arguments[3] + std::strlen(arguments[3]), options.memory_limit);
    options.supervisor = getpid();

    // Orphans of the interpreter become children of this process, wherever they moved.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, nullptr);
    const pid_t interpreter = fork();
    if (interpreter < 0) {
        std::perror("kdeps-python-worker: fork");
        return 1;
    }
    if (interpreter == 0) {
        sigprocmask(SIG_UNBLOCK, &child_ended, nullptr);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != options.supervisor) return 1;
        close(kLifeline);
        fcntl(kSocket, F_SETFD, FD_CLOEXEC);
        if (options.memory_limit > 0) {
            const rlim_t bytes = foreign_address_space() + options.memory_limit;
            const rlimit limit{bytes, bytes};
            setrlimit(RLIMIT_AS, &limit);
        }
        const rlimit no_core{0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        return kdeps::python::serve(options);
    }
    // The interpreter alone holds the pipes and the socket, so that their end tells of its end.
    close(kSocket);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    return kdeps::python::supervise(interpreter, kLifeline);
}
