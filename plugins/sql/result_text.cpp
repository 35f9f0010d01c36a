// SPDX-License-Identifier: Apache-2.0
#include "result_text.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

namespace kdeps::sql {

namespace {

std::string_view name_of(const ArrowSchema& column) { return column.name == nullptr ? "" : column.name; }

void append_csv_field(std::string_view text, std::string& out) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        columns::append_utf8(text, out);
        return;
    }
    out += '"';
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('"'), text.size());
        columns::append_utf8(text.substr(0, end), out);
        if (end == text.size()) break;
        out += "\"\"";
        text.remove_prefix(end + 1);
    }
    out += '"';
}

// Of the line that begins at `start`.
void end_csv_line(std::size_t start, std::string& out) {
    if (out.size() == start) out += "\"\"";
    out += '\n';
}

// Directions of writing that a text may set and never takes back (Unicode, annex 9): they would turn the rest of the
// line around.
bool turns_the_line(utf8proc_int32_t c) {
    return c == 0x200E || c == 0x200F || c == 0x061C || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

void append_code_point(utf8proc_int32_t c, std::string& out) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const utf8proc_ssize_t size = utf8proc_encode_char(c, bytes.data());
    for (utf8proc_ssize_t i = 0; i < size; ++i) out += static_cast<char>(bytes[static_cast<std::size_t>(i)]);
}

// What stands in a box.
struct Cell {
    Cell() = default;
    explicit Cell(std::string_view raw) {
        while (!raw.empty()) {
            utf8proc_int32_t c = 0;
            const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(raw.data()),
                                               static_cast<utf8proc_ssize_t>(raw.size()), &c);
            raw.remove_prefix(size > 0 ? static_cast<std::size_t>(size) : 1);
            add(size > 0 ? c : 0xFFFD);
        }
    }

    std::string text;
    std::size_t width = 0;  // in columns of a terminal
    bool is_number = false;

private:
    void add(utf8proc_int32_t c) {
        constexpr utf8proc_int32_t kSigns = 0x2400;  // U+2400 to U+241F show the control characters
        if (c == '\n' || c == '\r' || c == '\t' || c == 0x85 || c == 0x2028 || c == 0x2029) {
            c = ' ';
        } else if (c < 0x20) {
            c += kSigns;
        } else if (c == 0x7F) {
            c = 0x2421;
        } else if ((c >= 0x80 && c < 0xA0) || turns_the_line(c)) {
            c = 0xFFFD;
        }
        append_code_point(c, text);
        // utf8proc counts signs that it does not know as nothing: private use, not assigned.
        const auto category = utf8proc_category(c);
        const bool is_unknown = category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CN;
        width += is_unknown ? 1 : static_cast<std::size_t>(std::max(utf8proc_charwidth(c), 0));
    }
};

}  // namespace

std::string to_csv(columns::Stream& rows) {
    std::string out;
    const columns::Schema schema = schema_of(rows);
    for (std::int64_t i = 0; i < schema->n_children; ++i) {
        if (i > 0) out += ',';
        append_csv_field(name_of(*schema->children[i]), out);
    }
    end_csv_line(0, out);
    std::string cell;
    for_each_batch(rows, schema, [&](const std::vector<columns::ColumnReader>& readers, std::int64_t count) {
        for (std::int64_t row = 0; row < count; ++row) {
            const std::size_t start = out.size();
            for (std::size_t i = 0; i < readers.size(); ++i) {
                if (i > 0) out += ',';
                if (readers[i].is_number(row)) {
                    readers[i].append_text(row, out);
                    continue;
                }
                cell.clear();
                readers[i].append_text(row, cell);
                append_csv_field(cell, out);
            }
            end_csv_line(start, out);
        }
    });
    return out;
}

std::string to_box(columns::Stream& rows) {
    const columns::Schema schema = schema_of(rows);
    std::vector<Cell> names;
    std::vector<std::size_t> widths;
    for (std::int64_t i = 0; i < schema->n_children; ++i) {
        widths.push_back(names.emplace_back(name_of(*schema->children[i])).width);
    }
    std::vector<std::vector<Cell>> cells;
    std::string raw;
    for_each_batch(rows, schema, [&](const std::vector<columns::ColumnReader>& readers, std::int64_t count) {
        for (std::int64_t row = 0; row < count; ++row) {
            std::vector<Cell>& line = cells.emplace_back();
            for (std::size_t i = 0; i < readers.size(); ++i) {
                raw.clear();
                const bool is_null = readers[i].is_null(row);
                if (!is_null) readers[i].append_text(row, raw);
                Cell& cell = line.emplace_back(is_null ? "NULL" : std::string_view(raw));
                cell.is_number = !is_null && readers[i].is_number(row);
                widths[i] = std::max(widths[i], cell.width);
            }
        }
    });
    std::string rule = "+";
    for (const std::size_t width : widths) rule += std::string(width + 2, '-') + "+";
    rule += '\n';
    std::string out = rule;
    const auto append_line = [&](const std::vector<Cell>& line) {
        out += '|';
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string space(widths[i] - line[i].width, ' ');
            out += " " + (line[i].is_number ? space + line[i].text : line[i].text + space) + " |";
        }
        out += '\n';
    };
    append_line(names);
    out += rule;
    for (const auto& line : cells) append_line(line);
    if (!cells.empty()) out += rule;
    return out;
}

}  // namespace kdeps::sql
