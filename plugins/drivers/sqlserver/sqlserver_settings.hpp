// SPDX-License-Identifier: Apache-2.0
// What a connection URL says, checked.
#pragma once

#include <chrono>
#include <kdeps/cpp/driver.hpp>
#include <optional>
#include <string>

namespace kdeps::sqlserver {

struct Settings {
    std::string host;
    int port = 1433;
    std::string user;
    std::string password;
    std::string database;  // empty: the login's own
    std::string application = "kdeps";
    bool encrypts = false;  // or there is no connection; else where the server offers it
    bool forgoes_encryption = false;
    std::optional<bool> trusts_certificate;  // as the URL says
    std::string ca_file;  // empty: the server's certificate is not verified; "system": by the system's authorities
    bool checks_hostname = true;
    std::optional<std::chrono::seconds> connect_timeout;
    std::optional<int> lock_timeout;  // ms
    bool sends_varchar = false;       // texts of ASCII, so that the index of a varchar column is used

    // A certificate that is to be checked has to be shown.
    bool demands_encryption() const { return encrypts || !ca_file.empty(); }
    // In the words of freetds.conf.  Its "off" would send the password readable, whatever the server offers.
    const char* encryption() const { return demands_encryption() ? "require" : "request"; }
    // Where to, for error texts.
    std::string place() const { return host + ":" + std::to_string(port); }
};

// Throws Error (INVALID_ARGUMENT) that names the fault and what is accepted; no part of the URL but option names, their
// values and file names is shown.
Settings read_settings(const Call& call, const Target& target);

}  // namespace kdeps::sqlserver
