// SPDX-License-Identifier: Apache-2.0
// The type table: how each PostgreSQL type is read and bound, and which column it becomes.
#pragma once

#include <libpq-fe.h>

#include <kdeps/cpp/columns.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kdeps::postgres {

// How values look on the wire.
enum class Kind : std::uint8_t {
    boolean,
    int2,
    int4,
    int8,
    unsigned4,
    float4,
    float8,
    numeric,
    text,         // its bytes are its text, in both formats
    quoted_char,  // one byte, and 0 for the empty text
    bytes,
    json,
    jsonb,
    uuid,
    date,
    time,
    timetz,
    timestamp,
    timestamptz,
    interval,
    bits,
    other,  // read as the database's own text
    array,
};

struct Type {
    Kind kind = Kind::other;
    Oid element = 0;       // of an array
    std::string name;      // as SQL writes it
    bool is_text = false;  // holds every text as it is
};

// The types that a connection has met.  The built-in ones are known; those of the database are looked up once
// (kLookUp).
class Types {
public:
    Types();

    // A type that is not known is read and bound as text.
    const Type& of(Oid oid) const;
    // The element's kind of an array, else the kind of the type.
    Kind element_of(const Type& type) const { return type.kind == Kind::array ? of(type.element).kind : type.kind; }

    bool knows(Oid oid) const { return types_.contains(oid); }
    void add(Oid oid, Type type) { types_.insert_or_assign(oid, std::move(type)); }

    // Can all values of the type be read in binary?
    bool has_binary(Oid oid) const { return element_of(of(oid)) != Kind::other; }

    // Given $1, a list of type numbers: oid, typtype, typbasetype, element of a true array or 0, name.
    static const char* const kLookUp;

private:
    std::unordered_map<Oid, Type> types_;
    Type unknown_;
};

columns::Type column_of(Kind kind);

}  // namespace kdeps::postgres
