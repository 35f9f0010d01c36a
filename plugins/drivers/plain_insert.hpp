// SPDX-License-Identifier: Apache-2.0
// INSERT INTO [schema.]table [(column, …)] VALUES (placeholder, …) and nothing else: what a driver may send many times
// in one go.  Comments, expressions, ON CONFLICT and RETURNING make it another statement.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdeps::drivers {

struct PlainInsert {
    struct Name {
        std::string_view written;  // in the statement, with its quotes
        std::string meant;         // without, and in the case that the database gives it
    };
    std::optional<Name> schema;
    Name table;
    std::vector<Name> columns;  // empty = the statement names none
    std::size_t placeholders = 0;
};

struct InsertDialect {
    char quote;        // of names
    bool is_folded;    // is a name without quotes in lower case?
    bool is_numbered;  // $1, $2, … in this order; else ?
};

namespace detail {

class InsertReader {
public:
    InsertReader(std::string_view sql, const InsertDialect& dialect) : rest_(sql), dialect_(dialect) { skip_space(); }

    std::optional<PlainInsert> read() {
        PlainInsert out;
        if (!word("insert") || !word("into") || !name(out.table)) return std::nullopt;
        if (sign('.')) {
            out.schema = std::move(out.table);
            out.table = {};
            if (!name(out.table)) return std::nullopt;
        }
        if (sign('(')) {
            do {
                if (!name(out.columns.emplace_back())) return std::nullopt;
            } while (sign(','));
            if (!sign(')')) return std::nullopt;
        }
        if (!word("values") || !sign('(')) return std::nullopt;
        do {
            if (!placeholder(++out.placeholders)) return std::nullopt;
        } while (sign(','));
        if (!sign(')')) return std::nullopt;
        sign(';');
        return rest_.empty() ? std::optional(std::move(out)) : std::nullopt;
    }

private:
    static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    // Other letters fold in ways that only the database knows.
    static bool is_of_name(char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c) || c == '_' || c == '$';
    }

    bool sign(char c) {
        if (!rest_.starts_with(c)) return false;
        advance(1);
        return true;
    }

    bool word(std::string_view wanted) {
        const std::string_view found = rest_.substr(0, plain_name_size());
        if (!std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(),
                        [](char a, char b) { return lower(a) == b; }))
            return false;
        advance(found.size());
        return true;
    }

    bool name(PlainInsert::Name& out) {
        std::size_t size = 0;
        if (rest_.starts_with(dialect_.quote)) {
            for (size = 1; size < rest_.size(); ++size) {
                const bool is_quote = rest_[size] == dialect_.quote;
                if (is_quote && !rest_.substr(size + 1).starts_with(dialect_.quote)) break;
                if (is_quote) ++size;
                out.meant += rest_[size];
            }
            if (size++ >= rest_.size()) return false;
        } else {
            size = plain_name_size();
            for (const char c : rest_.substr(0, size)) out.meant += dialect_.is_folded ? lower(c) : c;
        }
        out.written = rest_.substr(0, size);
        advance(size);
        return !out.meant.empty();
    }

    bool placeholder(std::size_t number) {
        if (!dialect_.is_numbered) return sign('?');
        const std::string wanted = "$" + std::to_string(number);
        if (rest_.substr(0, std::max<std::size_t>(plain_name_size(), 1)) != wanted) return false;
        advance(wanted.size());
        return true;
    }

    std::size_t plain_name_size() const {
        std::size_t size = 0;
        while (size < rest_.size() && is_of_name(rest_[size])) ++size;
        return size;
    }

    void advance(std::size_t count) {
        rest_.remove_prefix(count);
        skip_space();
    }
    void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n\f"), rest_.size())); }

    std::string_view rest_;
    const InsertDialect& dialect_;
};

}  // namespace detail

// Nothing for any other statement.
inline std::optional<PlainInsert> read_plain_insert(std::string_view sql, const InsertDialect& dialect) {
    return detail::InsertReader(sql, dialect).read();
}

}  // namespace kdeps::drivers
