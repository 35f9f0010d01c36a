// SPDX-License-Identifier: Apache-2.0
#include "core/config/scalar_places.hpp"

#include <algorithm>
#include <array>

namespace kdeps::config {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Walks the file while the text is read.  YAML folds white space and nothing else, so every other character is found
// again in the same order.
class Walk {
public:
    Walk(std::string_view text, const std::vector<std::string_view>& lines, std::size_t line, std::size_t column,
         ScalarStyle style)
        : text_(text), lines_(lines), line_(line), column_(column), indent_(column), style_(style) {}

    std::vector<TextRun> run() {
        while (at_ < text_.size() && line_ < lines_.size()) {
            if (!step()) break;
        }
        if (runs_.empty()) mark();
        return std::move(runs_);
    }

private:
    bool at_end_of_line() const { return column_ >= lines_[line_].size() || rest() == "\r"; }
    std::string_view rest() const { return lines_[line_].substr(column_); }

    void next_line() {
        ++line_;
        // Spaces beyond the indentation of a block belong to its text.
        column_ = style_ == ScalarStyle::block && line_ < lines_.size() ? std::min(indent_, lines_[line_].size()) : 0;
        is_joined_ = false;
    }

    // A run begins here, unless the one before goes on.
    void mark() {
        if (is_joined_ || line_ >= lines_.size()) return;
        const std::string_view before = lines_[line_].substr(0, column_);
        const auto characters =
            std::count_if(before.begin(), before.end(), [](char c) { return !continues_character(c); });
        runs_.push_back({at_, static_cast<int>(line_) + 1, static_cast<int>(characters) + 1});
        is_joined_ = true;
    }

    // Takes one character of the text.  False where the file has another one.
    bool step() {
        const char c = text_[at_];
        if (style_ == ScalarStyle::double_quoted && !at_end_of_line() && rest().front() == '\\') return escape();
        if (is_space(c)) {
            if (at_end_of_line()) {
                ++at_;
                next_line();
            } else if (rest().front() == c) {
                mark();
                ++at_;
                ++column_;
            } else {  // folded away here, or trimmed
                ++at_;
                is_joined_ = false;
            }
            return true;
        }
        while (line_ < lines_.size() && (at_end_of_line() || is_space(rest().front()))) {
            if (at_end_of_line()) {
                next_line();
            } else {
                ++column_;
                is_joined_ = false;
            }
        }
        if (line_ >= lines_.size()) return false;
        if (style_ == ScalarStyle::double_quoted && rest().front() == '\\') return escape();
        if (rest().front() != c) return false;
        mark();
        const bool is_doubled = style_ == ScalarStyle::single_quoted && rest().starts_with("''");
        ++at_;
        column_ += is_doubled ? 2 : 1;
        is_joined_ = !is_doubled;
        return true;
    }

    bool escape() {
        if (rest().size() < 2 || rest() == "\\\r") {  // the line goes on in the next one
            next_line();
            while (line_ < lines_.size() && !at_end_of_line() && is_space(rest().front())) ++column_;
            return line_ < lines_.size();
        }
        static constexpr std::array<std::pair<char, std::size_t>, 3> kDigits = {{{'x', 2}, {'u', 4}, {'U', 8}}};
        const auto digits =
            std::find_if(kDigits.begin(), kDigits.end(), [&](const auto& one) { return one.first == rest()[1]; });
        mark();
        ++at_;
        while (at_ < text_.size() && continues_character(text_[at_])) ++at_;
        column_ = std::min(column_ + 2 + (digits == kDigits.end() ? 0 : digits->second), lines_[line_].size());
        is_joined_ = false;
        return true;
    }

    const std::string_view text_;
    const std::vector<std::string_view>& lines_;
    std::size_t line_;
    std::size_t column_;
    const std::size_t indent_;
    const ScalarStyle style_;
    std::size_t at_ = 0;
    bool is_joined_ = false;  // does the last run reach up to here?
    std::vector<TextRun> runs_;
};

}  // namespace

std::vector<TextRun> find_runs(std::string_view text, const std::vector<std::string_view>& lines, std::size_t line,
                               std::size_t column, ScalarStyle style) {
    return Walk(text, lines, line, column, style).run();
}

}  // namespace kdeps::config
