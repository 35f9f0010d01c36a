// SPDX-License-Identifier: Apache-2.0
// What a connection URL says, checked.
#pragma once

#include <chrono>
#include <kdeps/cpp/driver.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mysql_client.hpp"

namespace kdeps::mysql {

struct Settings {
    std::string host;
    unsigned int port = 3306;
    std::string user;
    std::string password;
    std::string database;  // empty: none is selected
    std::string socket;    // empty: TCP

    std::optional<std::chrono::seconds> connect_timeout;
    std::optional<std::chrono::seconds> read_timeout;  // of one answer
    std::string charset = "utf8mb4";
    std::vector<std::string> init_commands;
    bool is_compressed = false;
    bool counts_found_rows = false;
    std::optional<bool> wants_tls;         // not said: where the server offers it
    std::optional<bool> verifies_server;   // not said: where a CA is named
    bool ssl_verification_is_off = false;  // as it was said
    std::string ssl_ca, ssl_capath, ssl_cert, ssl_key, ssl_cipher, tls_version;
    std::string server_public_key;       // of RSA, for a password that goes without TLS
    bool allows_clear_password = false;  // over verified TLS or a Unix socket

    // No login without TLS.
    bool needs_tls() const { return wants_tls.value_or(false); }
    bool is_socket() const { return !socket.empty(); }

    // Into a handle that is not connected yet.
    void apply(MYSQL* client) const;
    // The same once the greeting of the server has been seen, and before the login; false: it gets none.
    bool greeted(MYSQL* client, bool offers_tls) const;
    // False, and the reason in mysql_error.  Within an Operation.
    bool connect(MYSQL* client) const;
    // Where to, for error texts.
    std::string place() const;
    // What a session is set to beside the handshake: at the start and after a reset.  `tracks`: the server is to tell
    // of changes.
    std::vector<std::string> session_commands(bool tracks) const;

private:
    // The ways to log in that show the password to nobody but the server which is meant.
    std::string login_methods(bool has_tls) const;
};

// Throws Error (INVALID_ARGUMENT) that names the fault and what is accepted; no part of the URL but option names and
// file names is shown.
Settings read_settings(const Call& call, const Target& target);

}  // namespace kdeps::mysql
