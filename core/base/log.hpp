// SPDX-License-Identifier: Apache-2.0
// The log: lines to stderr as text or JSON.  Every line passes through redact(), so no secret of a URL gets out.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

namespace kdeps::log {

enum class Level { debug, info, warning, error, off };
enum class Format { text, json };

// Called once, before other threads start.
void configure(Level threshold, Format format);

using Field = std::pair<std::string_view, std::string_view>;

// Any thread.  Fields are shown after the message (text) or as members (JSON).
void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});
bool is_enabled(Level level);

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::info, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::warning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::error, message, fields);
}

}  // namespace kdeps::log
