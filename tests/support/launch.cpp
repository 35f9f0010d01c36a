// SPDX-License-Identifier: Apache-2.0
#include "tests/support/launch.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace kdeps::testing {

namespace {

struct Pipe {
    Descriptor reading;
    Descriptor writing;
};

Pipe open_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot open a pipe");
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

struct Credentials {
    bool are_given = false;
    uid_t user = 0;
    gid_t group = 0;
    std::vector<gid_t> groups;
};

Credentials credentials(const std::string& user) {
    if (user.empty() || geteuid() != 0) {
        return {};
    }
    const passwd* entry = getpwnam(user.c_str());
    if (entry == nullptr) {
        throw std::runtime_error("there is no user '" + user + "' on this system; install the package that makes it");
    }
    Credentials found{true, entry->pw_uid, entry->pw_gid, {}};
    int count = 0;
    getgrouplist(user.c_str(), found.group, nullptr, &count);
    found.groups.resize(static_cast<std::size_t>(count));
    getgrouplist(user.c_str(), found.group, found.groups.data(), &count);
    return found;
}

// `name=value` texts: the environment of this program, then what is added, which wins.
std::vector<std::string> environment(const std::map<std::string, std::string>& added) {
    std::vector<std::string> texts;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        if (!added.contains(std::string(text.substr(0, text.find('='))))) {
            texts.emplace_back(text);
        }
    }
    for (const auto& [name, value] : added) {
        texts.push_back(std::string(name).append("=").append(value));
    }
    return texts;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (std::string& text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

enum class Step : int { streams, user, folder, program };

struct Failure {
    Step step;
    int error;
};

// Everything the child needs, made before fork: between fork and exec only calls that are safe in a signal handler are
// allowed.
struct Plan {
    std::vector<char*> argv;
    std::vector<char*> env;
    const char* folder;
    Credentials credentials;
    int in, out, err, failure;
    int parent_death_signal;
    pid_t parent;
};

Failure become(const Plan& plan) {
    setpgid(0, 0);
    if (dup2(plan.in, 0) < 0 || dup2(plan.out, 1) < 0 || dup2(plan.err, 2) < 0) {
        return {Step::streams, errno};
    }
    // A socket of the test that the program inherits would stay open longer than the test believes.  Best effort: older
    // kernels lack it.
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    std::signal(SIGPIPE, SIG_DFL);  // libraries in the test program ignore it, and exec keeps that
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const Credentials& to = plan.credentials;
    if (to.are_given &&
        (setgroups(to.groups.size(), to.groups.data()) != 0 || setgid(to.group) != 0 || setuid(to.user) != 0)) {
        return {Step::user, errno};
    }
    prctl(PR_SET_PDEATHSIG, plan.parent_death_signal);  // after setuid, which clears it
    if (getppid() != plan.parent) {
        _exit(127);
    }
    if (*plan.folder != '\0' && chdir(plan.folder) != 0) {
        return {Step::folder, errno};
    }
    execvpe(plan.argv[0], plan.argv.data(), plan.env.data());
    return {Step::program, errno};
}

std::string explain(const Failure& failure, const std::string& program, const ProcessOptions& options) {
    const std::string start = "cannot start '" + program + "': ";
    const std::string why = std::strerror(failure.error);
    switch (failure.step) {
        case Step::streams: return start + "its standard streams: " + why;
        case Step::user: return start + "cannot become user '" + options.user + "': " + why;
        case Step::folder: return start + "cannot enter folder '" + options.folder.string() + "': " + why;
        case Step::program: break;
    }
    return start + why;
}

}  // namespace

LaunchedProgram launch(const std::vector<std::string>& argv, const ProcessOptions& options) {
    if (argv.empty()) {
        throw std::runtime_error("cannot start a program without a name");
    }
    std::vector<std::string> words = argv;
    std::vector<std::string> variables = environment(options.env);
    const std::string folder = options.folder.string();
    Pipe in = options.input ? open_pipe() : Pipe{Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)), {}};
    Pipe out = open_pipe();
    Pipe err = open_pipe();
    Pipe failed = open_pipe();
    const Plan plan{
        pointers(words),   pointers(variables), folder.c_str(),       credentials(options.user),   in.reading.get(),
        out.writing.get(), err.writing.get(),   failed.writing.get(), options.parent_death_signal, getpid()};
    const pid_t pid = fork();
    if (pid < 0) {
        throw std::system_error(errno, std::generic_category(), "cannot fork for '" + argv[0] + "'");
    }
    if (pid == 0) {
        const Failure failure = become(plan);
        [[maybe_unused]] const ssize_t written = write(plan.failure, &failure, sizeof failure);
        _exit(127);
    }
    failed.writing.close();
    // Ends without a byte when exec closes the pipe, so that afterwards the group and the program are there.
    Failure failure{};
    ssize_t size = 0;
    while ((size = read(failed.reading.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
    }
    if (size == static_cast<ssize_t>(sizeof failure)) {
        waitpid(pid, nullptr, 0);
        throw std::runtime_error(explain(failure, argv[0], options));
    }
    return {pid, std::move(in.writing), std::move(out.reading), std::move(err.reading)};
}

}  // namespace kdeps::testing
