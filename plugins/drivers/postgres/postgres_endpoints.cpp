// SPDX-License-Identifier: Apache-2.0
// Source of the rules: PostgreSQL 15, "34.1.1.3. Specifying Multiple Hosts", and libpq's order of attempts.
#include "postgres_endpoints.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string_view>

namespace kdeps::postgres {
namespace {

std::string value_of(const Keywords& keywords, std::string_view name) {
    const auto found =
        std::find_if(keywords.begin(), keywords.end(), [&](const auto& keyword) { return keyword.first == name; });
    return found == keywords.end() ? std::string() : found->second;
}

void set(Keywords& keywords, const std::string& name, const std::string& value) {
    std::erase_if(keywords, [&](const auto& keyword) { return keyword.first == name; });
    if (!value.empty()) keywords.emplace_back(name, value);
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> out;
    while (true) {
        const std::size_t end = std::min(list.find(','), list.size());
        out.emplace_back(list.substr(0, end));
        if (end == list.size()) return out;
        list.remove_prefix(end + 1);
    }
}

// The addresses of a name; none if there is nothing to choose.
std::vector<std::string> addresses_of(const std::string& host) {
    std::vector<std::string> out;
    if (host.empty() || host[0] == '/' || host[0] == '@') return out;  // a socket
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &wanted, &raw) != 0) return out;  // libpq says what is wrong with it
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> found(raw, freeaddrinfo);
    for (const addrinfo* one = found.get(); one != nullptr; one = one->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), static_cast<socklen_t>(text.size()), nullptr, 0,
                        NI_NUMERICHOST) == 0 &&
            std::find(out.begin(), out.end(), text.data()) == out.end())
            out.emplace_back(text.data());
    }
    if (out.size() == 1) out.clear();
    return out;
}

}  // namespace

std::vector<Keywords> endpoints_of(const Keywords& keywords) {
    const std::string host = value_of(keywords, "host");
    const std::string address = value_of(keywords, "hostaddr");
    if (host.empty() && address.empty()) return {keywords};
    const std::vector<std::string> hosts = split(host);
    const std::vector<std::string> addresses = split(address);
    const std::vector<std::string> ports = split(value_of(keywords, "port"));
    const std::size_t count = std::max(hosts.size(), addresses.size());
    // libpq refuses lists that do not match, and says so.
    if ((!host.empty() && hosts.size() != count) || (!address.empty() && addresses.size() != count) ||
        (ports.size() != 1 && ports.size() != count))
        return {keywords};
    std::vector<Keywords> out;
    for (std::size_t i = 0; i < count; ++i) {
        Keywords one = keywords;
        set(one, "host", host.empty() ? "" : hosts[i]);
        set(one, "hostaddr", address.empty() ? "" : addresses[i]);
        set(one, "port", ports.size() == 1 ? ports[0] : ports[i]);
        const std::vector<std::string> found = address.empty() ? addresses_of(hosts[i]) : std::vector<std::string>();
        for (const std::string& of_name : found) {
            set(one, "hostaddr", of_name);
            out.push_back(one);
        }
        if (found.empty()) out.push_back(std::move(one));
    }
    if (value_of(keywords, "load_balance_hosts") == "random") {
        std::minstd_rand random(std::random_device{}());
        std::shuffle(out.begin(), out.end(), random);
    }
    if (out.size() > 1 && value_of(keywords, "target_session_attrs") == "prefer-standby") {
        std::vector<Keywords> any = out;
        for (Keywords& one : out) set(one, "target_session_attrs", "standby");
        for (Keywords& one : any) set(one, "target_session_attrs", "any");
        out.insert(out.end(), any.begin(), any.end());
    }
    return out;
}

}  // namespace kdeps::postgres
