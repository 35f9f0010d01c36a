// SPDX-License-Identifier: Apache-2.0
#include "worker.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <kdeps/cpp/error.hpp>
#include <system_error>
#include <vector>

extern char** environ;

namespace kdeps::python {

namespace {

constexpr int kSocket = 3;
constexpr int kLifeline = 4;

struct Pair {
    Descriptor mine;
    Descriptor theirs;
};

[[noreturn]] void fail(const char* what) {
    throw Error(KDEPS_EXHAUSTED,
                std::string("a python worker cannot be started: ") + what + ": " + std::strerror(errno));
}

// Packets: their borders are kept, and they cost less than a stream.
Pair make_socket() {
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail("socketpair");
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Pair make_pipe() {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// The child's ends are moved past all fixed numbers first, so that none is overwritten before it is used.
class Actions {
public:
    Actions() { posix_spawn_file_actions_init(&actions_); }
    ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
    Actions(const Actions&) = delete;
    Actions& operator=(const Actions&) = delete;

    void give(Descriptor& end, int number) {
        constexpr int kPastFixed = 10;
        Descriptor moved(fcntl(end.get(), F_DUPFD_CLOEXEC, kPastFixed));
        if (!moved.is_open()) fail("dup");
        end = std::move(moved);
        posix_spawn_file_actions_adddup2(&actions_, end.get(), number);
    }
    // What another thread has just opened, such as a client's connection, is no matter of a script's.
    void close_from(int number) { posix_spawn_file_actions_addclosefrom_np(&actions_, number); }
    void open_nothing(int number) { posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", O_RDONLY, 0); }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

class Attributes {
public:
    Attributes() {
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        // A session of its own: Ctrl-C in a terminal is for the host, which then ends its workers.
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    }
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    const posix_spawnattr_t* get() const { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

std::vector<std::string> environment_of(const Launch& launch) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::string name(text.substr(0, text.find('=')));
        // Settings of another Python would be taken for ours.
        if (name != "PYTHONHOME" && name != "PYTHONPATH" && name != "VIRTUAL_ENV" && !launch.environment.contains(name))
            out.emplace_back(text);
    }
    for (const auto& [name, value] : launch.environment) out.push_back(name + "=" + value);
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

int to_milliseconds(nanoseconds timeout) {
    constexpr std::int64_t kMost = 24L * 3600 * 1000;
    return static_cast<int>(std::clamp<std::int64_t>(timeout.count() / 1'000'000 + 1, 0, kMost));
}

}  // namespace

Worker::Worker(const Launch& launch) {
    Pair socket = make_socket();
    Pair lifeline = make_socket();
    Pair out = make_pipe();
    Pair err = make_pipe();
    Actions actions;
    actions.open_nothing(STDIN_FILENO);
    actions.give(out.theirs, STDOUT_FILENO);
    actions.give(err.theirs, STDERR_FILENO);
    actions.give(socket.theirs, kSocket);
    actions.give(lifeline.theirs, kLifeline);
    actions.close_from(kLifeline + 1);
    std::vector<std::string> arguments = {launch.program.string(), launch.executable, launch.folder,
                                          std::to_string(launch.memory_limit)};
    std::vector<std::string> environment = environment_of(launch);
    const Attributes attributes;
    if (const int failed = posix_spawn(&supervisor_, launch.program.c_str(), actions.get(), attributes.get(),
                                       pointers(arguments).data(), pointers(environment).data());
        failed != 0) {
        supervisor_ = -1;
        errno = failed;
        fail(launch.program.c_str());
    }
    channel_ = Channel(std::move(socket.mine));
    lifeline_ = std::move(lifeline.mine);
    out_ = std::move(out.mine);
    err_ = std::move(err.mine);
}

Worker::~Worker() {
    lifeline_.reset();
    if (supervisor_ < 0) return;
    const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, supervisor_, 0)));
    pollfd ended{process.get(), POLLIN, 0};
    constexpr int kPatience = 2000;
    if (!process.is_open() || poll(&ended, 1, kPatience) <= 0) ::kill(supervisor_, SIGKILL);
    while (waitpid(supervisor_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void Worker::await_ready(nanoseconds timeout, const std::atomic<bool>& stop) {
    Frame frame;
    Output output;
    constexpr auto kLook = std::chrono::milliseconds(100);
    const auto start = std::chrono::steady_clock::now();
    Received received = Received::late;
    while (received == Received::late && !stop && std::chrono::steady_clock::now() - start < timeout)
        received = receive(frame, output, kLook);
    if (received == Received::frame && frame.type == Message::ready) return;
    std::string why = output.err.substr(0, output.err.find_last_not_of('\n') + 1);
    why = why.substr(why.rfind('\n') + 1);
    throw Error(KDEPS_UNAVAILABLE,
                "a python worker cannot be started: " + (received == Received::late ? "it did not answer in time"
                                                         : why.empty()              ? "it " + end().text
                                                                                    : why));
}

bool Worker::is_alive() const {
    pollfd ended{lifeline_.get(), POLLIN, 0};
    return poll(&ended, 1, 0) == 0;
}

bool Worker::send(Message type, const Packet& packet) {
    try {
        channel_.send(type, packet);
        return true;
    } catch (const std::system_error& error) {
        if (error.code().value() == EPIPE || error.code().value() == ECONNRESET) return false;
        throw Error(KDEPS_EXHAUSTED, std::string("a table cannot be handed to python: ") + error.what());
    }
}

bool Worker::read_some(Descriptor& pipe, std::string& into) {
    std::array<char, 65536> bytes;
    while (true) {
        const ssize_t got = read(pipe.get(), bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return true;
        if (got == 0) return false;
        into.append(bytes.data(), static_cast<std::size_t>(got));
        if (into.size() > kMostOutput) return true;
    }
}

Worker::Received Worker::receive(Frame& frame, Output& output, nanoseconds timeout) {
    const auto start = std::chrono::steady_clock::now();
    while (true) {
        const nanoseconds left =
            timeout == nanoseconds::max() ? timeout : timeout - (std::chrono::steady_clock::now() - start);
        // A closed pipe would be ready for ever: it is asked no more.
        pollfd watched[] = {{channel_.socket(), POLLIN, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
        const int ready = poll(watched, 3, left == nanoseconds::max() ? -1 : to_milliseconds(left));
        if (ready < 0 && errno != EINTR) return Received::gone;
        if (ready < 0) continue;
        if (ready == 0) return Received::late;
        // In this order: what a script has printed was there before its answer.
        if (watched[1].revents != 0 && !read_some(out_, output.out)) out_.reset();
        if (watched[2].revents != 0 && !read_some(err_, output.err)) err_.reset();
        if (output.out.size() + output.err.size() > kMostOutput) return Received::too_much;
        if (watched[0].revents != 0) {
            try {
                switch (channel_.receive(frame)) {
                    case Channel::Received::frame: return Received::frame;
                    case Channel::Received::end: return Received::gone;
                    case Channel::Received::unread: return Received::unread;
                }
            } catch (const std::system_error&) {
                return Received::gone;
            }
        }
    }
}

// The other direction stays open: the supervisor still tells how the interpreter ended.
void Worker::kill() noexcept { shutdown(lifeline_.get(), SHUT_WR); }

End Worker::end() {
    int status = 0;
    pollfd ended{lifeline_.get(), POLLIN, 0};
    constexpr int kPatience = 1000;
    if (poll(&ended, 1, kPatience) <= 0 ||
        recv(lifeline_.get(), &status, sizeof(status), MSG_DONTWAIT) != sizeof(status)) {
        return {128 + SIGKILL, "was killed"};
    }
    if (WIFSIGNALED(status)) {
        const int signal = WTERMSIG(status);
        return {128 + signal, "was ended by signal " + std::to_string(signal) + " (" + strsignal(signal) + ")"};
    }
    return {WEXITSTATUS(status), "ended with exit code " + std::to_string(WEXITSTATUS(status))};
}

}  // namespace kdeps::python
