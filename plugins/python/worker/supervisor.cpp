// SPDX-License-Identifier: Apache-2.0
#include "supervisor.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>

namespace kdeps::python {

namespace {

// Processes below `parent`, all levels (proc_pid_children(5)).
void collect(int parent, std::set<int>& out) {
    const std::string folder = "/proc/" + std::to_string(parent) + "/task/";
    std::ifstream children(folder + std::to_string(parent) + "/children");
    int child = 0;
    while (children >> child) {
        if (out.insert(child).second) collect(child, out);
    }
}

struct Reaped {
    bool is_over = false;  // the interpreter
    int status = 0;
    bool has_children = true;
};

void reap(int interpreter, Reaped& reaped) {
    while (true) {
        int status = 0;
        const pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended < 0 && errno == EINTR) continue;
        if (ended <= 0) {
            reaped.has_children = ended == 0;
            return;
        }
        if (ended == interpreter) {
            reaped.is_over = true;
            reaped.status = status;
        }
    }
}

}  // namespace

int supervise(int interpreter, int lifeline) {
    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    const int events = signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK);
    Reaped reaped;
    bool is_wanted = true;
    while (is_wanted && !reaped.is_over) {
        pollfd watched[] = {{lifeline, POLLIN, 0}, {events, POLLIN, 0}};
        if (poll(watched, 2, -1) < 0) continue;
        signalfd_siginfo ignored{};
        while (read(events, &ignored, sizeof(ignored)) > 0) {
        }
        is_wanted = watched[0].revents == 0;
        reap(interpreter, reaped);
    }
    // What is killed may just have started another: until none is left.
    while (reaped.has_children) {
        std::set<int> left;
        collect(getpid(), left);
        for (const int process : left) kill(process, SIGSTOP);
        for (const int process : left) kill(process, SIGKILL);
        pollfd ended{events, POLLIN, 0};
        poll(&ended, 1, 10);
        signalfd_siginfo ignored{};
        while (read(events, &ignored, sizeof(ignored)) > 0) {
        }
        reap(interpreter, reaped);
    }
    send(lifeline, &reaped.status, sizeof(reaped.status), MSG_NOSIGNAL);
    return 0;
}

}  // namespace kdeps::python
