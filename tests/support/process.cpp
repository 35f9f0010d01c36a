// SPDX-License-Identifier: Apache-2.0
#include "tests/support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <system_error>

#include "tests/support/launch.hpp"

namespace kdeps::testing {

Process::Process(const std::vector<std::string>& argv, const ProcessOptions& options) : stop_(eventfd(0, EFD_CLOEXEC)) {
    if (!stop_.is_open()) {
        throw std::system_error(errno, std::generic_category(), "cannot make an eventfd");
    }
    LaunchedProgram program = launch(argv, options);
    pid_ = program.pid;
    in_ = std::move(program.in);
    out_.descriptor = std::move(program.out);
    err_.descriptor = std::move(program.err);
    input_ = options.input.value_or("");
    pump_ = std::thread([this] { pump(); });
    watch_ = std::thread([this] { watch(); });
}

Process::~Process() {
    // The program is not reaped before here, so its id, which is that of the group, cannot belong to somebody else.
    kill(-pid_, SIGKILL);
    watch_.join();
    waitpid(pid_, nullptr, 0);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof one);
    pump_.join();
}

std::optional<int> Process::wait(std::chrono::milliseconds timeout) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, until, [&] { return exit_code_.has_value(); })) {
        return std::nullopt;
    }
    changed_.wait_until(lock, until, [&] { return !out_.is_open && !err_.is_open; });
    return exit_code_;
}

bool Process::wait_for(const Stream& stream, std::string_view text, std::chrono::milliseconds timeout) {
    const auto has_text = [&] { return stream.text.find(text) != std::string::npos; };
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return has_text() || !stream.is_open; });
    return has_text();
}

bool Process::wait_for_out(std::string_view text, std::chrono::milliseconds timeout) {
    return wait_for(out_, text, timeout);
}

bool Process::wait_for_err(std::string_view text, std::chrono::milliseconds timeout) {
    return wait_for(err_, text, timeout);
}

std::string Process::out() const {
    const std::lock_guard lock(mutex_);
    return out_.text;
}

std::string Process::err() const {
    const std::lock_guard lock(mutex_);
    return err_.text;
}

void Process::signal(int number) { kill(pid_, number); }

void Process::read_some(Stream& stream) {
    std::array<char, 65536> buffer;
    const ssize_t size = read(stream.descriptor.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        if (size > 0) {
            stream.text.append(buffer.data(), static_cast<std::size_t>(size));
        } else {
            stream.descriptor.close();
            stream.is_open = false;
        }
    }
    changed_.notify_all();
}

void Process::pump() {
    // A program that does not read its input is not our end; the write then fails with EPIPE.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    if (in_.is_open()) {
        fcntl(in_.get(), F_SETFL, O_NONBLOCK);
    }
    std::size_t written = 0;
    while (out_.descriptor.is_open() || err_.descriptor.is_open() || in_.is_open()) {
        if (in_.is_open() && written == input_.size()) {
            in_.close();
            continue;
        }
        // poll leaves out an entry whose descriptor is -1.
        std::array<pollfd, 4> waits = {{{stop_.get(), POLLIN, 0},
                                        {in_.get(), POLLOUT, 0},
                                        {out_.descriptor.get(), POLLIN, 0},
                                        {err_.descriptor.get(), POLLIN, 0}}};
        if (poll(waits.data(), waits.size(), -1) < 0) {
            continue;
        }
        if (waits[0].revents != 0) {
            return;
        }
        if (waits[1].revents != 0) {
            const ssize_t size = write(in_.get(), input_.data() + written, input_.size() - written);
            if (size >= 0) {
                written += static_cast<std::size_t>(size);
            } else if (errno != EAGAIN && errno != EINTR) {
                in_.close();
            }
        }
        if (waits[2].revents != 0) {
            read_some(out_);
        }
        if (waits[3].revents != 0) {
            read_some(err_);
        }
    }
}

void Process::watch() {
    siginfo_t end{};
    while (waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
    {
        const std::lock_guard lock(mutex_);
        exit_code_ = end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
    }
    changed_.notify_all();
}

Result run(const std::vector<std::string>& argv, const ProcessOptions& options, std::chrono::milliseconds timeout) {
    Process process(argv, options);
    const std::optional<int> exit_code = process.wait(timeout);
    if (!exit_code) {
        throw std::runtime_error("'" + argv[0] + "' still runs after " + std::to_string(timeout.count()) +
                                 " ms; stdout: " + process.out() + "; stderr: " + process.err());
    }
    return {*exit_code, process.out(), process.err()};
}

}  // namespace kdeps::testing
