// SPDX-License-Identifier: Apache-2.0
#include "postgres_types.hpp"

#include <array>

namespace kdeps::postgres {
namespace {

struct BuiltIn {
    Oid oid;
    Oid array;  // 0 = none
    Kind kind;
    const char* name;
};

// Source of the numbers: PostgreSQL 15, src/include/catalog/pg_type.dat; they never change.
constexpr std::array kBuiltIn{
    BuiltIn{16, 1000, Kind::boolean, "boolean"},
    BuiltIn{17, 1001, Kind::bytes, "bytea"},
    BuiltIn{18, 1002, Kind::quoted_char, "\"char\""},
    BuiltIn{19, 1003, Kind::text, "name"},
    BuiltIn{20, 1016, Kind::int8, "bigint"},
    BuiltIn{21, 1005, Kind::int2, "smallint"},
    BuiltIn{22, 1006, Kind::other, "int2vector"},
    BuiltIn{23, 1007, Kind::int4, "integer"},
    BuiltIn{24, 1008, Kind::other, "regproc"},
    BuiltIn{25, 1009, Kind::text, "text"},
    BuiltIn{26, 1028, Kind::unsigned4, "oid"},
    BuiltIn{27, 1010, Kind::other, "tid"},
    BuiltIn{28, 1011, Kind::unsigned4, "xid"},
    BuiltIn{29, 1012, Kind::unsigned4, "cid"},
    BuiltIn{30, 1013, Kind::other, "oidvector"},
    BuiltIn{114, 199, Kind::json, "json"},
    BuiltIn{142, 143, Kind::text, "xml"},
    BuiltIn{600, 1017, Kind::other, "point"},
    BuiltIn{603, 0, Kind::other, "box"},  // its array is written with ';'
    BuiltIn{650, 651, Kind::other, "cidr"},
    BuiltIn{700, 1021, Kind::float4, "real"},
    BuiltIn{701, 1022, Kind::float8, "double precision"},
    BuiltIn{705, 0, Kind::text, "unknown"},
    BuiltIn{790, 791, Kind::other, "money"},
    BuiltIn{829, 1040, Kind::other, "macaddr"},
    BuiltIn{869, 1041, Kind::other, "inet"},
    BuiltIn{1042, 1014, Kind::text, "character"},
    BuiltIn{1043, 1015, Kind::text, "character varying"},
    BuiltIn{1082, 1182, Kind::date, "date"},
    BuiltIn{1083, 1183, Kind::time, "time"},
    BuiltIn{1114, 1115, Kind::timestamp, "timestamp"},
    BuiltIn{1184, 1185, Kind::timestamptz, "timestamp with time zone"},
    BuiltIn{1186, 1187, Kind::interval, "interval"},
    BuiltIn{1266, 1270, Kind::timetz, "time with time zone"},
    BuiltIn{1560, 1561, Kind::bits, "bit"},
    BuiltIn{1562, 1563, Kind::bits, "bit varying"},
    BuiltIn{1700, 1231, Kind::numeric, "numeric"},
    BuiltIn{2205, 2210, Kind::other, "regclass"},
    BuiltIn{2249, 2287, Kind::other, "record"},
    BuiltIn{2278, 0, Kind::text, "void"},
    BuiltIn{2950, 2951, Kind::uuid, "uuid"},
    BuiltIn{3802, 3807, Kind::jsonb, "jsonb"},
    BuiltIn{3904, 3905, Kind::other, "int4range"},
    BuiltIn{3906, 3907, Kind::other, "numrange"},
    BuiltIn{3908, 3909, Kind::other, "tsrange"},
    BuiltIn{3910, 3911, Kind::other, "tstzrange"},
    BuiltIn{3912, 3913, Kind::other, "daterange"},
    BuiltIn{3926, 3927, Kind::other, "int8range"},
    BuiltIn{3614, 3643, Kind::other, "tsvector"},
};

}  // namespace

Types::Types() {
    for (const BuiltIn& type : kBuiltIn) {
        types_.emplace(type.oid, Type{type.kind, 0, type.name, type.oid == 25 || type.oid == 1043});
        if (type.array != 0) types_.emplace(type.array, Type{Kind::array, type.oid, std::string(type.name) + "[]"});
    }
    unknown_.name = "a type of the database";
}

const Type& Types::of(Oid oid) const {
    const auto found = types_.find(oid);
    return found == types_.end() ? unknown_ : found->second;
}

// Vectors have elements too, but another text form than arrays; the delimiter is ',' for all but box.
const char* const Types::kLookUp =
    "SELECT oid, typtype, typbasetype, "
    "CASE WHEN typinput = 'pg_catalog.array_in'::pg_catalog.regproc AND typdelim = ',' THEN typelem ELSE 0 END, "
    "pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type WHERE oid = ANY ($1::pg_catalog.oid[])";

columns::Type column_of(Kind kind) {
    switch (kind) {
        case Kind::boolean: return columns::Type::boolean;
        case Kind::int2: return columns::Type::int16;
        case Kind::int4: return columns::Type::int32;
        case Kind::int8:
        case Kind::unsigned4: return columns::Type::int64;
        case Kind::float4: return columns::Type::float32;
        case Kind::float8: return columns::Type::float64;
        case Kind::numeric: return columns::Type::decimal;
        case Kind::bytes: return columns::Type::bytes;
        case Kind::json:
        case Kind::jsonb:
        case Kind::array: return columns::Type::json;
        case Kind::date: return columns::Type::date;
        case Kind::time: return columns::Type::time;
        case Kind::timestamp: return columns::Type::timestamp;
        case Kind::timestamptz: return columns::Type::timestamp_utc;
        default: return columns::Type::text;
    }
}

}  // namespace kdeps::postgres
