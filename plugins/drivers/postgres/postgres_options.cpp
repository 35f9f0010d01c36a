// SPDX-License-Identifier: Apache-2.0
#include "postgres_options.hpp"

#include <array>
#include <charconv>

#include "postgres_result.hpp"

namespace kdeps::postgres {
namespace {

// Options whose values libpq would refuse only while it connects.
struct Choice {
    std::string_view option;
    std::string_view values;  // separated by spaces
};
constexpr std::array kChoices{
    Choice{"sslmode", "disable allow prefer require verify-ca verify-full"},
    Choice{"gssencmode", "disable prefer require"},
    Choice{"channel_binding", "disable prefer require"},
    Choice{"target_session_attrs", "any read-write read-only primary standby prefer-standby"},
    Choice{"ssl_min_protocol_version", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"},
    Choice{"ssl_max_protocol_version", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"},
    Choice{"sslsni", "0 1"},
    Choice{"sslcompression", "0 1"},
    Choice{"keepalives", "0 1"},
};
constexpr std::array<std::string_view, 5> kNumbers{"connect_timeout", "keepalives_idle", "keepalives_interval",
                                                   "keepalives_count", "tcp_user_timeout"};

// What would break what this driver relies on: text is UTF-8, and the session runs SQL.
constexpr std::array<std::string_view, 2> kRefused{"client_encoding", "replication"};

std::vector<std::string> accepted_names() {
    const std::unique_ptr<PQconninfoOption, FreeOptions> defaults(PQconndefaults());
    if (defaults == nullptr) {
        throw std::bad_alloc();
    }
    std::vector<std::string> names;
    for (const PQconninfoOption* option = defaults.get(); option->keyword != nullptr; ++option) {
        if (std::find(kRefused.begin(), kRefused.end(), option->keyword) == kRefused.end()) {
            names.emplace_back(option->keyword);
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

template <typename Texts>
std::string join(const Texts& texts) {
    std::string out;
    for (const auto& text : texts) {
        out += (out.empty() ? "" : ", ") + std::string(text);
    }
    return out;
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

int parse_number(std::string_view name, std::string_view value) {
    int number = -1;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failed != std::errc() || end != value.data() + value.size() || number < 0) {
        throw Error(KDEPS_INVALID_ARGUMENT, "option '" + std::string(name) +
                                                "' of the connection URL must be a whole number of at least 0, not '" +
                                                std::string(value) + "'");
    }
    return number;
}

void check_value(const Call& call, const std::string& name, const std::string& value) {
    for (const Choice& choice : kChoices) {
        if (choice.option != name) continue;
        const std::vector<std::string> values = words(choice.values);
        if (std::find(values.begin(), values.end(), value) == values.end()) {
            throw Error(KDEPS_INVALID_ARGUMENT, "option '" + name + "' of the connection URL cannot be '" + value +
                                                    "'" + call.did_you_mean(value, values) +
                                                    "; accepted: " + join(values));
        }
    }
    if (std::find(kNumbers.begin(), kNumbers.end(), name) != kNumbers.end()) {
        parse_number(name, value);
    }
}

}  // namespace

namespace {

// host1:port1,host2:port2, which only this database knows, as libpq's lists; empty lists if there is one host.
struct Hosts {
    std::string url;  // with one host in the place of all
    std::string hosts;
    std::string ports;
};

Hosts take_hosts(std::string_view url) {
    Hosts out{std::string(url), {}, {}};
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return out;
    std::size_t start = scheme + 3;
    const std::size_t end = std::min(url.find_first_of("/?", start), url.size());
    if (const std::size_t at = url.substr(start, end - start).rfind('@'); at != std::string_view::npos) start += at + 1;
    std::string_view list = url.substr(start, end - start);
    if (list.find(',') == std::string_view::npos) return out;
    out.url = std::string(url.substr(0, start)) + "hosts" + std::string(url.substr(end));
    bool has_port = false;
    for (bool is_first = true;; is_first = false) {
        const std::size_t comma = std::min(list.find(','), list.size());
        const Url one = parse_url("postgres://" + std::string(list.substr(0, comma)));
        out.hosts += (is_first ? "" : ",") + one.host;
        out.ports += (is_first ? "" : ",") + (one.port == 0 ? std::string() : std::to_string(one.port));
        has_port = has_port || one.port != 0;
        if (comma == list.size()) break;
        list.remove_prefix(comma + 1);
    }
    if (!has_port) out.ports.clear();
    return out;
}

}  // namespace

std::string Options::address() const {
    std::string out;
    for (const auto& [name, value] : parameters) {
        if (name == "host" || name == "hostaddr" || name == "port" || name == "dbname" || name == "user" ||
            name == "service")
            out += name + "=" + value + "\n";
    }
    return out;
}

Options read_options(const Call& call, const Target& target) {
    const Hosts hosts = take_hosts(target.url);
    const Url url = parse_url(hosts.url);
    const std::vector<std::string> accepted = accepted_names();
    Options out;
    out.is_one_shot = (target.flags & KDEPS_TARGET_ONE_SHOT) != 0;
    const auto has = [&](std::string_view name) {
        return std::any_of(out.parameters.begin(), out.parameters.end(),
                           [&](const auto& parameter) { return parameter.first == name; });
    };
    const auto add = [&](const std::string& name, const std::string& value) {
        if (has(name)) {
            throw Error(KDEPS_INVALID_ARGUMENT, "the connection URL gives '" + name + "' twice");
        }
        if (value.find('\0') != std::string::npos) {
            throw Error(KDEPS_INVALID_ARGUMENT, "'" + name + "' of the connection URL holds a zero byte (%00)");
        }
        out.parameters.emplace_back(name, value);
    };

    if (!url.user.empty()) add("user", url.user);
    if (!url.password.empty()) add("password", url.password);
    if (!hosts.hosts.empty()) {
        add("host", hosts.hosts);
        if (!hosts.ports.empty()) add("port", hosts.ports);
    } else if (!url.host.empty()) {
        add("host", url.host);
    }
    if (url.port != 0) add("port", std::to_string(url.port));
    if (url.path.size() > 1) add("dbname", url.path.substr(1));
    for (const auto& [name, value] : url.options) {
        if (std::find(kRefused.begin(), kRefused.end(), name) != kRefused.end()) {
            throw Error(KDEPS_INVALID_ARGUMENT, "option '" + name + "' cannot stand in the connection URL: " +
                                                    "text is always UTF-8 and the session runs SQL; remove it");
        }
        if (std::find(accepted.begin(), accepted.end(), name) == accepted.end()) {
            throw Error(KDEPS_INVALID_ARGUMENT, "unknown option '" + name + "' in the connection URL" +
                                                    call.did_you_mean(name, accepted) +
                                                    "; accepted: " + join(accepted));
        }
        check_value(call, name, value);
        add(name, value);
        if (name == "connect_timeout") {
            // 0 waits for ever and 1 counts as 2, as libpq documents it.
            const int seconds = parse_number(name, value);
            if (seconds > 0) out.connect_timeout = std::chrono::seconds(std::max(seconds, 2));
        }
    }
    if (!has("dbname") && !has("service")) {
        throw Error(KDEPS_INVALID_ARGUMENT,
                    "the connection URL names no database; write postgres://user:password@host:5432/database");
    }
    if (!has("application_name")) out.parameters.emplace_back("fallback_application_name", "kdeps");
    out.parameters.emplace_back("client_encoding", "UTF8");
    return out;
}

}  // namespace kdeps::postgres
