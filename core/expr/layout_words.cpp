// SPDX-License-Identifier: Apache-2.0
#include "core/expr/layout_words.hpp"

#include <array>

namespace kdeps::expr {

namespace {

struct Spelling {
    std::string_view text;
    Word kind;
    std::size_t digits = 0;
    bool is_iso = false;
    bool has_colon = false;
};

// Longer spellings before those that they begin with.
constexpr std::array<Spelling, 34> kSpellings = {{
    {"January", Word::month_long},
    {"Monday", Word::weekday_long},
    {"-07:00:00", Word::offset, 6, false, true},
    {"Z07:00:00", Word::offset, 6, true, true},
    {"-070000", Word::offset, 6},
    {"Z070000", Word::offset, 6, true},
    {"-07:00", Word::offset, 4, false, true},
    {"Z07:00", Word::offset, 4, true, true},
    {"-0700", Word::offset, 4},
    {"Z0700", Word::offset, 4, true},
    {"_2006", Word::none},  // an underscore and a year: read below
    {"2006", Word::year_4},
    {"-07", Word::offset, 2},
    {"Z07", Word::offset, 2, true},
    {"Jan", Word::month_short},
    {"Mon", Word::weekday_short},
    {"MST", Word::zone_name},
    {"__2", Word::year_day_space},
    {"002", Word::year_day_3},
    {"01", Word::month_2},
    {"02", Word::day_2},
    {"03", Word::hour_12_2},
    {"04", Word::minute_2},
    {"05", Word::second_2},
    {"06", Word::year_2},
    {"15", Word::hour_24},
    {"_2", Word::day_space},
    {"PM", Word::pm_upper},
    {"pm", Word::pm_lower},
    {"1", Word::month},
    {"2", Word::day},
    {"3", Word::hour_12},
    {"4", Word::minute},
    {"5", Word::second},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ".000" or ",999": a fraction of a second, if no further digit follows.
bool read_fraction(std::string_view layout, std::size_t at, LayoutWord& word) {
    if ((layout[at] != '.' && layout[at] != ',') || at + 1 >= layout.size() ||
        (layout[at + 1] != '0' && layout[at + 1] != '9')) {
        return false;
    }
    std::size_t end = at + 1;
    while (end < layout.size() && layout[end] == layout[at + 1]) {
        ++end;
    }
    if ((end < layout.size() && is_digit(layout[end])) || end - at - 1 > 9) {
        return false;
    }
    word.kind = layout[at + 1] == '0' ? Word::fraction_0 : Word::fraction_9;
    word.at = at;
    word.length = end - at;
    word.digits = end - at - 1;
    word.separator = layout[at];
    return true;
}

}  // namespace

LayoutWord next_word(std::string_view layout) {
    LayoutWord word;
    for (std::size_t at = 0; at < layout.size(); ++at) {
        if (read_fraction(layout, at, word)) {
            return word;
        }
        for (const Spelling& spelling : kSpellings) {
            if (spelling.text.empty() || !layout.substr(at).starts_with(spelling.text)) {
                continue;
            }
            if (spelling.text == "_2006") {
                return {Word::year_4, at + 1, 4};
            }
            // "Janet" is a name, not a month and "et".
            const std::size_t end = at + spelling.text.size();
            if (spelling.text == "Jan" && end < layout.size() && layout[end] >= 'a' && layout[end] <= 'z') {
                continue;
            }
            if (spelling.text == "Mon" && end < layout.size() && layout[end] >= 'a' && layout[end] <= 'z') {
                continue;
            }
            return {spelling.kind, at, spelling.text.size(), spelling.digits, spelling.is_iso, spelling.has_colon};
        }
    }
    word.at = layout.size();
    return word;
}

}  // namespace kdeps::expr
