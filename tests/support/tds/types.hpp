// SPDX-License-Identifier: Apache-2.0
// SQL Server's types: their names, their TYPE_INFO ([MS-TDS] 2.2.5.6) and their values on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/tds/bytes.hpp"
#include "tests/support/tds/value.hpp"

namespace kdeps::testing::tds {

enum class Kind : std::uint8_t {
    tinyint,
    smallint,
    integer,
    bigint,
    bit,
    decimal,
    numeric,
    money,
    smallmoney,
    floating,
    real,
    date,
    time,
    datetime,
    smalldatetime,
    datetime2,
    datetimeoffset,
    nvarchar,
    nchar,
    varchar,
    character,
    ntext,
    text,
    varbinary,
    binary,
    image,
    uniqueidentifier,
    xml,
};

constexpr int kMax = -1;  // the length of nvarchar(max)

struct Type {
    Kind kind = Kind::integer;
    int length = 0;  // of texts in characters, of binaries in bytes
    int precision = 0;
    int scale = 0;  // also digits of a second
    bool operator==(const Type&) const = default;
};

bool is_text(Kind kind);
bool is_unicode(Kind kind);
bool is_binary(Kind kind);
bool is_decimal(Kind kind);  // money too
bool is_integer(Kind kind);
bool is_moment(Kind kind);

// From "nvarchar(50)", "decimal(10,2)", ...; throws SqlError 2715 for what is no type.
Type parse_type(std::string_view name);
std::string type_name(const Type& type);

// The minor number of TDS 7.x.
using Version = int;

// What stands for a type with a client of that version, as newer servers do it.
Type wire_type(const Type& type, Version version);
void write_type(Writer& out, const Type& type);
// `value` as convert gives it for the type.
void write_value(Writer& out, const Type& type, const Value& value);

// A parameter's type and value.
Type read_type(Reader& in, std::uint8_t& token, int& size);
struct TypedValue {
    Type type;
    Value value;
};
TypedValue read_typed_value(Reader& in);

// The collation of everything: SQL_Latin1_General_CP1_CI_AS.
inline constexpr std::string_view kCollation("\x09\x04\xD0\x00\x34", 5);

}  // namespace kdeps::testing::tds
