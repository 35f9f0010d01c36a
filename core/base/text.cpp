// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <vector>

namespace kdeps {

namespace {

struct Unit {
    std::string_view name;
    double nanoseconds;
};
constexpr std::array<Unit, 7> kUnits = {
    {{"ms", 1e6}, {"us", 1e3}, {"µs", 1e3}, {"ns", 1.0}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};

// Optimal string alignment distance: insert, delete, replace, or swap two neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        previous[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                current[j] = std::min(current[j], before[j - 2] + 1);
            }
        }
        before.swap(previous);
        previous.swap(current);
    }
    return previous[b.size()];
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return out;
}

template <typename Text>
std::optional<std::string_view> nearest_of(std::string_view name, std::span<const Text> candidates) {
    constexpr std::size_t kLongest = 64;  // a longer name is not a typing error of anything
    if (name.empty() || name.size() > kLongest) {
        return std::nullopt;
    }
    std::optional<std::string_view> best;
    std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
    const std::string wanted = lower(name);
    for (const auto& candidate : candidates) {
        if (candidate.size() > kLongest) {
            continue;
        }
        const std::size_t distance = edit_distance(wanted, lower(candidate));
        // Nothing in common is no typing error, however short the names are.
        if (distance < best_distance && distance < std::max(wanted.size(), candidate.size())) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

bool is_scheme_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.'; }

bool ends_url(char c) {
    return std::isspace(static_cast<unsigned char>(c)) || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`';
}

// Appends one URL with its password and its secret options masked.
void append_redacted_url(std::string_view url, std::size_t authority, std::string& out) {
    std::size_t authority_end = url.find_first_of("/?#", authority);
    if (authority_end == std::string_view::npos) {
        authority_end = url.size();
    }
    // A password may hold '/', '?', '#' or '@' that the user forgot to encode, so the last '@' of the whole text
    // counts, unless what follows the colon is a port.
    std::size_t at = url.rfind('@');
    if (at != std::string_view::npos && at > authority_end) {
        const std::size_t colon = std::min(url.find(':', authority), authority_end);
        const std::string_view port = url.substr(colon, authority_end - colon).substr(colon < authority_end ? 1 : 0);
        if (std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c); })) {
            at = url.substr(0, authority_end).rfind('@');
        }
    }
    std::size_t rest = 0;
    if (at != std::string_view::npos && at >= authority) {
        const std::size_t colon = url.find(':', authority);
        if (colon != std::string_view::npos && colon < at) {
            out += url.substr(0, colon + 1);
            out += "***";
            rest = at;
        }
    }
    const std::string_view tail = url.substr(rest);
    std::size_t copied = 0;
    const std::string low = lower(tail);
    for (std::string_view key : {"password=", "pwd=", "passwd=", "sslpassword=", "token=", "secret="}) {
        std::size_t found = low.find(key);
        while (found != std::string::npos) {
            if (found >= copied && found > 0 &&
                (low[found - 1] == '?' || low[found - 1] == '&' || low[found - 1] == ';')) {
                std::size_t end = tail.find_first_of("&;#", found);
                end = end == std::string_view::npos ? tail.size() : end;
                out += tail.substr(copied, found + key.size() - copied);
                out += "***";
                copied = end;
            }
            found = low.find(key, found + 1);
        }
    }
    out += tail.substr(copied);
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    if (text == "0") {
        return std::chrono::nanoseconds(0);
    }
    double total = 0;
    if (text.empty()) {
        return std::nullopt;
    }
    while (!text.empty()) {
        double amount = 0;
        if (!std::isdigit(static_cast<unsigned char>(text.front()))) {
            return std::nullopt;
        }
        const auto [end, failed] =
            std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
        if (failed != std::errc()) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto unit =
            std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return text.starts_with(u.name); });
        if (unit == kUnits.end()) {
            return std::nullopt;
        }
        text.remove_prefix(unit->name.size());
        total += amount * unit->nanoseconds;
    }
    if (total > 9.2e18) {
        return std::nullopt;
    }
    return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::string duration_text(std::chrono::nanoseconds span) {
    const double seconds = std::chrono::duration<double>(span).count();
    std::array<char, 64> buffer{};
    const bool is_short = seconds < 1.0;
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), is_short ? std::round(seconds * 1000) : seconds,
                      std::chars_format::fixed, is_short ? 0 : 1);
    return std::string(buffer.data(), end.ptr) + (is_short ? " ms" : " s");
}

std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> candidates) {
    return nearest_of(name, candidates);
}

std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string> candidates) {
    return nearest_of(name, candidates);
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
    const auto found = nearest(name, candidates);
    return found ? " (did you mean '" + std::string(*found) + "'?)" : std::string();
}

std::string redact(std::string_view text) {
    std::string out;
    std::size_t copied = 0;
    // "//", not "://": a URL whose colon was forgotten holds its password all the same.
    std::size_t found = text.find("//");
    while (found != std::string_view::npos) {
        std::size_t start = found > copied && text[found - 1] == ':' ? found - 1 : found;
        while (start > copied && is_scheme_char(text[start - 1])) {
            --start;
        }
        std::size_t end = found + 2;
        while (end < text.size() && !ends_url(text[end])) {
            ++end;
        }
        out += text.substr(copied, start - copied);
        append_redacted_url(text.substr(start, end - start), found + 2 - start, out);
        copied = end;
        found = text.find("//", end);
    }
    out += text.substr(copied);
    return out;
}

std::optional<bool> parse_bool(std::string_view text) {
    const std::string low = lower(text);
    if (low == "true" || low == "yes" || low == "on" || low == "1") {
        return true;
    }
    if (low == "false" || low == "no" || low == "off" || low == "0") {
        return false;
    }
    return std::nullopt;
}

std::string timestamp(std::chrono::sys_time<std::chrono::milliseconds> moment) {
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(moment - day);
    std::string out = "0000-00-00T00:00:00.000";
    // Ends at a place.
    const auto write = [&out](std::size_t end, std::int64_t number) {
        for (; number > 0; number /= 10) out[--end] = static_cast<char>('0' + number % 10);
    };
    write(4, static_cast<int>(date.year()));
    write(7, static_cast<unsigned>(date.month()));
    write(10, static_cast<unsigned>(date.day()));
    write(13, time.hours().count());
    write(16, time.minutes().count());
    write(19, time.seconds().count());
    write(23, time.subseconds().count());
    return out;
}

bool is_valid_utf8(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const int length = lead >= 0xC2 && lead <= 0xDF   ? 2
                           : (lead & 0xF0) == 0xE0        ? 3
                           : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                          : 0;
        if (length == 0 || i + static_cast<std::size_t>(length) > text.size()) {
            return false;
        }
        for (int k = 1; k < length; ++k) {
            if ((static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]) & 0xC0) != 0x80) {
                return false;
            }
        }
        const auto second = static_cast<unsigned char>(text[i + 1]);
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
            (lead == 0xF4 && second > 0x8F)) {
            return false;
        }
        i += static_cast<std::size_t>(length);
    }
    return true;
}

}  // namespace kdeps
