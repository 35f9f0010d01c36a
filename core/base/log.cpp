// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/text.hpp"

namespace kdeps::log {

namespace {

spdlog::level::level_enum spdlog_level(Level level) {
    switch (level) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warning: return spdlog::level::warn;
        case Level::error: return spdlog::level::err;
        case Level::off: break;
    }
    return spdlog::level::off;
}

struct Log {
    std::shared_ptr<spdlog::logger> logger =
        std::make_shared<spdlog::logger>("kdeps", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    Format format = Format::text;

    Log() { set_text_pattern(); }

    void set_text_pattern() { logger->set_pattern("%H:%M:%S.%e %^%-5l%$ %v"); }
};

// The one piece of process-wide state: stderr is process-wide too.
Log& instance() {
    static Log log;
    return log;
}

bool is_plain_word(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](unsigned char c) { return c <= 32 || c == 127 || c == '"' || c == '='; });
}

// Each line on a line of its own; control characters are shown as '?'.
std::string indented(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        out += "\n    ";
        for (const char c : text.substr(0, end))
            out += (static_cast<unsigned char>(c) < 32 && c != '\t') || c == 127 ? '?' : c;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

// On one line: what a client or a server sent into a message must not look like an entry of its own.
std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
        } else if ((static_cast<unsigned char>(c) < 32 && c != '\t') || c == 127) {
            out += '?';
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace

void configure(Level threshold, Format format) {
    Log& log = instance();
    log.format = format;
    log.logger->set_level(spdlog_level(threshold));
    if (format == Format::json) {
        log.logger->set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",\"level\":\"%l\",%v}");
    } else {
        log.set_text_pattern();
    }
}

bool is_enabled(Level level) { return instance().logger->should_log(spdlog_level(level)); }

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
    if (!is_enabled(level)) {
        return;
    }
    Log& log = instance();
    const auto quoted = [](std::string_view text) {
        return nlohmann::json(redact(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    };
    std::string line;
    if (log.format == Format::json) {
        line = "\"message\":" + quoted(message);
        for (const auto& [name, value] : fields) {
            if (value.empty()) continue;
            line += "," + quoted(name) + ":" + quoted(value);
        }
    } else {
        line = one_line(redact(message));
        std::string below;
        for (const auto& [name, value] : fields) {
            if (value.empty()) continue;
            // Several lines, such as source with a caret, stand below; indented, so that none looks like an entry.
            if (value.find('\n') != std::string_view::npos) {
                below += indented(redact(value));
                continue;
            }
            line += "  ";
            line += name;
            line += '=';
            line += is_plain_word(value) ? redact(value) : quoted(value);
        }
        line += below;
    }
    log.logger->log(spdlog_level(level), line);
}

}  // namespace kdeps::log
