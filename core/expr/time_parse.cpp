// SPDX-License-Identifier: Apache-2.0
// Reads dates by layouts.
#include <algorithm>
#include <cctype>

#include "core/expr/layout_words.hpp"
#include "core/expr/time_layout.hpp"

namespace kdeps::expr {

namespace {

bool is_digit(std::string_view text, std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; }

bool starts_with_any_case(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
               return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
           });
}

int days_in(int month, std::int64_t year) {
    const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 ? (is_leap ? 29 : 28) : (month == 4 || month == 6 || month == 9 || month == 11) ? 30 : 31;
}

class Reader {
public:
    Reader(std::string_view text, std::string_view layout, const Zone& zone)
        : text_(text), layout_(layout), local_(zone) {}

    std::optional<Moment> run() {
        while (true) {
            const LayoutWord word = next_word(layout_);
            if (!skip(layout_.substr(0, word.at))) return std::nullopt;
            layout_.remove_prefix(word.at + word.length);
            if (word.kind == Word::none) break;
            if (!read(word)) return std::nullopt;
        }
        return text_.empty() ? finish() : std::nullopt;
    }

private:
    // What stands between the words; a run of spaces matches any run.
    bool skip(std::string_view literal) {
        while (!literal.empty()) {
            if (literal[0] == ' ') {
                if (!text_.empty() && text_[0] != ' ') return false;
                literal.remove_prefix(std::min(literal.find_first_not_of(' '), literal.size()));
                text_.remove_prefix(std::min(text_.find_first_not_of(' '), text_.size()));
            } else {
                if (text_.empty() || text_[0] != literal[0]) return false;
                literal.remove_prefix(1);
                text_.remove_prefix(1);
            }
        }
        return true;
    }

    bool number(std::size_t least, std::size_t most, int& out) {
        std::size_t length = 0;
        int value = 0;
        while (length < most && is_digit(text_, length)) {
            value = value * 10 + (text_[length++] - '0');
        }
        if (length < least) return false;
        text_.remove_prefix(length);
        out = value;
        return true;
    }

    bool bounded(std::size_t least, int low, int high, int& out) {
        return number(least, 2, out) && out >= low && out <= high;
    }

    template <typename Name>
    bool name(int first, int last, std::size_t length, Name name_of, int& out) {
        for (int i = first; i <= last; ++i) {
            const std::string_view candidate = std::string_view(name_of(i)).substr(0, length);
            if (starts_with_any_case(text_, candidate)) {
                text_.remove_prefix(candidate.size());
                out = i;
                return true;
            }
        }
        return false;
    }

    bool read(const LayoutWord& word) {
        int ignored = 0;
        switch (word.kind) {
            case Word::year_2:
                if (!number(2, 2, year_)) return false;
                year_ += year_ >= 69 ? 1900 : 2000;
                return true;
            case Word::year_4: return number(4, 4, year_);
            case Word::month_short: return name(1, 12, 3, month_name, month_);
            case Word::month_long: return name(1, 12, std::string_view::npos, month_name, month_);
            case Word::month: return bounded(1, 1, 12, month_);
            case Word::month_2: return bounded(2, 1, 12, month_);
            case Word::weekday_short: return name(0, 6, 3, weekday_name, ignored);
            case Word::weekday_long: return name(0, 6, std::string_view::npos, weekday_name, ignored);
            case Word::day_space:
                if (text_.starts_with(' ')) text_.remove_prefix(1);
                return number(1, 2, day_);
            case Word::day: return number(1, 2, day_);
            case Word::day_2: return number(2, 2, day_);
            case Word::year_day_space:
                text_.remove_prefix(std::min<std::size_t>({2, text_.find_first_not_of(' '), text_.size()}));
                return number(1, 3, year_day_);
            case Word::year_day_3: return number(3, 3, year_day_);
            case Word::hour_24: return bounded(1, 0, 23, hour_);
            case Word::hour_12: return bounded(1, 0, 12, hour_);
            case Word::hour_12_2: return bounded(2, 0, 12, hour_);
            case Word::minute: return bounded(1, 0, 59, minute_);
            case Word::minute_2: return bounded(2, 0, 59, minute_);
            case Word::second: return bounded(1, 0, 59, second_) && hidden_fraction();
            case Word::second_2: return bounded(2, 0, 59, second_) && hidden_fraction();
            case Word::pm_upper: return half("AM", "PM");
            case Word::pm_lower: return half("am", "pm");
            case Word::zone_name: return zone_name();
            case Word::offset: return offset(word);
            case Word::fraction_0: return fraction(word.digits);
            case Word::fraction_9: return !has_fraction() || fraction(fraction_length());
            case Word::none: return true;
        }
        return false;
    }

    bool has_fraction() const {
        return text_.size() >= 2 && (text_[0] == '.' || text_[0] == ',') && is_digit(text_, 1);
    }
    std::size_t fraction_length() const {
        std::size_t length = 0;
        while (is_digit(text_, length + 1)) ++length;
        return length;
    }

    // Seconds may have a fraction that the layout does not show.
    bool hidden_fraction() {
        const Word next = next_word(layout_).kind;
        if (!has_fraction() || ((next == Word::fraction_0 || next == Word::fraction_9))) return true;
        return fraction(fraction_length());
    }

