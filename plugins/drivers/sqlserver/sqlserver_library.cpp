// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_library.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "sqlserver_operation.hpp"

namespace kdeps::sqlserver {

namespace {

int on_message(DBPROCESS*, DBINT number, int state, int severity, char* text, char*, char*, int line) {
    constexpr int kLastInformation = 10;
    Operation* operation = Operation::current();
    if (operation != nullptr && severity > kLastInformation)
        operation->add({number, state, severity, line, text == nullptr ? "" : text});
    return 0;
}

int on_error(DBPROCESS*, int, int code, int system_code, char* text, char*) {
    Operation* operation = Operation::current();
    return operation == nullptr ? INT_CANCEL : operation->on_error(code, system_code, text);
}

// The rest of a login is waited for in pieces of so many seconds, after each of which the call is looked at.
constexpr const char* kGlobal = "[global]\n\ttds version = 7.4\n\tclient charset = UTF-8\n\tconnect timeout = 1\n";

}  // namespace

Library::Library() {
    if (dbinit() == kFail) throw Error(KDEPS_INTERNAL, "the FreeTDS client library cannot be initialised");
    dberrhandle(on_error);
    dbmsghandle(on_message);
    std::string name = (std::filesystem::temp_directory_path() / "kdeps-freetds-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw Error(KDEPS_INTERNAL, "cannot make a folder for the configuration of the FreeTDS client library in '" +
                                        std::filesystem::temp_directory_path().string() +
                                        "'; set TMPDIR to a folder that can be written");
    }
    folder_ = name;
    text_ = kGlobal;
    write(text_);
    // Encryption and certificates have no function in DB-Library 1.3: freetds.conf is its only door for them.
    ::setenv("FREETDSCONF", (folder_ / "freetds.conf").c_str(), 1);
}

Library::~Library() {
    // dbexit() would end the connections of others in this process that use the library too.
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string Library::server_name(const Settings& settings) {
    std::string lines = "\thost = " + settings.host + "\n\tport = " + std::to_string(settings.port) +
                        "\n\tencryption = " + settings.encryption + "\n";
    if (!settings.ca_file.empty()) {
        lines += "\tca file = " + settings.ca_file +
                 "\n\tcheck certificate hostname = " + (settings.checks_hostname ? "yes" : "no") + "\n";
    }
    const std::lock_guard lock(mutex_);
    if (const auto known = names_.find(lines); known != names_.end()) return known->second;
    std::string name = "kdeps-" + std::to_string(names_.size() + 1);
    const std::string text = text_ + "[" + name + "]\n" + lines;
    write(text);
    text_ = text;
    names_.emplace(lines, name);
    return name;
}

// Other threads may read it at any time: they find the old or the new one.
void Library::write(const std::string& text) const {
    const std::filesystem::path fresh = folder_ / "fresh";
    std::ofstream file(fresh);
    file << text;
    file.close();
    std::error_code failed;
    if (file) std::filesystem::rename(fresh, folder_ / "freetds.conf", failed);
    if (!file || failed)
        throw Error(KDEPS_INTERNAL,
                    "cannot write the configuration of the FreeTDS client library in '" + folder_.string() + "'");
}

}  // namespace kdeps::sqlserver
