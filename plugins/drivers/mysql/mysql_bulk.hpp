// SPDX-License-Identifier: Apache-2.0
// The bulk protocol of MariaDB (COM_STMT_BULK_EXECUTE) for a plain INSERT.
#pragma once

#include <deque>
#include <kdeps/cpp/columns.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mysql_client.hpp"
#include "mysql_places.hpp"

namespace kdeps::mysql {

// The table of a statement that writes; of() wants INSERT INTO table [(columns)] VALUES (?, …), and nothing else.
struct BulkTarget {
    std::string schema;  // empty = the session's
    std::string table;

    // Nothing for any other statement.
    static std::optional<BulkTarget> of(std::string_view sql);
    // The first table that an INSERT, REPLACE, UPDATE or DELETE names; nothing for any other statement.
    static std::optional<BulkTarget> written_by(std::string_view sql);
};

// Many sets, column by column, as the library takes them.  Borrows the texts of the columns.
class BulkRows {
public:
    BulkRows(std::size_t columns, const Places& places) : places_(places), columns_(columns) {}

    // False for a value that must be sent in another way: one whose type differs from those above it, a number that is
    // not finite, a text with a zone for a column that is not known.
    bool append(const std::vector<columns::ColumnReader>& readers, std::int64_t row);
    // Valid until the next append or clear.
    MYSQL_BIND* binds();
    void clear();

    std::size_t bytes() const { return bytes_; }
    unsigned int rows() const { return rows_; }

private:
    union Number {
        std::int64_t i;
        double d;
    };
    struct Column {
        enum_field_types type = MYSQL_TYPE_NULL;
        std::vector<Number> numbers;
        std::vector<const char*> texts;
        std::vector<unsigned long> lengths;
        std::vector<char> indicators;
    };
    bool append_cell(Column& column, const kdeps_cell& cell);
    // A moment as the server reads it; false if it must be sent in another way.
    bool append_moment(Column& column, std::string_view text, Place target);

    const Places& places_;
    std::vector<Column> columns_;
    std::vector<MYSQL_BIND> binds_;
    std::deque<std::string> kept_;  // texts that no column holds
    std::size_t bytes_ = 0;
    unsigned int rows_ = 0;
};

}  // namespace kdeps::mysql
