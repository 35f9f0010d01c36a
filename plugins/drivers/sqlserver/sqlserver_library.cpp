// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_library.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "sqlserver_operation.hpp"

namespace kdeps::sqlserver {

namespace {

int on_message(DBPROCESS*, DBINT number, int state, int severity, char* text, char*, char*, int line) {
    constexpr int kLastInformation = 10;
    Operation* operation = Operation::current();
    if (operation == nullptr) return 0;
    if (severity > kLastInformation) {
        operation->add({number, state, severity, line, text == nullptr ? "" : text});
    } else if ((number == 0 || number >= 50000) && text != nullptr && *text != '\0') {
        // PRINT, and RAISERROR that is none.
        operation->tell("SQL Server says: " + std::string(text));
    }
    return 0;
}

int on_error(DBPROCESS* process, int, int code, int system_code, char* text, char*) {
    Operation* operation = Operation::current();
    return operation == nullptr ? INT_CANCEL : operation->on_error(process, code, system_code, text);
}

// The rest of a login is waited for in pieces of so many seconds, after each of which the call is looked at.
constexpr const char* kGlobal = "[global]\n\ttds version = 7.4\n\tclient charset = UTF-8\n\tconnect timeout = 1\n";

// With these the library would go to another host or port than the URL's, speak another protocol, or write down what it
// sends.
constexpr std::array kVariables = {"TDSHOST",  "TDSPORT", "TDSVER",       "TDSDUMP",     "TDSDUMPCONFIG",
                                   "TDSQUERY", "DSQUERY", "ASA_DATABASE", "FREETDSCONF", "FREETDS"};

}  // namespace

Library::Library() {
    // It removes pointers and moves none of what others may read; nothing is ever set.
    for (const char* name : kVariables) ::unsetenv(name);
    if (dbinit() == kFail) throw Error(KDEPS_INTERNAL, "the FreeTDS client library cannot be initialised");
    dberrhandle(on_error);
    dbmsghandle(on_message);
    file_ = ::memfd_create("kdeps-freetds", MFD_CLOEXEC);
    if (file_ < 0) {
        throw Error(KDEPS_EXHAUSTED,
                    std::string("the configuration of the FreeTDS client library needs a file in memory: ") +
                        std::strerror(errno));
    }
    append(kGlobal);
    // Encryption and certificates have no function in DB-Library 1.3: a freetds.conf is its only door for them.  What
    // is set here counts before any other.
    std::string path = "/proc/self/fd/" + std::to_string(file_);
    dbsetifile(path.data());
}

// dbexit() would end the connections of others in this process that use the library too.
Library::~Library() { ::close(file_); }

std::string Library::server_name(const Settings& settings) {
    std::string lines = "\thost = " + settings.host + "\n\tport = " + std::to_string(settings.port) +
                        "\n\tencryption = " + settings.encryption() + "\n";
    if (!settings.ca_file.empty()) {
        lines += "\tca file = " + settings.ca_file +
                 "\n\tcheck certificate hostname = " + (settings.checks_hostname ? "yes" : "no") + "\n";
    }
    const std::lock_guard lock(mutex_);
    if (const auto known = names_.find(lines); known != names_.end()) return known->second;
    std::string name = "kdeps-" + std::to_string(names_.size() + 1);
    append("[" + name + "]\n" + lines);
    names_.emplace(lines, name);
    return name;
}

// Other threads may read it at any time: what they look for stands before.
void Library::append(const std::string& text) const {
    if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        throw Error(KDEPS_EXHAUSTED, "the configuration of the FreeTDS client library cannot be written");
}

}  // namespace kdeps::sqlserver
