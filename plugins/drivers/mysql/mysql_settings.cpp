// SPDX-License-Identifier: Apache-2.0
#include "mysql_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace kdeps::mysql {

namespace {

[[noreturn]] void refuse(const std::string& text) { throw Error(KDEPS_INVALID_ARGUMENT, text); }

bool read_flag(const std::string& name, const std::string& value) {
    static constexpr std::array kYes = {"", "true", "1", "on", "yes"};
    static constexpr std::array kNo = {"false", "0", "off", "no"};
    if (std::find(kYes.begin(), kYes.end(), value) != kYes.end()) return true;
    if (std::find(kNo.begin(), kNo.end(), value) != kNo.end()) return false;
    refuse("option '" + name + "' of the connection URL must be true or false, not '" + value + "'");
}

std::chrono::seconds read_seconds(const std::string& name, const std::string& value) {
    constexpr int kLongest = 86'400;
    int seconds = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (failed != std::errc() || end != value.data() + value.size() || seconds < 1 || seconds > kLongest) {
        refuse("option '" + name + "' of the connection URL must be a number of seconds between 1 and 86400, not '" +
               value + "'");
    }
    return std::chrono::seconds(seconds);
}

std::string read_path(const Target& target, const std::string& name, const std::string& value) {
    const std::filesystem::path path = std::filesystem::path(target.folder) / value;
    if (value.empty() || ::access(path.c_str(), R_OK) != 0) {
        refuse("option '" + name + "' of the connection URL names '" + value +
               "', which cannot be read; relative paths start at the workflow's folder");
    }
    return path.string();
}

// Of these the server sees a proof and not the password.  `dialog` is none of them: it shows the server's text and
// reads an answer from the terminal.
constexpr const char* kProofs = "mysql_native_password client_ed25519 parsec";

struct Option {
    const char* name;
    void (*read)(Settings&, const Target&, const std::string& name, const std::string& value);
};

// The names are those of the client library's option files, where - and _ mean the same.
constexpr std::array
    kOptions =
        {
            Option{"charset",
                   [](Settings& out, const Target&, const std::string& name, const std::string& value) {
                       // Results are handed on as UTF-8.
                       if (value != "utf8mb4" && value != "utf8" && value != "utf8mb3") {
                           refuse("option '" + name + "' of the connection URL must be utf8mb4 or utf8, not '" + value +
                                  "'");
                       }
                       out.charset = value;
                   }},
            Option{"compress", [](Settings& out, const Target&, const std::string& name,
                                  const std::string& value) { out.is_compressed = read_flag(name, value); }},
            Option{"connect_timeout",
                   [](Settings& out, const Target&, const std::string& name, const std::string& value) {
                       out.connect_timeout = read_seconds(name, value);
                   }},
            Option{"enable-cleartext-plugin",
                   [](Settings& out, const Target&, const std::string& name, const std::string& value) {
                       out.allows_clear_password = read_flag(name, value);
                   }},
            Option{"found-rows", [](Settings& out, const Target&, const std::string& name,
                                    const std::string& value) { out.counts_found_rows = read_flag(name, value); }},
            Option{"init-command", [](Settings& out, const Target&, const std::string&,
                                      const std::string& value) { out.init_commands.push_back(value); }},
            Option{"read_timeout", [](Settings& out, const Target&, const std::string& name,
                                      const std::string& value) { out.read_timeout = read_seconds(name, value); }},
            Option{"server-public-key",
                   [](Settings& out, const Target& target, const std::string& name, const std::string& value) {
                       out.server_public_key = read_path(target, name, value);
                   }},
            Option{"socket",
                   [](Settings& out, const Target& target, const std::string& name, const std::string& value) {
                       if (value.empty()) refuse("option '" + name + "' of the connection URL must name a file");
                       // Not looked for here: the server that makes it may start later.
                       out.socket = (std::filesystem::path(target.folder) / value).string();
                   }},
            Option{"ssl", [](Settings& out, const Target&, const std::string& name,
                             const std::string& value) { out.wants_tls = read_flag(name, value); }},
            Option{"ssl-ca", [](Settings& out, const Target& target, const std::string& name,
                                const std::string& value) { out.ssl_ca = read_path(target, name, value); }},
            Option{"ssl-capath", [](Settings& out, const Target& target, const std::string& name,
                                    const std::string& value) { out.ssl_capath = read_path(target, name, value); }},
            Option{"ssl-cert", [](Settings& out, const Target& target, const std::string& name,
                                  const std::string& value) { out.ssl_cert = read_path(target, name, value); }},
            Option{"ssl-cipher", [](Settings& out, const Target&, const std::string&,
                                    const std::string& value) { out.ssl_cipher = value; }},
            Option{"ssl-key", [](Settings& out, const Target& target, const std::string& name,
                                 const std::string& value) { out.ssl_key = read_path(target, name, value); }},
            Option{"ssl-verify-server-cert",
                   [](Settings& out, const Target&, const std::string& name, const std::string& value) {
                       out.verifies_server = read_flag(name, value);
                       out.ssl_verification_is_off = !*out.verifies_server;
                   }},
            Option{"tls-version", [](Settings& out, const Target&, const std::string&,
                                     const std::string& value) { out.tls_version = value; }},
};

std::string with_dashes(std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

void read_option(const Call& call, const Target& target, const std::string& name, const std::string& value,
                 Settings& out) {
    for (const Option& option : kOptions) {
        if (with_dashes(option.name) == with_dashes(name)) {
            option.read(out, target, name, value);
            return;
        }
    }
    std::vector<std::string> names;
    std::string list;
    for (const Option& option : kOptions) {
        names.emplace_back(option.name);
        list += (list.empty() ? "" : ", ") + names.back();
    }
    refuse("unknown option '" + name + "' in the connection URL" + call.did_you_mean(name, names) +
           "; available options: " + list);
}

}  // namespace

Settings read_settings(const Call& call, const Target& target) {
    const Url url = parse_url(target.url);
    Settings out;
    for (const auto& [name, value] : url.options) {
        read_option(call, target, name, value, out);
    }
    if (url.host.empty() && out.socket.empty()) {
        refuse("the connection URL names no host; it must look like mysql://user:password@host:3306/database");
    }
    if (url.user.empty()) {
        refuse("the connection URL names no user; it must look like mysql://user:password@host:3306/database");
    }
    if (url.path.find('/', 1) != std::string::npos) {
        refuse(
            "the connection URL has more than one name after its host; it must look like "
            "mysql://user:password@host:3306/database");
    }
    if (!out.verifies_server) {
        out.verifies_server = !out.ssl_ca.empty() || !out.ssl_capath.empty();
    }
    if (*out.verifies_server || !out.ssl_ca.empty() || !out.ssl_capath.empty() || !out.ssl_cert.empty()) {
        if (out.wants_tls && !*out.wants_tls) {
            refuse("option 'ssl' of the connection URL is false, but another option asks for TLS");
        }
        out.wants_tls = true;
    }
    if (!out.server_public_key.empty()) {
        if (out.needs_tls()) {
            refuse(
                "option 'server-public-key' of the connection URL is for a connection without TLS; leave it out, and "
                "name who signs the server's certificate with 'ssl-ca'");
        }
        out.wants_tls = false;
    }
    if (out.allows_clear_password && !*out.verifies_server && !out.is_socket()) {
        refuse(
            "option 'enable-cleartext-plugin' of the connection URL sends the password as it is, and wants a server "
            "that "
            "is verified: add 'ssl-ca', 'ssl-capath' or 'ssl-verify-server-cert=true'");
    }
    if (out.ssl_cert.empty() != out.ssl_key.empty()) {
        refuse("the options 'ssl-cert' and 'ssl-key' of the connection URL go together; one is missing");
    }
    out.host = url.host;
    out.port = url.port == 0 ? 3306U : static_cast<unsigned int>(url.port);
    out.user = url.user;
    out.password = url.password;
    out.database = url.path.empty() ? "" : url.path.substr(1);
    return out;
}

std::string Settings::login_methods(bool has_tls) const {
    std::string methods = kProofs;
    const bool is_local = host == "localhost" || host.starts_with("127.") || host == "::1";
    const bool is_meant = is_socket() || (has_tls && verifies_server.value_or(false));
    // Who says that the server is not to be verified knows what that means.
    const bool is_trusted = is_local || (needs_tls() && ssl_verification_is_off);
    // These send the password itself over TLS, whoever ends it, and without TLS only by a key that is known.
    if (is_meant || is_trusted || !has_tls) methods += " caching_sha2_password sha256_password";
    if (is_meant && allows_clear_password) methods += " mysql_clear_password";
    return methods;
}

bool Settings::greeted(MYSQL* client, bool offers_tls) const {
    if (needs_tls() && !offers_tls) return false;
    const bool has_tls = offers_tls && wants_tls.value_or(true);
    // Told to use TLS, the library takes every connection for one that has it.
    const my_bool uses = has_tls ? 1 : 0;
    mysql_optionsv(client, MYSQL_OPT_SSL_ENFORCE, &uses);
    mysql_optionsv(client, MARIADB_OPT_RESTRICTED_AUTH, login_methods(has_tls).c_str());
    return true;
}

void Settings::apply(MYSQL* client) const {
    const auto text = [&](mysql_option option, const std::string& value) {
        if (!value.empty()) mysql_optionsv(client, option, value.c_str());
    };
    const auto flag = [&](mysql_option option, bool value) {
        const my_bool set = value ? 1 : 0;
        mysql_optionsv(client, option, &set);
    };
    // "localhost" would otherwise mean the default socket, and the port would not count.
    const unsigned int protocol = socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
    mysql_optionsv(client, MYSQL_OPT_PROTOCOL, &protocol);
    text(MYSQL_SET_CHARSET_NAME, charset);
    mysql_optionsv(client, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "kdeps");
    const unsigned int no_local_files = 0;
    mysql_optionsv(client, MYSQL_OPT_LOCAL_INFILE, &no_local_files);
    flag(MYSQL_OPT_RECONNECT, false);
    // Rows reads what did not fit by itself.
    flag(MYSQL_REPORT_DATA_TRUNCATION, false);
    if (is_compressed) mysql_optionsv(client, MYSQL_OPT_COMPRESS, nullptr);
    text(MYSQL_OPT_SSL_CA, ssl_ca);
    text(MYSQL_OPT_SSL_CAPATH, ssl_capath);
    text(MYSQL_OPT_SSL_CERT, ssl_cert);
    text(MYSQL_OPT_SSL_KEY, ssl_key);
    text(MYSQL_OPT_SSL_CIPHER, ssl_cipher);
    text(MARIADB_OPT_TLS_VERSION, tls_version);
    if (wants_tls.value_or(!is_socket())) flag(MYSQL_OPT_SSL_ENFORCE, true);
    // More where the greeting allows it.
    text(MARIADB_OPT_RESTRICTED_AUTH, is_socket() ? login_methods(false) : kProofs);
    // Without a key the library would take the one that the server sends: it finds none in this.
    text(MYSQL_SERVER_PUBLIC_KEY, server_public_key.empty() ? "/dev/null" : server_public_key);
    flag(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, verifies_server.value_or(false));
}

bool Settings::connect(MYSQL* client) const {
    return mysql_real_connect(client, is_socket() ? "localhost" : host.c_str(), user.c_str(), password.c_str(),
                              database.empty() ? nullptr : database.c_str(), port,
                              socket.empty() ? nullptr : socket.c_str(),
                              counts_found_rows ? CLIENT_FOUND_ROWS : 0) != nullptr;
}

std::string Settings::place() const { return socket.empty() ? host + ":" + std::to_string(port) : socket; }

std::vector<std::string> Settings::session_commands(bool tracks) const {
    // TIMESTAMP columns are then given in UTC.
    std::string set = "SET NAMES " + charset + ", time_zone = '+00:00'";
    if (tracks) {
        set += ", session_track_schema = ON, session_track_state_change = ON, session_track_system_variables = '*'";
    }
    std::vector<std::string> commands = {std::move(set)};
    commands.insert(commands.end(), init_commands.begin(), init_commands.end());
    return commands;
}

}  // namespace kdeps::mysql
