// SPDX-License-Identifier: Apache-2.0
#include "sqlite_options.hpp"

#include <array>
#include <charconv>

namespace kdeps::sqlite {
namespace {

constexpr std::string_view kSwitch = "on off true false yes no 1 0";
constexpr std::string_view kNumber;  // no list

struct Option {
    std::string_view name;
    std::string_view values;  // separated by spaces
    std::int64_t least = 0;   // of a number
    std::int64_t most = INT32_MAX;
};

// Options of SQLite's own URIs, and of this driver.
constexpr std::array kOpening{
    Option{"mode", "ro rw rwc memory"},
    Option{"cache", "private shared"},
    Option{"immutable", kSwitch},
    Option{"busy_timeout", kNumber},
};

// PRAGMAs, in the order in which they take effect: page_size and auto_vacuum only before the first table, page_size not
// in WAL mode.
constexpr std::array kPragmas{
    Option{"page_size", "512 1024 2048 4096 8192 16384 32768 65536"},
    Option{"auto_vacuum", "none full incremental"},
    Option{"locking_mode", "normal exclusive"},
    Option{"journal_mode", "delete truncate persist memory wal off"},
    Option{"synchronous", "off normal full extra"},
    Option{"foreign_keys", kSwitch},
    Option{"recursive_triggers", kSwitch},
    Option{"case_sensitive_like", kSwitch},
    Option{"secure_delete", "on off fast"},
    Option{"temp_store", "default file memory"},
    Option{"cache_size", kNumber, -INT32_MAX},
    Option{"mmap_size", kNumber, 0, INT64_MAX},
    Option{"wal_autocheckpoint", kNumber},
    Option{"journal_size_limit", kNumber, -1, INT64_MAX},
};

template <typename Options>
const Option* find(const Options& options, std::string_view name) {
    const auto found =
        std::find_if(options.begin(), options.end(), [&](const Option& option) { return option.name == name; });
    return found == options.end() ? nullptr : &*found;
}

std::vector<std::string> accepted_names() {
    std::vector<std::string> names;
    for (const Option& option : kOpening) names.emplace_back(option.name);
    for (const Option& option : kPragmas) names.emplace_back(option.name);
    std::sort(names.begin(), names.end());
    return names;
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

std::string join(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) {
        out += (out.empty() ? "" : ", ") + text;
    }
    return out;
}

// Throws Error (INVALID_ARGUMENT).
[[noreturn]] void refuse(std::string text) { throw Error(KDEPS_INVALID_ARGUMENT, std::move(text)); }

std::int64_t check_value(const Call& call, const Option& option, const std::string& value) {
    const std::string what = "option '" + std::string(option.name) + "' of the connection URL ";
    if (!option.values.empty()) {
        const std::vector<std::string> accepted = words(option.values);
        if (std::find(accepted.begin(), accepted.end(), value) == accepted.end()) {
            refuse(what + "cannot be '" + value + "'" + call.did_you_mean(value, accepted) +
                   "; accepted: " + join(accepted));
        }
        return 0;
    }
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failed != std::errc() || end != value.data() + value.size() || number < option.least || number > option.most) {
        refuse(what + "must be a whole number between " + std::to_string(option.least) + " and " +
               std::to_string(option.most) + ", not '" + value + "'");
    }
    return number;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

bool is_on(const std::string& value) { return value == "on" || value == "true" || value == "yes" || value == "1"; }

void read_path(std::string_view text, std::string_view folder, Options& out) {
    const std::string path = percent_decode(text);
    if (path == ":memory:" || path == "/:memory:") {
        out.is_memory = true;
        return;
    }
    if (path.empty()) {
        refuse(
            "the connection URL names no file; write sqlite://./file.db (beside the workflow), "
            "sqlite:///folder/file.db or "
            "sqlite://:memory:");
    }
    if (path.find('\0') != std::string::npos) refuse("the path of the connection URL holds a zero byte (%00)");
    if (path.ends_with('/')) refuse("the path of the connection URL names a folder; add the name of the file");
    out.path = path;
    out.file = std::filesystem::absolute(std::filesystem::path(folder) / path).lexically_normal();
}

// A query of a URL is cut before it is decoded, so that a value may hold '&'.
std::vector<std::pair<std::string, std::string>> split_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> out;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (!pair.empty()) {
            out.emplace_back(percent_decode(pair.substr(0, equals)),
                             percent_decode(pair.substr(std::min(equals + 1, pair.size()))));
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return out;
}

void apply(const std::string& name, const std::string& value, std::int64_t number, Options& out) {
    if (name == "mode") {
        out.is_memory = out.is_memory || value == "memory";
        out.mode = value == "ro" ? Mode::read_only : value == "rw" ? Mode::read_write : Mode::create;
    } else if (name == "cache") {
        out.has_shared_cache = value == "shared";
    } else if (name == "immutable") {
        out.is_immutable = is_on(value);
    } else {
        out.busy_timeout = std::chrono::milliseconds(number);
    }
}

// What an option asks for must be what happens.
void check_together(const Options& options) {
    const std::string* journal = options.pragma("journal_mode");
    const bool cannot_write = options.mode == Mode::read_only || options.is_immutable;
    if (options.is_memory && cannot_write)
        refuse("a database in memory begins empty, so it cannot be read-only; remove mode=ro or immutable");
    if (options.is_memory && journal != nullptr && *journal != "memory" && *journal != "off") {
        refuse("option 'journal_mode' of the connection URL cannot be '" + *journal +
               "' for a database in memory; remove it");
    }
    if (cannot_write && journal != nullptr) {
        refuse(
            "option 'journal_mode' of the connection URL has no effect on a database that is opened read-only; remove "
            "it");
    }
}

}  // namespace

const std::string* Options::pragma(std::string_view name) const {
    const auto found =
        std::find_if(pragmas.begin(), pragmas.end(), [&](const auto& entry) { return entry.first == name; });
    return found == pragmas.end() ? nullptr : &found->second;
}

Options read_options(const Call& call, const Target& target) {
    const std::size_t colon = target.url.find("://");
    if (colon == std::string_view::npos) {
        refuse("the connection URL must look like sqlite://./file.db, sqlite:///folder/file.db or sqlite://:memory:");
    }
    // A path may hold ':' and '@', so it is not cut further.
    const std::string_view rest = target.url.substr(colon + 3);
    const std::size_t question = std::min(rest.find('?'), rest.size());
    Options out;
    read_path(rest.substr(0, question), target.folder, out);

    const std::vector<std::string> accepted = accepted_names();
    std::vector<std::string> seen;
    for (const auto& [name, written] : split_query(rest.substr(std::min(question + 1, rest.size())))) {
        const Option* opening = find(kOpening, name);
        const Option* option = opening != nullptr ? opening : find(kPragmas, name);
        if (option == nullptr) {
            refuse("unknown option '" + name + "' in the connection URL" + call.did_you_mean(name, accepted) +
                   "; accepted: " + join(accepted));
        }
        if (std::find(seen.begin(), seen.end(), name) != seen.end())
            refuse("the connection URL gives '" + name + "' twice");
        seen.push_back(name);
        const std::string value = lower(written);
        const std::int64_t number = check_value(call, *option, value);
        if (opening != nullptr) {
            apply(name, value, number, out);
        } else {
            out.pragmas.emplace_back(name, value);
        }
    }
    const auto place = [](const auto& entry) { return find(kPragmas, entry.first); };
    std::sort(out.pragmas.begin(), out.pragmas.end(),
              [&](const auto& a, const auto& b) { return place(a) < place(b); });
    check_together(out);
    return out;
}

}  // namespace kdeps::sqlite
