// SPDX-License-Identifier: Apache-2.0
#include "postgres_list.hpp"

#include <cmath>
#include <cstdint>
#include <kdeps/cpp/error.hpp>
#include <optional>

namespace kdeps::postgres {
namespace {

constexpr int kMostDepth = 64;

// Follows the text of a JSON value (RFC 8259); false when it is not one.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) { skip_space(); }

    bool is_at(char c) const { return rest_.starts_with(c); }
    bool is_at_end() const { return rest_.empty(); }

    bool eat(char c) {
        if (!is_at(c)) return false;
        rest_.remove_prefix(1);
        skip_space();
        return true;
    }

    // The raw text of the next value, without the space around it; empty if there is none.
    std::string_view value(int depth = 0) {
        const std::string_view start = rest_;
        if (depth > kMostDepth || !pass(depth)) return {};
        std::string_view raw = start.substr(0, start.size() - rest_.size());
        skip_space();
        return raw;
    }

private:
    void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

    bool pass(int depth) {
        if (is_at('"')) return pass_string();
        if (is_at('[')) return pass_container(']', depth);
        if (is_at('{')) return pass_container('}', depth);
        const std::size_t end = std::min(rest_.find_first_of(",]} \t\r\n"), rest_.size());
        const std::string_view word = rest_.substr(0, end);
        if (word != "null" && word != "true" && word != "false" && !columns::is_json_number(word)) return false;
        rest_.remove_prefix(end);
        return true;
    }

    bool pass_string() {
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] == '\\') {
                ++i;
            } else if (rest_[i] == '"') {
                rest_.remove_prefix(i + 1);
                return true;
            }
        }
        return false;
    }

    bool pass_container(char close, int depth) {
        rest_.remove_prefix(1);
        skip_space();
        const auto is_closed = [&] {
            if (!is_at(close)) return false;
            rest_.remove_prefix(1);
            return true;
        };
        if (is_closed()) return true;
        do {
            if (close == '}' && (!is_at('"') || value(depth + 1).empty() || !eat(':'))) return false;
            if (value(depth + 1).empty()) return false;
        } while (eat(','));
        return is_closed();
    }

    std::string_view rest_;
};

void append_utf8(std::uint32_t code, std::string& out) {
    const auto byte = [&](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | code >> 6);
        byte(0x80 | (code & 63));
    } else if (code < 0x10000) {
        byte(0xE0 | code >> 12);
        byte(0x80 | (code >> 6 & 63));
        byte(0x80 | (code & 63));
    } else {
        byte(0xF0 | code >> 18);
        byte(0x80 | (code >> 12 & 63));
        byte(0x80 | (code >> 6 & 63));
        byte(0x80 | (code & 63));
    }
}

std::optional<std::uint32_t> four_digits(std::string_view text) {
    if (text.size() < 4) return std::nullopt;
    std::uint32_t code = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + 4, code, 16);
    if (failed != std::errc() || end != text.data() + 4) return std::nullopt;
    return code;
}

// What a JSON string says; false if an escape is wrong.
bool unescape(std::string_view raw, std::string& out) {
    for (std::size_t i = 1; i + 1 < raw.size(); ++i) {
        if (raw[i] != '\\') {
            out += raw[i];
            continue;
        }
        constexpr std::string_view kNames = "\"\\/bfnrt";
        constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
        const char name = raw[++i];
        if (const std::size_t found = kNames.find(name); found != std::string_view::npos) {
            out += kMeanings[found];
            continue;
        }
        const auto code = name == 'u' ? four_digits(raw.substr(i + 1)) : std::nullopt;
        if (!code) return false;
        i += 4;
        if (*code >= 0xD800 && *code < 0xDC00 && raw.substr(i + 1, 2) == "\\u") {
            if (const auto low = four_digits(raw.substr(i + 3)); low && *low >= 0xDC00 && *low < 0xE000) {
                append_utf8(0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00), out);
                i += 6;
                continue;
            }
        }
        append_utf8(*code >= 0xD800 && *code < 0xE000 ? 0xFFFD : *code, out);
    }
    return true;
}

void append_quoted(std::string_view text, std::string& out) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

bool append_element(std::string_view raw, Kind element, std::string& out) {
    if (raw == "null") {
        out += "NULL";
    } else if (element == Kind::json || element == Kind::jsonb || raw[0] == '{') {
        append_quoted(raw, out);
    } else if (raw[0] == '[') {
        return append_array(raw, element, out);
    } else if (raw[0] == '"') {
        std::string text;
        if (!unescape(raw, text)) return false;
        append_quoted(text, out);
    } else {
        out += raw;  // a number, true or false
    }
    return true;
}

}  // namespace

