// SPDX-License-Identifier: Apache-2.0
// SQL Server's functions and collations, for SQLite.
#include <array>
#include <cmath>
#include <random>

#include "tests/support/tds/bytes.hpp"
#include "tests/support/tds/convert.hpp"
#include "tests/support/tds/lexer.hpp"
#include "tests/support/tds/sqlite.hpp"

namespace kdeps::testing::tds {

namespace {

using Arguments = std::vector<Value>;
using Function = Value (*)(const Arguments&);

Value argument(sqlite3_value* value) {
    const auto bytes = [&](const void* data) {
        const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
        return size == 0 ? std::string() : std::string(static_cast<const char*>(data), size);
    };
    switch (sqlite3_value_type(value)) {
        case SQLITE_INTEGER: return static_cast<std::int64_t>(sqlite3_value_int64(value));
        case SQLITE_FLOAT: return sqlite3_value_double(value);
        case SQLITE_TEXT: return bytes(sqlite3_value_text(value));
        case SQLITE_BLOB: return Blob{bytes(sqlite3_value_blob(value))};
        default: return Null();
    }
}

void give(sqlite3_context* context, const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        sqlite3_result_int64(context, *integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
        sqlite3_result_double(context, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        sqlite3_result_text64(context, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
        sqlite3_result_blob64(context, blob->bytes.empty() ? "" : blob->bytes.data(), blob->bytes.size(),
                              SQLITE_TRANSIENT);
    } else {
        sqlite3_result_null(context);
    }
}

void call(sqlite3_context* context, int count, sqlite3_value** values) {
    const auto function = reinterpret_cast<Function>(sqlite3_user_data(context));
    Arguments arguments;
    for (int i = 0; i < count; ++i) arguments.push_back(argument(values[i]));
    try {
        give(context, function(arguments));
    } catch (const SqlError& error) {
        const std::string text = pack(error);
        sqlite3_result_error(context, text.data(), static_cast<int>(text.size()));
    }
}

std::string text_of(const Value& value) { return std::get<std::string>(convert(value, {Kind::nvarchar, kMax})); }
std::int64_t integer_of(const Value& value) { return std::get<std::int64_t>(convert(value, {Kind::bigint})); }

Value now(const char* type) { return moment_text(now_utc(), parse_type(type)); }

Value new_id() {
    std::random_device random;
    std::string out;
    for (int i = 0; i < 36; ++i) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        out += is_dash ? '-' : i == 14 ? '4' : i == 19 ? "89AB"[random() % 4] : "0123456789ABCDEF"[random() % 16];
    }
    return out;
}

// The UTF-16 units from `start` on.
std::string units(const std::string& text, std::size_t start, std::size_t count) {
    const std::string wide = to_utf16(text);
    return start * 2 >= wide.size() ? "" : to_utf8(std::string_view(wide).substr(start * 2, count * 2));
}

std::int64_t unit_ticks(const std::string& unit) {
    if (unit == "day" || unit == "dd" || unit == "d") return kTicksPerDay;
    if (unit == "hour" || unit == "hh") return 3600 * kTicksPerSecond;
    if (unit == "minute" || unit == "mi") return 60 * kTicksPerSecond;
    if (unit == "second" || unit == "ss") return kTicksPerSecond;
    if (unit == "millisecond" || unit == "ms") return kTicksPerSecond / 1000;
    throw not_supported("date part " + unit);
}

Moment moment_of(const Value& value) {
    auto moment = parse_moment(text_of(value));
    if (!moment) throw SqlError(241, "Conversion failed when converting date and/or time from character string.");
    return *moment;
}

Value date_add(const Arguments& a) {
    if (is_null(a[1]) || is_null(a[2])) return Null();
    Moment moment = moment_of(a[2]);
    const std::int64_t all =
        moment.days * kTicksPerDay + moment.ticks + integer_of(a[1]) * unit_ticks(lower(text_of(a[0])));
    moment.days = all / kTicksPerDay;
    moment.ticks = all % kTicksPerDay;
    return moment_text(moment, {Kind::datetime2, 0, 0, 7});
}

Value date_difference(const Arguments& a) {
    if (is_null(a[1]) || is_null(a[2])) return Null();
    const std::int64_t unit = unit_ticks(lower(text_of(a[0])));
    const auto count = [&](const Value& value) {
        const Moment moment = moment_of(value);
        return (moment.days * kTicksPerDay + moment.ticks) / unit;
    };
    return count(a[2]) - count(a[1]);
}

int compare_moments(void*, int left_size, const void* left, int right_size, const void* right) {
    const std::string_view a(static_cast<const char*>(left), static_cast<std::size_t>(left_size));
    const std::string_view b(static_cast<const char*>(right), static_cast<std::size_t>(right_size));
    const auto first = parse_moment(a);
    const auto second = parse_moment(b);
    if (!first || !second) return a.compare(b);
    const auto ticks = [](const Moment& m) {
        return m.days * kTicksPerDay + m.ticks - m.offset * 60 * kTicksPerSecond;
    };
    const std::int64_t difference = ticks(*first) - ticks(*second);
    return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

struct Named {
    const char* name;
    int arguments;
    Function function;
};

const std::array kFunctions = {
    Named{"tds_store", 2, [](const Arguments& a) { return to_storage(a[0], parse_type(text_of(a[1]))); }},
    Named{"tds_cast", 2, [](const Arguments& a) { return to_storage(a[0], parse_type(text_of(a[1])), TooLong::cut); }},
    Named{"tds_try_cast", 2,
          [](const Arguments& a) -> Value {
              try {
                  return to_storage(a[0], parse_type(text_of(a[1])), TooLong::cut);
              } catch (const SqlError&) {
                  return Null();
              }
          }},
    Named{"getdate", 0, [](const Arguments&) { return now("datetime"); }},
    Named{"getutcdate", 0, [](const Arguments&) { return now("datetime"); }},
    Named{"sysdatetime", 0, [](const Arguments&) { return now("datetime2(7)"); }},
    Named{"sysutcdatetime", 0, [](const Arguments&) { return now("datetime2(7)"); }},
    Named{"sysdatetimeoffset", 0, [](const Arguments&) { return now("datetimeoffset(7)"); }},
    Named{"newid", 0, [](const Arguments&) { return new_id(); }},
    Named{"len", 1,
          [](const Arguments& a) -> Value {
              if (is_null(a[0])) return Null();
              std::string text = text_of(a[0]);
              text.erase(text.find_last_not_of(' ') + 1);
              return static_cast<std::int64_t>(utf16_units(text));
          }},
    Named{"datalength", 1,
          [](const Arguments& a) -> Value {
              if (is_null(a[0])) return Null();
              if (const auto* blob = std::get_if<Blob>(&a[0])) return static_cast<std::int64_t>(blob->bytes.size());
              return static_cast<std::int64_t>(utf16_units(text_of(a[0])) * 2);
          }},
    Named{"tds_left", 2,
          [](const Arguments& a) -> Value {
              return is_null(a[0]) ? Value() : units(text_of(a[0]), 0, static_cast<std::size_t>(integer_of(a[1])));
          }},
    Named{"tds_right", 2,
          [](const Arguments& a) -> Value {
              if (is_null(a[0])) return Null();
              const std::string text = text_of(a[0]);
              const std::size_t count = std::min(static_cast<std::size_t>(integer_of(a[1])), utf16_units(text));
              return units(text, utf16_units(text) - count, count);
          }},
    Named{"charindex", 2,
          [](const Arguments& a) -> Value {
              if (is_null(a[0]) || is_null(a[1])) return Null();
              const std::string text = lower(text_of(a[1]));
              const std::size_t at = text.find(lower(text_of(a[0])));
              return static_cast<std::int64_t>(at == std::string::npos ? 0 : utf16_units(text.substr(0, at)) + 1);
          }},
    Named{"replicate", 2,
          [](const Arguments& a) -> Value {
              std::string out;
              for (std::int64_t i = integer_of(a[1]); i > 0; --i) out += text_of(a[0]);
              return out;
          }},
    Named{"concat", -1,
          [](const Arguments& a) -> Value {
              std::string out;
              for (const Value& value : a) out += is_null(value) ? "" : text_of(value);
              return out;
          }},
    Named{"dateadd", 3, date_add},
    Named{"datediff", 3, date_difference},
};

}  // namespace

void register_functions(sqlite3* handle) {
    for (const Named& named : kFunctions) {
        sqlite3_create_function_v2(handle, named.name, named.arguments, SQLITE_UTF8,
                                   reinterpret_cast<void*>(named.function), call, nullptr, nullptr, nullptr);
    }
    sqlite3_create_collation_v2(handle, "tds_moment", SQLITE_UTF8, nullptr, compare_moments, nullptr);
}

}  // namespace kdeps::testing::tds
