// SPDX-License-Identifier: Apache-2.0
// The type table: which column the server's types become, and how a cell is read from the binary and from the text
// protocol.
#pragma once

#include <kdeps/cpp/row_builder.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "mysql_client.hpp"

namespace kdeps::mysql {

struct ResultColumn {
    columns::Column column;
    enum_field_types wire = MYSQL_TYPE_NULL;
    bool is_unsigned = false;
};

// `is_json` as has_json_format told when the statement was prepared; `is_utc`: TIMESTAMP is given in UTC, else it is of
// a zone that has no place in the result.  Throws Error (UNSUPPORTED) for a type that is not
// in the table.
ResultColumn result_column(const MYSQL_FIELD& field, bool is_json, bool is_utc);

// Would result_column give the same?  Throws as it does.
bool is_still(const ResultColumn& column, const MYSQL_FIELD& field, bool is_json, bool is_utc);

// Of metadata that was just received: the library keeps it no longer.
bool has_json_format(const MYSQL_FIELD& field);

// Room for one value of the binary protocol.
union WireValue {
    std::int8_t i8;
    std::int16_t i16;
    std::int32_t i32;
    std::int64_t i64;
    float f32;
    double f64;
    MYSQL_TIME time;
    unsigned char bits[8];
};

// Values of variable length are not bound: they are copied straight into the column.
bool is_variable(const ResultColumn& column);

// A value of fixed length; `length` counts for BIT.  False if the column cannot hold it (a zero date): it is NULL then.
bool append_binary(const ResultColumn& column, const WireValue& value, unsigned long length,
                   columns::ColumnBuilder& out);

// The same from its text.
bool append_text(const ResultColumn& column, std::string_view text, columns::ColumnBuilder& out);

}  // namespace kdeps::mysql
