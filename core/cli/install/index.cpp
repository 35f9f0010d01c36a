// SPDX-License-Identifier: Apache-2.0
#include "core/cli/install/index.hpp"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/base/base.hpp"
#include "core/cli/install/download.hpp"

namespace kdeps::install {

namespace {

constexpr std::size_t kLargestIndex = 16U << 20U;

std::string text_of(const std::string& index) {
    if (is_url(index)) return download(index, kLargestIndex);
    std::ifstream stream(index, std::ios::binary);
    if (!stream) throw Error(Status::not_found, "the index '" + index + "' cannot be read");
    return {std::istreambuf_iterator<char>(stream), {}};
}

// The next part of a version, a number if it is one; the dots are taken off.
std::string next_part(std::string& version) {
    const std::size_t dot = std::min(version.find('.'), version.size());
    std::string part = version.substr(0, dot);
    version.erase(0, std::min(dot + 1, version.size()));
    return part;
}

// 1.2.0 < 1.10.0; 1.0.0-rc1 < 1.0.0.
bool is_older(std::string a, std::string b) {
    while (!a.empty() || !b.empty()) {
        const std::string left = next_part(a);
        const std::string right = next_part(b);
        const std::size_t left_digits = std::min(left.find_first_not_of("0123456789"), left.size());
        const std::size_t right_digits = std::min(right.find_first_not_of("0123456789"), right.size());
        if (left_digits != right_digits) return left_digits < right_digits;
        if (const int order = left.compare(0, left_digits, right, 0, right_digits); order != 0) return order < 0;
        const std::string left_rest = left.substr(left_digits);
        const std::string right_rest = right.substr(right_digits);
        if (left_rest.empty() != right_rest.empty()) return !left_rest.empty();
        if (left_rest != right_rest) return left_rest < right_rest;
    }
    return false;
}

}  // namespace

Release find_release(const std::string& index, const std::string& asked) {
    const std::size_t at = asked.find('@');
    const std::string name = asked.substr(0, at);
    const std::string version = at == std::string::npos ? "" : asked.substr(at + 1);
    std::optional<Release> best;
    std::vector<std::string> names;
    std::string versions;
    try {
        const nlohmann::json json = nlohmann::json::parse(text_of(index));
        for (const auto& entry : json.at("plugins")) {
            const Release release{entry.at("id").get<std::string>(), entry.at("version").get<std::string>(),
                                  resolve(index, entry.at("url").get<std::string>()),
                                  entry.at("sha256").get<std::string>()};
            const std::string short_name = entry.value("name", "");
            names.push_back(release.id);
            if (!short_name.empty()) names.push_back(short_name);
            if (release.id != name && short_name != name) continue;
            versions += (versions.empty() ? "" : ", ") + release.version;
            if (!version.empty() && release.version != version) continue;
            // Two plugins with one short name: neither is meant.
            if (best && best->id != release.id)
                throw Error(Status::conflict, "'" + name + "' is the name of '" + best->id + "' and '" + release.id +
                                                  "' in the index '" + redact(index) + "'; install it by its id");
            if (!best || is_older(best->version, release.version)) best = release;
        }
    } catch (const nlohmann::json::exception& error) {
        throw Error(Status::bad_data, "the index '" + redact(index) + "' is not a valid index: " + error.what());
    }
    if (best) return *best;
    if (!versions.empty()) {
        throw Error(Status::not_found, "the index '" + redact(index) + "' has no version '" + version + "' of '" +
                                           name + "'. Available options: [" + versions + "]");
    }
    throw Error(Status::not_found,
                "the index '" + redact(index) + "' has no plugin '" + name + "'" + did_you_mean(name, names));
}

}  // namespace kdeps::install
