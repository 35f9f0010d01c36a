// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_types.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>

namespace kdeps::sqlserver {

namespace {

using columns::Type;

constexpr std::int64_t kMicrosecondsPerDay = 86'400'000'000;

std::optional<Type> type_of(int wire) {
    switch (wire) {
        case SYBBIT:
        case SYBBITN: return Type::boolean;
        case SYBINT1: return Type::uint8;
        case SYBINT2: return Type::int16;
        case SYBINT4: return Type::int32;
        case SYBINT8: return Type::int64;
        case SYBREAL: return Type::float32;
        case SYBFLT8: return Type::float64;
        case SYBMONEY:
        case SYBMONEY4:
        case SYBDECIMAL:
        case SYBNUMERIC: return Type::decimal;
        case SYBMSDATE: return Type::date;
        case SYBMSTIME: return Type::time;
        case SYBDATETIME:
        case SYBDATETIME4:
        case SYBMSDATETIME2: return Type::timestamp;
        case SYBMSDATETIMEOFFSET: return Type::timestamp_utc;
        case SYBCHAR:
        case SYBVARCHAR:
        case SYBNVARCHAR:
        case SYBTEXT:
        case SYBNTEXT:
        case kXml:
        case kUniqueIdentifier: return Type::text;
        case SYBBINARY:
        case SYBVARBINARY:
        case SYBIMAGE: return Type::bytes;
        default: return std::nullopt;
    }
}

template <typename T>
T read(const BYTE* data) {
    T value;
    std::memcpy(&value, data, sizeof value);
    return value;
}

// Of 1/10,000.
std::string money_text(std::int64_t value) {
    // The magnitude of the least value has no int64.
    const auto magnitude = value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
    std::string fraction = std::to_string(magnitude % 10000);
    fraction.insert(0, 4 - fraction.size(), '0');
    return (value < 0 ? "-" : "") + std::to_string(magnitude / 10000) + "." + fraction;
}

std::string converted(DBPROCESS* process, int wire, const BYTE* data, DBINT size) {
    std::array<BYTE, 128> out{};
    const DBINT length = dbconvert(process, wire, data, size, SYBCHAR, out.data(), static_cast<DBINT>(out.size()));
    if (length < 0) throw Error(KDEPS_BAD_DATA, "a value that SQL Server sent cannot be converted to text");
    return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(length)};
}

struct Moment {
    std::int64_t days = 0;          // since 1970-01-01
    std::int64_t microseconds = 0;  // since midnight, rounded down
    std::int64_t offset = 0;        // minutes east of UTC; days and microseconds are local
};

Moment moment_of(DBPROCESS* process, int wire, const BYTE* data) {
    DBDATEREC2 d{};
    if (dbanydatecrack(process, &d, wire, data) != kSucceed)
        throw Error(KDEPS_BAD_DATA, "a date or time that SQL Server sent cannot be read");
    const std::chrono::year_month_day date(std::chrono::year(d.dateyear),
                                           std::chrono::month(static_cast<unsigned>(d.datemonth) + 1),
                                           std::chrono::day(static_cast<unsigned>(d.datedmonth)));
    std::int64_t nanoseconds = d.datensecond;
    // A datetime counts 1/300 s, which SQL Server shows in milliseconds.
    if (wire == SYBDATETIME) nanoseconds = (nanoseconds + 500'000) / 1'000'000 * 1'000'000;
    Moment out;
    out.days = std::chrono::sys_days(date).time_since_epoch().count();
    out.microseconds = ((d.datehour * 60LL + d.dateminute) * 60 + d.datesecond) * 1'000'000 + nanoseconds / 1000;
    out.offset = d.datetzone;
    return out;
}

}  // namespace

std::vector<ResultColumn> result_columns(DBPROCESS* process) {
    std::vector<ResultColumn> out;
    const int count = dbnumcols(process);
    for (int i = 1; i <= count; ++i) {
        const char* name = dbcolname(process, i);
        const int wire = dbcoltype(process, i);
        const auto type = type_of(wire);
        if (!type) {
            throw Error(KDEPS_UNSUPPORTED, "column '" + std::string(name == nullptr ? "" : name) +
                                               "' has a type that FreeTDS cannot read (" + std::to_string(wire) +
                                               "); CAST it to a type that it can, such as nvarchar(max)");
        }
        out.push_back({{name == nullptr ? "" : name, *type}, wire});
    }
    return out;
}

std::optional<Type> described_type(int system_type_id) {
    // Where the number on the wire, which sys.types has too, is another one than DB-Library's.
    constexpr int kBigChar = 175;
    constexpr int kBigVarchar = 167;
    constexpr int kNchar = 239;
    constexpr int kBigBinary = 173;
    constexpr int kRowversion = 189;
    switch (system_type_id) {
        case kBigChar:
        case kBigVarchar:
        case kNchar:
        case kNvarchar: return Type::text;
        case kBigBinary:
        case kVarbinary:
        case kRowversion: return Type::bytes;
        default: return type_of(system_type_id);
    }
}

void append_cell(DBPROCESS* process, std::size_t i, const ResultColumn& column, columns::ColumnBuilder& out) {
    const int at = static_cast<int>(i) + 1;
    const BYTE* data = dbdata(process, at);
    const DBINT size = dbdatlen(process, at);
    if (data == nullptr) {
        out.null();
        return;
    }
    switch (column.wire) {
        case SYBBIT:
        case SYBBITN: out.boolean(*data != 0); break;
        case SYBINT1: out.integer(*data); break;
        case SYBINT2: out.integer(read<std::int16_t>(data)); break;
        case SYBINT4: out.integer(read<std::int32_t>(data)); break;
        case SYBINT8: out.integer(read<std::int64_t>(data)); break;
        case SYBREAL: out.number(static_cast<double>(read<float>(data))); break;
        case SYBFLT8: out.number(read<double>(data)); break;
        case SYBMONEY: {
            const auto money = read<DBMONEY>(data);
            out.text(money_text(static_cast<std::int64_t>(
                static_cast<std::uint64_t>(static_cast<std::uint32_t>(money.mnyhigh)) << 32U | money.mnylow)));
            break;
        }
        case SYBMONEY4: out.text(money_text(read<std::int32_t>(data))); break;
        case SYBDECIMAL:
        case SYBNUMERIC:
        case kUniqueIdentifier: out.text(converted(process, column.wire, data, size)); break;
        case SYBMSDATE: out.integer(moment_of(process, column.wire, data).days); break;
        case SYBMSTIME: out.integer(moment_of(process, column.wire, data).microseconds); break;
        case SYBDATETIME:
        case SYBDATETIME4:
        case SYBMSDATETIME2: {
            const Moment moment = moment_of(process, column.wire, data);
            out.integer(moment.days * kMicrosecondsPerDay + moment.microseconds);
            break;
        }
        case SYBMSDATETIMEOFFSET: {
            const Moment moment = moment_of(process, column.wire, data);
            out.integer(moment.days * kMicrosecondsPerDay + moment.microseconds - moment.offset * 60'000'000);
            break;
        }
        default: out.text({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)}); break;
    }
}

}  // namespace kdeps::sqlserver
