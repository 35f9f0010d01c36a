// SPDX-License-Identifier: Apache-2.0
#include "sqlite_json.hpp"

#include <kdeps/cpp/text.hpp>

namespace kdeps::sqlite {
namespace {

constexpr int kDeepest = 500;

class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool document() { return value(0) && (skip_space(), at_ == text_.size()); }

private:
    bool value(int depth) {
        if (depth > kDeepest) return false;
        skip_space();
        switch (peek()) {
            case '{': return sequence('}', depth, [&] { return member(depth); });
            case '[': return sequence(']', depth, [&] { return value(depth + 1); });
            case '"': return string();
            case 't': return word("true");
            case 'f': return word("false");
            case 'n': return word("null");
            default: return number();
        }
    }

    template <typename Element>
    bool sequence(char close, int depth, Element element) {
        if (depth == kDeepest) return false;
        ++at_;
        skip_space();
        if (take(close)) return true;
        do {
            if (!element()) return false;
            skip_space();
        } while (take(','));
        return take(close);
    }

    bool member(int depth) {
        skip_space();
        if (peek() != '"' || !string()) return false;
        skip_space();
        return take(':') && value(depth + 1);
    }

    bool string() {
        for (++at_; at_ < text_.size();) {
            const auto c = static_cast<unsigned char>(text_[at_]);
            if (c == '"') {
                ++at_;
                return true;
            }
            if (c < 0x20) return false;
            if (c == '\\') {
                if (!escape()) return false;
                continue;
            }
            const std::size_t length = columns::detail::utf8_length(text_.substr(at_));
            if (length == 0) return false;
            at_ += length;
        }
        return false;
    }

    bool escape() {
        ++at_;
        const char c = peek();
        if (at_ == text_.size()) return false;
        ++at_;
        if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
        for (int i = 0; i < 4; ++i, ++at_) {
            if (at_ == text_.size() ||
                std::string_view("0123456789abcdefABCDEF").find(text_[at_]) == std::string_view::npos)
                return false;
        }
        return true;
    }

    bool number() {
        const std::size_t start = at_;
        while (at_ < text_.size() && std::string_view("+-.0123456789eE").find(text_[at_]) != std::string_view::npos)
            ++at_;
        return columns::is_json_number(text_.substr(start, at_ - start));
    }

    bool word(std::string_view expected) {
        if (!text_.substr(at_).starts_with(expected)) return false;
        at_ += expected.size();
        return true;
    }

    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool take(char c) {
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

bool is_json(std::string_view text) { return Scanner(text).document(); }

}  // namespace kdeps::sqlite
