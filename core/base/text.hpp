// SPDX-License-Identifier: Apache-2.0
// Small text functions: durations, 'did you mean', redaction of secrets.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kdeps {

// "500ms", "30s", "1m30s", "1h", "1.5s"; nothing else (rules §1).
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

// "4.9 s", "350 ms": for messages.
std::string duration_text(std::chrono::nanoseconds span);

// "2024-01-31T23:59:59.123": RFC 3339 without its zone, of a year from 0 to 9999.
std::string timestamp(std::chrono::sys_time<std::chrono::milliseconds> moment);

// The candidate that is near enough to be a typing error of `name` (edit distance at most a third of its length, swaps
// count one).
std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> candidates);
std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string> candidates);

// " (did you mean 'x'?)", or nothing.
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

// Masks the password of every URL in a text: postgres://user:***@host/db, and of ?password=... options.
std::string redact(std::string_view text);

// True for 1, true, yes, on; false for 0, false, no, off (any case); nothing for other text.
std::optional<bool> parse_bool(std::string_view text);

bool is_valid_utf8(std::string_view text);

}  // namespace kdeps