bool is_json_container(std::string_view text) {
    Reader reader(text);
    return (reader.is_at('{') || reader.is_at('[')) && !reader.value().empty() && reader.is_at_end();
}

void append_double(double value, std::string& out) {
    if (std::isfinite(value)) {
        columns::append_float(value, out);
    } else {
        out += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    }
}

void append_json(const kdeps_cell& cell, std::string& out) {
    switch (cell.kind) {
        case KDEPS_BOOL: out += cell.as.i != 0 ? "true" : "false"; break;
        case KDEPS_INT: columns::append_integer(cell.as.i, out); break;
        case KDEPS_DOUBLE:
            if (std::isfinite(cell.as.d)) {
                columns::append_float(cell.as.d, out);
            } else {
                out += "null";
            }
            break;
        case KDEPS_DECIMAL: out += to_view(cell.as.s); break;
        case KDEPS_STRING: columns::append_json_string(to_view(cell.as.s), out); break;
        case KDEPS_BYTES:
            out += '"';
            columns::append_base64(to_view(cell.as.s), out);
            out += '"';
            break;
        case KDEPS_LIST:
            out += '[';
            for (std::size_t i = 0; i < cell.as.s.size; ++i) {
                if (i > 0) out += ',';
                append_json(KDEPS_CELLS(&cell)[i], out);
            }
            out += ']';
            break;
        default: out += "null"; break;
    }
}

namespace {

bool has_leaf(const kdeps_cell& cell) {
    if (cell.kind != KDEPS_LIST) return true;
    for (std::size_t i = 0; i < cell.as.s.size; ++i) {
        if (has_leaf(KDEPS_CELLS(&cell)[i])) return true;
    }
    return false;
}

bool append_cell(const kdeps_cell& cell, Kind element, std::string& out) {
    const bool is_number = element == Kind::int2 || element == Kind::int4 || element == Kind::int8 ||
                           element == Kind::numeric || element == Kind::float4 || element == Kind::float8;
    if (cell.kind != KDEPS_NULL && (element == Kind::json || element == Kind::jsonb)) {
        std::string json;
        append_json(cell, json);
        append_quoted(json, out);
        return true;
    }
    switch (cell.kind) {
        case KDEPS_NULL: out += "NULL"; return true;
        case KDEPS_BOOL:
            out += is_number ? (cell.as.i != 0 ? "1" : "0") : (cell.as.i != 0 ? "true" : "false");
            return true;
        case KDEPS_INT: columns::append_integer(cell.as.i, out); return true;
        case KDEPS_DOUBLE: append_double(cell.as.d, out); return true;
        case KDEPS_DECIMAL: out += to_view(cell.as.s); return true;
        case KDEPS_STRING: append_quoted(to_view(cell.as.s), out); return true;
        case KDEPS_BYTES:
            if (element == Kind::bytes) {
                constexpr std::string_view kHex = "0123456789abcdef";
                out += "\"\\\\x";
                for (const char c : to_view(cell.as.s)) {
                    out += kHex[static_cast<unsigned char>(c) >> 4];
                    out += kHex[static_cast<unsigned char>(c) & 15];
                }
                out += '"';
                return true;
            }
            if (element != Kind::text) return false;
            append_quoted(to_view(cell.as.s), out);
            return true;
        case KDEPS_LIST:
            out += '{';
            for (std::size_t i = 0; i < cell.as.s.size; ++i) {
                if (i > 0) out += ',';
                if (!append_cell(KDEPS_CELLS(&cell)[i], element, out)) return false;
            }
            out += '}';
            return true;
        default: return false;
    }
}

}  // namespace

bool append_array(const kdeps_cell& list, Kind element, std::string& out) {
    const bool is_whole = element == Kind::json || element == Kind::jsonb;
    if (!is_whole && !has_leaf(list)) {
        out += "{}";  // PostgreSQL has no dimensions without elements
        return true;
    }
    out += '{';
    for (std::size_t i = 0; i < list.as.s.size; ++i) {
        if (i > 0) out += ',';
        if (!append_cell(KDEPS_CELLS(&list)[i], element, out)) return false;
    }
    out += '}';
    return true;
}

bool append_array(std::string_view json, Kind element, std::string& out) {
    Reader reader(json);
    if (!reader.eat('[')) return false;
    out += '{';
    if (!reader.is_at(']')) {
        bool is_first = true;
        do {
            if (!is_first) out += ',';
            is_first = false;
            const std::string_view raw = reader.value();
            if (raw.empty() || !append_element(raw, element, out)) return false;
        } while (reader.eat(','));
    }
    out += '}';
    return reader.eat(']') && reader.is_at_end();
}

}  // namespace kdeps::postgres
