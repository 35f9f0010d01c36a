// SPDX-License-Identifier: Apache-2.0
#include "sqlite_types.hpp"

#include <charconv>
#include <cmath>
#include <new>

#include "sqlite_json.hpp"

namespace kdeps::sqlite {
namespace {

using columns::Type;

std::string upper(const char* text) {
    std::string out(text == nullptr ? "" : text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return out;
}

std::string_view text_of(sqlite3_stmt* row, int i) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, i));
    if (text == nullptr) {
        throw std::bad_alloc();  // it had to be converted from UTF-16
    }
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(row, i))};
}

std::size_t significant_digits(std::string_view number) {
    const std::string_view mantissa = number.substr(0, number.find_first_of("eE"));
    std::string digits;
    std::copy_if(mantissa.begin(), mantissa.end(), std::back_inserter(digits),
                 [](char c) { return c >= '0' && c <= '9'; });
    const std::size_t first = digits.find_first_not_of('0');
    if (first == std::string::npos) return 1;
    return digits.find_last_not_of('0') - first + 1;
}

// SQLite has no decimal type.  As a number where nothing is lost, so that it compares as one; else as text with all its
// digits.
int bind_decimal(sqlite3_stmt* statement, int position, std::string_view digits) {
    const char* end = digits.data() + digits.size();
    std::int64_t integer = 0;
    if (const auto [stop, failed] = std::from_chars(digits.data(), end, integer);
        failed == std::errc() && stop == end) {
        return sqlite3_bind_int64(statement, position, integer);
    }
    constexpr std::size_t kExact = 15;  // decimal digits that every double keeps
    double number = 0;
    if (significant_digits(digits) <= kExact) {
        const auto [stop, failed] = std::from_chars(digits.data(), end, number);
        if (failed == std::errc() && stop == end) return sqlite3_bind_double(statement, position, number);
    }
    return sqlite3_bind_text64(statement, position, digits.data(), digits.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace

Declared declared_of(const char* type) {
    const std::string name = upper(type);
    if (name == "BOOLEAN" || name == "BOOL") return Declared::boolean;
    if (name == "JSON") return Declared::json;
    return Declared::other;
}

std::vector<Type> variants_of(Declared declared) {
    std::vector<Type> types{Type::null, Type::int64, Type::float64, Type::text, Type::bytes};
    if (declared == Declared::boolean) types.push_back(Type::boolean);
    if (declared == Declared::json) types.push_back(Type::json);
    return types;
}

bool read_value(sqlite3_stmt* row, int i, Declared declared, columns::ColumnBuilder& out) {
    switch (sqlite3_column_type(row, i)) {
        case SQLITE_INTEGER: {
            const std::int64_t value = sqlite3_column_int64(row, i);
            if (declared == Declared::boolean && (value == 0 || value == 1)) {
                out.boolean(value == 1);
            } else {
                out.integer(value);
            }
            break;
        }
        case SQLITE_FLOAT: {
            const double value = sqlite3_column_double(row, i);
            out.number(value);
            return std::isfinite(value);
        }
        case SQLITE_TEXT: {
            const std::string_view text = text_of(row, i);
            out.variant(declared == Declared::json && is_json(text) ? Type::json : Type::text).text(text);
            break;
        }
        case SQLITE_BLOB: {
            const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, i));
            out.variant(Type::bytes).text({bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, i))});
            break;
        }
        default: out.null(); break;
    }
    return true;
}

int bind_value(sqlite3_stmt* statement, int position, const kdeps_cell& cell, sqlite3_destructor_type lifetime) {
    // A null pointer would be bound as NULL.
    const bool has_text = cell.kind >= KDEPS_DECIMAL && cell.kind <= KDEPS_BYTES && cell.as.s.size > 0;
    const std::string_view text = has_text ? std::string_view(cell.as.s.data, cell.as.s.size) : "";
    switch (cell.kind) {
        case KDEPS_NULL: return sqlite3_bind_null(statement, position);
        case KDEPS_BOOL: return sqlite3_bind_int64(statement, position, cell.as.i != 0 ? 1 : 0);
        case KDEPS_INT: return sqlite3_bind_int64(statement, position, cell.as.i);
        case KDEPS_DOUBLE: return sqlite3_bind_double(statement, position, cell.as.d);
        case KDEPS_DECIMAL: return bind_decimal(statement, position, text);
        case KDEPS_BYTES: return sqlite3_bind_blob64(statement, position, text.data(), text.size(), lifetime);
        case KDEPS_STRING:
            return sqlite3_bind_text64(statement, position, text.data(), text.size(), lifetime, SQLITE_UTF8);
        default: return SQLITE_MISMATCH;
    }
}

bool has_numeric_affinity(const char* declaration) {
    const std::string name = upper(declaration);
    const auto holds = [&](std::string_view part) { return name.find(part) != std::string::npos; };
    if (holds("INT")) return true;
    return !name.empty() && !holds("CHAR") && !holds("CLOB") && !holds("TEXT") && !holds("BLOB");
}

std::optional<kdeps_cell> number_of_text(std::string_view text) {
    constexpr std::string_view kSpace = " \t\n\v\f\r";
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    text = text.substr(0, text.find_last_not_of(kSpace) + 1);
    if (text.starts_with('+') && !text.substr(1).starts_with('-')) text.remove_prefix(1);
    if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
    const char* end = text.data() + text.size();
    kdeps_cell cell{};
    if (const auto [stop, failed] = std::from_chars(text.data(), end, cell.as.i);
        failed == std::errc() && stop == end) {
        cell.kind = KDEPS_INT;
        return cell;
    }
    if (const auto [stop, failed] = std::from_chars(text.data(), end, cell.as.d);
        failed == std::errc() && stop == end) {
        cell.kind = KDEPS_DOUBLE;
        return cell;
    }
    return std::nullopt;
}

Type expected_type(const char* declaration) {
    if (declaration == nullptr) return Type::null;
    switch (declared_of(declaration)) {
        case Declared::boolean: return Type::boolean;
        case Declared::json: return Type::json;
        case Declared::other: break;
    }
    const std::string name = upper(declaration);
    const auto holds = [&](std::string_view part) { return name.find(part) != std::string::npos; };
    if (holds("INT")) return Type::int64;
    if (holds("CHAR") || holds("CLOB") || holds("TEXT")) return Type::text;
    if (holds("BLOB")) return Type::bytes;
    if (holds("REAL") || holds("FLOA") || holds("DOUB")) return Type::float64;
    return Type::null;
}

}  // namespace kdeps::sqlite
