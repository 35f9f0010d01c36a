// SPDX-License-Identifier: Apache-2.0
#include "mysql_json.hpp"

#include <array>
#include <cstdio>

namespace kdeps::mysql {

namespace {

class JsonReader {
public:
    explicit JsonReader(std::string_view text) : rest_(text) {}

    // Without recursion: `open_` holds the brackets around the place.
    bool read() {
        bool wants_value = true;  // else: what may follow one
        while (true) {
            skip_space();
            if (wants_value) {
                if (take('[')) {
                    open_ += ']';
                    skip_space();
                    if (!take(']')) continue;
                    open_.pop_back();
                } else if (take('{')) {
                    open_ += '}';
                    skip_space();
                    if (!take('}')) {
                        if (!key()) return false;
                        continue;
                    }
                    open_.pop_back();
                } else if (!scalar()) {
                    return false;
                }
                wants_value = false;
            } else if (open_.empty()) {
                return rest_.empty();
            } else if (take(',')) {
                if (open_.back() == '}' && !key()) return false;
                wants_value = true;
            } else if (take(open_.back())) {
                open_.pop_back();
            } else {
                return false;
            }
        }
    }

private:
    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void skip_space() {
        const std::size_t size = rest_.find_first_not_of(" \t\r\n");
        rest_.remove_prefix(size == std::string_view::npos ? rest_.size() : size);
    }
    bool key() {
        skip_space();
        if (!string()) return false;
        skip_space();
        return take(':');
    }
    bool scalar() {
        return rest_.starts_with('"') ? string() : take("true") || take("false") || take("null") || number();
    }
    bool digits() {
        const std::size_t size = rest_.find_first_not_of("0123456789");
        if (size == 0 || rest_.empty()) return false;
        rest_.remove_prefix(size == std::string_view::npos ? rest_.size() : size);
        return true;
    }
    bool number() {
        take('-');
        if (!take('0') && !digits()) return false;
        if (take('.') && !digits()) return false;
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            return digits();
        }
        return true;
    }
    bool string() {
        if (!take('"')) return false;
        while (!rest_.empty()) {
            const char c = rest_[0];
            rest_.remove_prefix(1);
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c != '\\') continue;
            if (rest_.empty()) return false;
            const char escape = rest_[0];
            rest_.remove_prefix(1);
            if (escape == 'u') {
                if (rest_.size() < 4 ||
                    rest_.substr(0, 4).find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
                    return false;
                rest_.remove_prefix(4);
            } else if (std::string_view("\"\\/bfnrt").find(escape) == std::string_view::npos) {
                return false;
            }
        }
        return false;
    }

    std::string_view rest_;
    std::string open_;
};

}  // namespace

bool is_json(std::string_view text) { return JsonReader(text).read(); }

std::string as_json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned int>(c));
            out += escaped.data();
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace kdeps::mysql
