// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
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
    bool is_word = false;  // its values are words of any case
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
    Option{"charset",
           [](Settings& out, const Target&, const std::string& name, const std::string& value) {
               if (value != "varchar" && value != "nvarchar")
                   refuse("option '" + name + "' of the connection URL must be nvarchar or varchar, not '" + value +
                          "'");
               out.sends_varchar = value == "varchar";
           },
           true},
    Option{"encrypt",
           [](Settings& out, const Target&, const std::string& name, const std::string& value) {
               if (value == "off" || value == "false" || value == "no" || value == "request" || value == "optional") {
                   out.encrypts = false;
                   out.forgoes_encryption = value != "request";
               } else if (value == "on" || value == "true" || value == "yes" || value == "mandatory" ||
                          value == "require") {
                   out.encrypts = true;
               } else if (value == "strict") {
                   throw Error(KDEPS_UNSUPPORTED,
                               "option 'encrypt' of the connection URL is 'strict', which is TDS 8.0; the FreeTDS "
                               "client library here (" +
                                   std::string(dbversion()) + ") speaks TDS 7.4: use on, with ca_file");
               } else {
                   refuse("option '" + name + "' of the connection URL must be off, request, on or strict, not '" +
                          value + "'");
               }
           },
           true},
    Option{"hostname_in_certificate_check",
           [](Settings& out, const Target&, const std::string& name, const std::string& value) {
               out.checks_hostname = read_flag(name, value);
           },
           true},
    Option{"lock_timeout",
           [](Settings& out, const Target&, const std::string& name, const std::string& value) {
               out.lock_timeout = read_number(name, value, 86'400'000, "milliseconds");
           }},
    Option{"trust_server_certificate",
           [](Settings& out, const Target&, const std::string& name, const std::string& value) {
               out.trusts_certificate = read_flag(name, value);
           },
           true},
};

// The names of ADO.NET's connection strings, with or without their spaces and in any case.
struct Alias {
    const char* name;
    const char* option;
};

constexpr std::array kAliases = {
    Alias{"applicationname", "application_name"},
    Alias{"app", "application_name"},
    Alias{"connecttimeout", "connect_timeout"},
    Alias{"connectiontimeout", "connect_timeout"},
    Alias{"timeout", "connect_timeout"},
    Alias{"initialcatalog", "database"},
    Alias{"servercertificate", "ca_file"},
    Alias{"trustservercertificate", "trust_server_certificate"},
    Alias{"cafile", "ca_file"},
    Alias{"locktimeout", "lock_timeout"},
};

std::string option_of(const std::string& given) {
    std::string plain;
    for (const char c : given) {
        if (c != ' ' && c != '_' && c != '-') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    for (const Alias& alias : kAliases) {
        if (plain == alias.name) return alias.option;
    }
    for (const Option& option : kOptions) {
        if (plain == option.name) return option.name;
    }
    return given;
}

void read_option(const Call& call, const Target& target, const std::string& given, const std::string& value,
                 Settings& out) {
    const std::string name = option_of(given);
    std::string lower;
    for (const char c : value) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const Option& option : kOptions) {
        if (option.name == name) {
            // ADO.NET writes True and Mandatory.
            option.read(out, target, given, option.is_word ? lower : value);
            return;
        }
    }
    std::vector<std::string> names;
    std::string list;
    for (const Option& option : kOptions) {
        names.emplace_back(option.name);
        list += (list.empty() ? "" : ", ") + names.back();
    }
    refuse("unknown option '" + given + "' in the connection URL" + call.did_you_mean(given, names) +
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
    if (!out.ca_file.empty() && (out.forgoes_encryption || out.trusts_certificate)) {
        refuse(std::string(
                   "option 'ca_file' of the connection URL asks for a server whose certificate is checked, which '") +
               (out.forgoes_encryption ? "encrypt=off" : "trust_server_certificate=true") +
               "' gives up; leave one out");
    }
    if (!out.trusts_certificate.value_or(true) && out.ca_file.empty()) out.ca_file = "system";
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