    bool fraction(std::size_t digits) {
        if (text_.size() < digits + 1 || (text_[0] != '.' && text_[0] != ',')) return false;
        nanosecond_ = 0;
        for (std::size_t i = 1; i <= digits; ++i) {
            if (!is_digit(text_, i)) return false;
        }
        for (std::size_t i = 1; i <= 9; ++i) {
            nanosecond_ = nanosecond_ * 10 + (i <= digits ? text_[i] - '0' : 0);
        }
        text_.remove_prefix(digits + 1);
        return true;
    }

    bool half(std::string_view am, std::string_view pm) {
        is_pm_ = text_.starts_with(pm);
        is_am_ = text_.starts_with(am);
        if (!is_pm_ && !is_am_) return false;
        text_.remove_prefix(2);
        return true;
    }

    bool offset(const LayoutWord& word) {
        if (word.is_iso && text_.starts_with('Z')) {
            text_.remove_prefix(1);
            is_utc_ = true;
            return true;
        }
        if (!text_.starts_with('+') && !text_.starts_with('-')) return false;
        const int sign = text_[0] == '-' ? -1 : 1;
        text_.remove_prefix(1);
        int total = 0;
        int unit = 3600;
        for (std::size_t digits = 0; digits < word.digits; digits += 2, unit /= 60) {
            if (digits > 0 && word.has_colon) {
                if (!text_.starts_with(':')) return false;
                text_.remove_prefix(1);
            }
            int part = 0;
            if (!number(2, 2, part)) return false;
            total += part * unit;
        }
        offset_ = sign * total;
        return true;
    }

    std::size_t signed_hours_length(std::size_t at) const {
        if (at >= text_.size() || (text_[at] != '+' && text_[at] != '-')) return 0;
        std::size_t end = at + 1;
        int hours = 0;
        while (is_digit(text_, end) && hours < 100) hours = hours * 10 + (text_[end++] - '0');
        return end == at + 1 || hours > 23 ? 0 : end - at;
    }

    bool zone_name() {
        if (text_.starts_with("UTC")) {
            text_.remove_prefix(3);
            is_utc_ = true;
            return true;
        }
        std::size_t length = 0;
        if (text_.starts_with("ChST") || text_.starts_with("MeST")) {
            length = 4;
        } else if (text_.starts_with("GMT")) {
            length = 3 + signed_hours_length(3);
        } else if (text_.starts_with('+') || text_.starts_with('-')) {
            length = signed_hours_length(0);
        } else {
            while (length < 6 && length < text_.size() && text_[length] >= 'A' && text_[length] <= 'Z') ++length;
            const bool is_name = length == 3 || (length == 4 && (text_[3] == 'T' || text_.starts_with("WITA"))) ||
                                 (length == 5 && text_[4] == 'T');
            if (!is_name) return false;
        }
        if (length == 0) return false;
        zone_name_ = text_.substr(0, length);
        text_.remove_prefix(length);
        return true;
    }

    std::optional<Moment> finish() {
        if (is_pm_ && hour_ < 12) hour_ += 12;
        if (is_am_ && hour_ == 12) hour_ = 0;
        Fields fields;
        fields.year = year_;
        fields.hour = hour_;
        fields.minute = minute_;
        fields.second = second_;
        fields.nanosecond = nanosecond_;
        if (year_day_ >= 0) {
            if (year_day_ < 1 || year_day_ > 365 + (days_in(2, year_) == 29 ? 1 : 0)) return std::nullopt;
            fields.month = 1;
            fields.day = year_day_;
        } else {
            fields.month = month_;
            fields.day = day_;
            if (day_ < 1 || day_ > days_in(month_, year_)) return std::nullopt;
        }
        if (is_utc_) return moment_of(fields, Zone{});
        if (offset_) {
            Moment moment = moment_of(fields, Zone{});
            moment.seconds -= *offset_;
            const Offset local = offset_at(local_, moment.seconds);
            const bool is_local = local.seconds == *offset_ && (zone_name_.empty() || local.abbreviation == zone_name_);
            moment.zone = is_local ? local_ : Zone{nullptr, true, *offset_, zone_name_};
            return moment;
        }
        if (!zone_name_.empty()) {
            Moment moment = moment_of(fields, local_);
            if (offset_at(local_, moment.seconds).abbreviation == zone_name_) return moment;
            // An abbreviation says no offset; only GMT+3 does, and that does not move the clock's reading.
            moment = moment_of(fields, Zone{});
            const std::int32_t hours =
                zone_name_.size() > 3 && zone_name_.starts_with("GMT") ? std::stoi(zone_name_.substr(3)) : 0;
            moment.zone = Zone{nullptr, true, hours * 3600, zone_name_};
            return moment;
        }
        return moment_of(fields, local_);
    }

    std::string_view text_;
    std::string_view layout_;
    const Zone& local_;
    int year_ = 0;
    int month_ = 1;
    int day_ = 1;
    int year_day_ = -1;
    int hour_ = 0;
    int minute_ = 0;
    int second_ = 0;
    int nanosecond_ = 0;
    bool is_pm_ = false;
    bool is_am_ = false;
    bool is_utc_ = false;
    std::optional<std::int32_t> offset_;
    std::string zone_name_;
};

}  // namespace

std::optional<Moment> parse_time(std::string_view text, std::string_view layout, const Zone& zone) {
    return Reader(text, layout, zone).run();
}

}  // namespace kdeps::expr
