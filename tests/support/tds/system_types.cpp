// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/system_types.hpp"

namespace kdeps::testing::tds {

namespace {

int decimal_bytes(int precision) { return precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17; }
int time_bytes(int scale) { return scale <= 2 ? 3 : scale <= 4 ? 4 : 5; }
int text_bytes(const Type& type, int unit) { return type.length == kMax ? -1 : type.length * unit; }
// Digits of a moment with this many before its fraction.
int digits(const Type& type, int whole) { return whole + (type.scale > 0 ? 1 + type.scale : 0); }

SystemType known(const Type& type) {
    switch (type.kind) {
        case Kind::tinyint: return {48, 1, 3, 0};
        case Kind::smallint: return {52, 2, 5, 0};
        case Kind::integer: return {56, 4, 10, 0};
        case Kind::bigint: return {127, 8, 19, 0};
        case Kind::bit: return {104, 1, 1, 0};
        case Kind::decimal: return {106, decimal_bytes(type.precision), type.precision, type.scale};
        case Kind::numeric: return {108, decimal_bytes(type.precision), type.precision, type.scale};
        case Kind::money: return {60, 8, 19, 4};
        case Kind::smallmoney: return {122, 4, 10, 4};
        case Kind::floating: return {62, 8, 53, 0};
        case Kind::real: return {59, 4, 24, 0};
        case Kind::date: return {40, 3, 10, 0};
        case Kind::time: return {41, time_bytes(type.scale), digits(type, 8), type.scale};
        case Kind::datetime: return {61, 8, 23, 3};
        case Kind::smalldatetime: return {58, 4, 16, 0};
        case Kind::datetime2: return {42, 3 + time_bytes(type.scale), digits(type, 19), type.scale};
        case Kind::datetimeoffset: return {43, 5 + time_bytes(type.scale), digits(type, 26), type.scale};
        case Kind::nvarchar: return {231, text_bytes(type, 2)};
        case Kind::nchar: return {239, text_bytes(type, 2)};
        case Kind::varchar: return {167, text_bytes(type, 1)};
        case Kind::character: return {175, text_bytes(type, 1)};
        case Kind::ntext: return {99, 16};
        case Kind::text: return {35, 16};
        case Kind::varbinary: return {165, text_bytes(type, 1)};
        case Kind::binary: return {173, text_bytes(type, 1)};
        case Kind::image: return {34, 16};
        case Kind::uniqueidentifier: return {36, 16};
        case Kind::xml: return {241, -1};
    }
    return {};
}

}  // namespace

SystemType system_type(const Type& type) {
    SystemType out = known(type);
    Writer info;
    write_type(info, type);
    out.tds_id = static_cast<unsigned char>(info.str().at(0));
    return out;
}

}  // namespace kdeps::testing::tds
