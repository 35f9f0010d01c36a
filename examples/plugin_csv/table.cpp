// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace csv {

namespace fs = std::filesystem;
using kdeps::Error;
using kdeps::columns::Type;

namespace {

constexpr std::uintmax_t kLargest = 64U << 20U;

struct Field {
    std::string text;
    bool is_quoted = false;
};

// Reads fields and lines of a text.
class Reader {
public:
    Reader(std::string name, std::string_view text) : name_(std::move(name)), text_(text) {
        if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);  // a byte order mark
    }

    bool is_at_end() const { return at_ >= text_.size(); }
    std::size_t line() const { return line_; }

    std::vector<Field> record() {
        std::vector<Field> out;
        while (true) {
            out.push_back(field());
            if (is_at_end()) return out;
            const char c = text_[at_++];
            if (c == ',') continue;
            if (c == '\r' && !is_at_end() && text_[at_] == '\n') ++at_;
            ++line_;
            return out;
        }
    }

    [[noreturn]] void refuse(const std::string& why) const {
        Error error(KDEPS_BAD_DATA, "'" + name_ + "', line " + std::to_string(line_) + ": " + why);
        error.sqlstate = "22000";
        throw error;
    }

private:
    Field field() {
        if (is_at_end() || text_[at_] != '"') {
            const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
            const std::string_view text = text_.substr(at_, end - at_);
            if (text.find('"') != std::string_view::npos) refuse("a quote stands inside of a field that is not quoted");
            at_ = end;
            return {std::string(text), false};
        }
        Field out{"", true};
        for (++at_; !is_at_end(); ++at_) {
            if (text_[at_] == '\n') ++line_;
            if (text_[at_] != '"') {
                out.text += text_[at_];
            } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
                out.text += text_[at_++];
            } else {
                ++at_;
                if (!is_at_end() && std::string_view(",\r\n").find(text_[at_]) == std::string_view::npos)
                    refuse("text follows the closing quote of a field");
                return out;
            }
        }
        refuse("a quoted field has no closing quote");
    }

    std::string name_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

// What all values of a column are.
Type type_of(const Table& table, std::size_t column) {
    bool has_numbers = false;
    bool has_values = false;
    for (const std::vector<Value>& row : table.rows) {
        const Value& value = row[column];
        if (std::holds_alternative<std::string>(value)) return Type::text;
        has_numbers = has_numbers || std::holds_alternative<double>(value);
        has_values = has_values || !std::holds_alternative<std::monostate>(value);
    }
    return !has_values ? Type::text : has_numbers ? Type::float64 : Type::int64;
}

}  // namespace

Value value_of(std::string_view text) {
    const char* const end = text.data() + text.size();
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    const bool is_number = !digits.empty() && digits[0] >= '0' && digits[0] <= '9' &&
                           !(digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9');
    if (std::int64_t integer = 0; is_number) {
        const auto [stopped, failed] = std::from_chars(text.data(), end, integer);
        if (failed == std::errc() && stopped == end) return integer;
        double number = 0;
        const auto [number_stopped, number_failed] = std::from_chars(text.data(), end, number);
        if (number_failed == std::errc() && number_stopped == end) return number;
    }
    return std::string(text);
}

std::size_t Table::column(std::string_view name) const {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
    std::string known;
    for (const std::string& one : columns) known += (known.empty() ? "" : ", ") + one;
    Error error(KDEPS_INVALID_ARGUMENT,
                "there is no column '" + std::string(name) + "'. Available options: [" + known + "]");
    error.sqlstate = "42S22";
    throw error;
}

Table read_table(const kdeps::Call& call, const fs::path& file) {
    std::error_code failed;
    const auto size = fs::file_size(file, failed);
    const std::string name = file.filename().string();
    if (failed || !fs::is_regular_file(file, failed)) {
        Error error(KDEPS_NOT_FOUND,
                    "there is no table '" + file.stem().string() + "': the folder has no file '" + name + "'");
        error.sqlstate = "42S02";
        throw error;
    }
    if (size > kLargest) throw Error(KDEPS_EXHAUSTED, "'" + name + "' is larger than 64 MiB");
    std::ifstream stream(file, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    if (!stream && !stream.eof()) throw Error(KDEPS_UNAVAILABLE, "'" + name + "' cannot be read");

    Reader reader(name, text);
    Table table;
    for (Field& field : reader.record()) table.columns.push_back(std::move(field.text));
    std::vector<std::vector<std::string>> texts;  // as they are written, should the column turn out to be text
    constexpr std::size_t kRowsBetweenLooks = 1024;
    while (!reader.is_at_end()) {
        if (table.rows.size() % kRowsBetweenLooks == 0) call.check();
        const std::size_t line = reader.line();
        std::vector<Field> fields = reader.record();
        if (fields.size() == 1 && fields[0].text.empty() && !fields[0].is_quoted && table.columns.size() > 1) continue;
        if (fields.size() != table.columns.size()) {
            Error error(KDEPS_BAD_DATA, "'" + name + "', line " + std::to_string(line) + " has " +
                                            std::to_string(fields.size()) + " fields, the first line has " +
                                            std::to_string(table.columns.size()));
            error.sqlstate = "22000";
            throw error;
        }
        std::vector<Value>& row = table.rows.emplace_back();
        std::vector<std::string>& as_written = texts.emplace_back();
        for (Field& field : fields) {
            if (field.is_quoted) {
                row.emplace_back(field.text);  // whoever quotes a number means a text
            } else if (field.text.empty()) {
                row.emplace_back();
            } else {
                row.push_back(value_of(field.text));
            }
            as_written.push_back(std::move(field.text));
        }
    }
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        table.types.push_back(type_of(table, i));
        for (std::size_t r = 0; r < table.rows.size(); ++r) {
            Value& value = table.rows[r][i];
            if (std::holds_alternative<std::monostate>(value)) continue;
            if (table.types[i] == Type::text) value = std::move(texts[r][i]);
            if (const auto* integer = std::get_if<std::int64_t>(&value);
                integer != nullptr && table.types[i] == Type::float64)
                value = static_cast<double>(*integer);
        }
    }
    return table;
}

}  // namespace csv
