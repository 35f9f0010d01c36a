// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "sqlserver_client.hpp"

namespace kdeps::sqlserver {

namespace {

constexpr const char* kForm = "it must look like sqlserver://user:password@host:1433/database";

[[noreturn]] void refuse(const std::string& text) { throw Error(KDEPS_INVALID_ARGUMENT, text); }

int read_number(const std::string& name, const std::string& value, int most, const char* unit) {
    int number = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failed != std::errc() || end != value.data() + value.size() || number < 1 || number > most) {
        refuse("option '" + name + "' of the connection URL must be a number of " + unit + " between 1 and " +
               std::to_string(most) + ", not '" + value + "'");
    }
    return number;
}

bool read_flag(const std::string& name, const std::string& value) {
    if (value == "true" || value == "on" || value == "yes" || value == "1") return true;
    if (value == "false" || value == "off" || value == "no" || value == "0") return false;
    refuse("option '" + name + "' of the connection URL must be true or false, not '" + value + "'");
}

struct Option {
    const char* name;
    void (*read)(Settings&, const Target&, const std::string& name, const std::string& value);
};

constexpr std::array kOptions = {
    Option{"application_name",
           [](Settings& out, const Target&, const std::string&, const std::string& value) { out.application = value; }},
    Option{"ca_file",
           [](Settings& out, const Target& target, const std::string& name, const std::string& value) {
               const std::filesystem::path path = std::filesystem::path(target.folder) / value;
               const bool is_line = path.string().find_first_of("\r\n") == std::string::npos;
               if (value.empty() || !is_line || ::access(path.c_str(), R_OK) != 0) {
                   refuse("option '" + name + "' of the connection URL names '" + value +
                          "', which cannot be read; relative paths start at the workflow's folder");
               }
               out.ca_file = path.string();
           }},
    Option{"connect_timeout",
           [](Settings& out, const Target&, const std::string& name, const std::string& value) {
               out.connect_timeout = std::chrono::seconds(read_number(name, value, 86'400, "seconds"));
           }},
    Option{"database",
           [](Settings& out, const Target&, const std::string& name, const std::string& value) {
               if (value.empty()) refuse("option '" + name + "' of the connection URL must name a database");
               if (!out.database.empty() && out.database != value) {
                   refuse(
                       "the connection URL names two databases, one in its path and one in option 'database'; leave "
                       "one out");
               }
               out.database = value;
           }},
    Option{"encrypt",
           [](Settings& out, const Target&, const std::string& name, const std::string& value) {
               if (value == "off" || value == "false" || value == "no") {
                   out.encryption = "off";
               } else if (value == "request") {
                   out.encryption = "request";
               } else if (value == "on" || value == "true" || value == "yes") {
                   out.encryption = "require";
               } else if (value == "strict") {
                   throw Error(KDEPS_UNSUPPORTED,
                               "option 'encrypt' of the connection URL is 'strict', which is TDS 8.0; the FreeTDS "
                               "client library here (" +
                                   std::string(dbversion()) + ") speaks TDS 7.4: use on, with ca_file");
               } else {
                   refuse("option '" + name + "' of the connection URL must be off, request, on or strict, not '" +
                          value + "'");
               }
           }},
    Option{"hostname_in_certificate_check",
           [](Settings& out, const Target&, const std::string& name, const std::string& value) {
               out.checks_hostname = read_flag(name, value);
           }},
    Option{"lock_timeout",
           [](Settings& out, const Target&, const std::string& name, const std::string& value) {
               out.lock_timeout = read_number(name, value, 86'400'000, "milliseconds");
           }},
};

void read_option(const Call& call, const Target& target, const std::string& name, const std::string& value,
                 Settings& out) {
    for (const Option& option : kOptions) {
        if (option.name == name) {
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
    if (url.path.find('/', 1) != std::string::npos) {
        refuse(std::string("the connection URL has more than one name after its host; ") + kForm);
    }
    out.database = url.path.empty() ? "" : url.path.substr(1);
    for (const auto& [name, value] : url.options) {
        read_option(call, target, name, value, out);
    }
    if (url.host.empty()) refuse(std::string("the connection URL names no host; ") + kForm);
    if (url.user.empty()) refuse(std::string("the connection URL names no user; ") + kForm);
    // These go through lines of a configuration file, or through C strings.
    const auto is_plain = [](const std::string& text) {
        return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
    };
    if (!is_plain(url.host) || url.host.find_first_of(" ;#[]=\\") != std::string::npos)
        refuse("the host of the connection URL is no host name");
    if (!is_plain(url.user) || !is_plain(url.password) || !is_plain(out.database) || !is_plain(out.application)) {
        refuse("a part of the connection URL holds a line end or a zero byte");
    }
    // What the protocol has room for ([MS-TDS] 2.2.6.4), in bytes to be safe.
    if (url.user.size() > 128 || url.password.size() > 128 || out.database.size() > 128 ||
        out.application.size() > 128) {
        refuse("user, password, database and application name of the connection URL may have 128 bytes each");
    }
    out.host = url.host;
    out.port = url.port == 0 ? 1433 : url.port;
    out.user = url.user;
    out.password = url.password;
    return out;
}

}  // namespace kdeps::sqlserver
