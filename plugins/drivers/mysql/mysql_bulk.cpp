// SPDX-License-Identifier: Apache-2.0
// The bulk protocol, and a statement with many rows, give one count for all sets and do not tell which one failed.  So
// they are used where every set counts 1 or fails, and behind a savepoint: whatever goes wrong takes back to it, and
// the batch is executed set by set.
#include "mysql_bulk.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <initializer_list>

#include "../plain_insert.hpp"
#include "mysql_many_rows.hpp"
#include "mysql_rows.hpp"
#include "mysql_statement.hpp"

namespace kdeps::mysql {
namespace {

// Below, the look at the table and the savepoint cost more than is saved.
constexpr std::size_t kBulkFrom = 64;
// Of one packet; far below every usual max_allowed_packet.
constexpr std::size_t kPacketBytes = 512 << 10;
constexpr unsigned int kPacketRows = 16'384;
constexpr std::size_t kHead = 4096;  // of the packet, above its rows

void append_quoted(MYSQL* client, const std::string& text, std::string& out) {
    std::string escaped(text.size() * 2 + 1, '\0');
    escaped.resize(mysql_real_escape_string(client, escaped.data(), text.data(), text.size()));
    out += "'" + escaped + "'";
}

bool has_bulk_protocol(MYSQL* client) {
    unsigned long extended = 0;
    constexpr auto kBulk = static_cast<unsigned long>(MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32U);
    return mariadb_get_infov(client, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended) == 0 &&
           (extended & kBulk) != 0;
}

// Takes words and names off the front of a statement.
class WordReader {
public:
    explicit WordReader(std::string_view sql) : rest_(sql) { skip_space(); }

    // In lower case; empty if there is none.
    std::string word() const {
        std::string out;
        for (const char c : rest_.substr(0, size())) {
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
        return out;
    }
    bool skips(std::initializer_list<std::string_view> words) {
        if (std::find(words.begin(), words.end(), word()) == words.end()) return false;
        advance(size());
        return true;
    }
    bool skips(char sign) {
        if (!rest_.starts_with(sign)) return false;
        advance(1);
        return true;
    }
    std::string name() {
        std::string out;
        if (!rest_.starts_with('`')) {
            out = rest_.substr(0, size());
            advance(size());
            return out;
        }
        std::size_t i = 1;
        for (; i < rest_.size(); ++i) {
            if (rest_[i] == '`' && !rest_.substr(i + 1).starts_with('`')) break;
            if (rest_[i] == '`') ++i;
            out += rest_[i];
        }
        advance(std::min(i + 1, rest_.size()));
        return out;
    }

private:
    static bool is_of_name(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
               static_cast<unsigned char>(c) >= 0x80;
    }
    std::size_t size() const {
        std::size_t out = 0;
        while (out < rest_.size() && is_of_name(rest_[out])) ++out;
        return out;
    }
    void advance(std::size_t count) {
        rest_.remove_prefix(count);
        skip_space();
    }
    void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n\f"), rest_.size())); }

    std::string_view rest_;
};

}  // namespace

std::optional<BulkTarget> BulkTarget::written_by(std::string_view sql) {
    WordReader reader(sql);
    if (!reader.skips({"insert", "replace", "update", "delete"})) return std::nullopt;
    while (reader.skips({"low_priority", "high_priority", "delayed", "quick", "ignore"})) {
    }
    reader.skips({"into", "from"});
    BulkTarget out{"", reader.name()};
    if (reader.skips('.')) out = {out.table, reader.name()};
    return out;
}

std::optional<BulkTarget> BulkTarget::of(std::string_view sql) {
    auto insert = drivers::read_plain_insert(sql, {'`', false, false});
    if (!insert) return std::nullopt;
    return BulkTarget{insert->schema ? std::move(insert->schema->meant) : "", std::move(insert->table.meant)};
}

bool BulkRows::append_cell(Column& column, const kdeps_cell& cell) {
    if (cell.kind == KDEPS_NULL) {
        column.numbers.push_back({});
        column.texts.push_back("");
        column.lengths.push_back(0);
        column.indicators.push_back(STMT_INDICATOR_NULL);
        return true;
    }
    enum_field_types type = MYSQL_TYPE_NULL;
    Number number{};
    std::string_view text;
    switch (cell.kind) {
        case KDEPS_BOOL:
        case KDEPS_INT:
            type = MYSQL_TYPE_LONGLONG;
            number.i = cell.as.i;
            break;
        case KDEPS_DOUBLE:
            type = MYSQL_TYPE_DOUBLE;
            number.d = cell.as.d;
            if (!std::isfinite(cell.as.d)) return false;
            break;
        case KDEPS_DECIMAL: type = MYSQL_TYPE_NEWDECIMAL; break;
        case KDEPS_STRING: type = MYSQL_TYPE_STRING; break;
        case KDEPS_BYTES: type = MYSQL_TYPE_BLOB; break;
        default: return false;
    }
    if (type != MYSQL_TYPE_LONGLONG && type != MYSQL_TYPE_DOUBLE) text = to_view(cell.as.s);
    if (column.type != MYSQL_TYPE_NULL && column.type != type) return false;
    column.type = type;
    column.numbers.push_back(number);
    column.texts.push_back(text.empty() ? "" : text.data());
    column.lengths.push_back(text.size());
    column.indicators.push_back(STMT_INDICATOR_NONE);
    bytes_ += text.size();
    return true;
}

bool BulkRows::append(const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::string scratch;
        kdeps_cell cell = readers[i].cell(row, scratch);
        // A text that was made for this cell would be gone.
        if (cell.kind >= KDEPS_DECIMAL && cell.kind <= KDEPS_BYTES && cell.as.s.data == scratch.data())
            cell.as.s = to_str(kept_.emplace_back(scratch));
        const Place target = places_.of(i);
        const bool may_be_moment =
            cell.kind == KDEPS_STRING && target != Place::text && may_have_zone({cell.as.s.data, cell.as.s.size});
        if (may_be_moment ? !append_moment(columns_[i], to_view(cell.as.s), target) : !append_cell(columns_[i], cell)) {
            return false;
        }
        bytes_ += 9;
    }
    ++rows_;
    return true;
}

bool BulkRows::append_moment(Column& column, std::string_view text, Place target) {
    const auto moment = zoned_moment(text);
    if (!moment || (target != Place::moment && target != Place::date)) return false;
    std::array<char, 40> written{};
    const int size =
        std::snprintf(written.data(), written.size(), "%04u-%02u-%02u %02u:%02u:%02u.%06lu", moment->year,
                      moment->month, moment->day, moment->hour, moment->minute, moment->second, moment->second_part);
    constexpr int kDate = 10;
    const std::string& kept =
        kept_.emplace_back(written.data(), static_cast<std::size_t>(target == Place::date ? kDate : size));
    return append_cell(column, {KDEPS_STRING, 0, {.s = to_str(kept)}});
}

MYSQL_BIND* BulkRows::binds() {
    binds_.assign(columns_.size(), {});
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        Column& column = columns_[i];
        MYSQL_BIND& bind = binds_[i];
        // All NULL: any type will do.
        bind.buffer_type = column.type == MYSQL_TYPE_NULL ? MYSQL_TYPE_LONGLONG : column.type;
        const bool is_number = bind.buffer_type == MYSQL_TYPE_LONGLONG || bind.buffer_type == MYSQL_TYPE_DOUBLE;
        bind.buffer = is_number ? static_cast<void*>(column.numbers.data()) : static_cast<void*>(column.texts.data());
        bind.length = column.lengths.data();
        bind.u.indicator = column.indicators.data();
    }
    return binds_.data();
}

void BulkRows::clear() {
    for (Column& column : columns_) {
        column.numbers.clear();
        column.texts.clear();
        column.lengths.clear();
        column.indicators.clear();
    }
    kept_.clear();
    bytes_ = 0;
    rows_ = 0;
}

// A trigger may write to tables that a savepoint does not take back.
bool Statement::suits_bulk(const Operation& operation) {
    MYSQL* client = connection_.client();
    std::string where = " = ";
    if (bulk_->schema.empty()) {
        where += "DATABASE()";
    } else {
        append_quoted(client, bulk_->schema, where);
    }
    std::string table;
    append_quoted(client, bulk_->table, table);
    return finds_row(operation, "SELECT 1 FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA" + where +
                                    " AND t.TABLE_NAME = " + table +
                                    " AND t.ENGINE = 'InnoDB' AND NOT EXISTS (SELECT 1 FROM "
                                    "information_schema.TRIGGERS g WHERE g.EVENT_OBJECT_SCHEMA" +
                                    where + " AND g.EVENT_OBJECT_TABLE = " + table + ")");
}

// Asked of the table that the statement names first; what a procedure or a trigger writes to, nobody tells.
bool Statement::is_taken_back(const Operation& operation) {
    const std::optional<BulkTarget> target = BulkTarget::written_by(sql_);
    if (!target) return true;
    MYSQL* client = connection_.client();
    std::string where = "t.TABLE_SCHEMA = ";
    if (target->schema.empty()) {
        where += "DATABASE()";
    } else {
        append_quoted(client, target->schema, where);
    }
    where += " AND t.TABLE_NAME = ";
    append_quoted(client, target->table, where);
    // A view has no engine.
    return finds_row(operation,
                     "SELECT 1 FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE = "
                     "t.ENGINE WHERE " +
                         where + " AND e.TRANSACTIONS = 'YES'");
}

bool Statement::finds_row(const Operation& operation, const std::string& sql) {
    if (const auto failed = connection_.run(sql)) throw connection_.failure(operation, *failed);
    const BufferedResult result(mysql_store_result(connection_.client()));
    if (result == nullptr) throw connection_.failure(operation, native_error(connection_.client()));
    return mysql_num_rows(result.get()) > 0;
}

bool Statement::bulk_batch(Operation& operation, const Sets& sets, std::span<std::int64_t> affected) {
    if (!bulk_ || is_unprepared_ || affected.size() < kBulkFrom || !suits_bulk(operation)) return false;
    places_.emplace(sql_, connection_.lexis(), parameters_.size());
    learn_places();
    if (const auto failed = connection_.run("SAVEPOINT kdeps_batch")) throw connection_.failure(operation, *failed);
    std::optional<Error> failure;
    const bool is_good = has_bulk_protocol(connection_.client())
                             ? insert_in_bulk(operation, sets, affected.size(), failure)
                             : insert_many_rows(operation, sets, affected.size(), failure);
    if (operation.check())
        throw failure ? *failure : connection_.failure(operation, {ER_QUERY_INTERRUPTED, "70100", ""});
    if (is_good) {
        std::fill(affected.begin(), affected.end(), 1);
        connection_.run("RELEASE SAVEPOINT kdeps_batch");
        return true;
    }
    if (failure && failure->damage == KDEPS_DAMAGE_CONNECTION) throw *failure;
    // After a deadlock the transaction is gone, and its savepoint.  A warning tells of a table without transactions,
    // such as a temporary one in the place of the one that was looked at: what is in it stays.
    const auto failed = connection_.run("ROLLBACK TO SAVEPOINT kdeps_batch");
    if (failed || mysql_warning_count(connection_.client()) > 0)
        throw failure ? *failure : connection_.failure(operation, native_error(connection_.client()));
    return false;
}

bool Statement::insert_in_bulk(Operation& operation, const Sets& sets, std::size_t count,
                               std::optional<Error>& failure) {
    BulkRows rows(parameters_.size(), *places_);
    std::size_t done = 0;
    const auto flush = [&] {
        unsigned int size = rows.rows();
        MYSQL_STMT* statement = statement_.get();
        mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &size);
        const bool is_done = mysql_stmt_bind_param(statement, rows.binds()) == 0 && mysql_stmt_execute(statement) == 0;
        if (!is_done) failure = connection_.failure(operation, native_error(statement));
        const bool is_whole = is_done && mysql_stmt_affected_rows(statement) == size;
        size = 0;
        mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &size);
        done += rows.rows();
        rows.clear();
        return is_whole;
    };
    bool is_good = true;
    sets.for_each([&](const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
        is_good = readers.size() == parameters_.size() && rows.append(readers, row);
        is_good = is_good && rows.bytes() + kHead < connection_.max_packet();
        if (is_good && (rows.bytes() >= kPacketBytes || rows.rows() == kPacketRows)) is_good = flush();
        return is_good && !operation.check();
    });
    return is_good && !operation.check() && (rows.rows() == 0 || flush()) && done == count;
}

bool Statement::insert_many_rows(Operation& operation, const Sets& sets, std::size_t count,
                                 std::optional<Error>& failure) {
    const std::size_t most =
        std::min(kPacketBytes, connection_.max_packet() - std::min(kHead, connection_.max_packet()));
    ManyRows rows(connection_.client(), statement_.get(), sql_, *places_, count, most);
    bool is_good = true;
    std::size_t done = 0;
    sets.for_each([&](const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
        try {
            is_good = rows.append(readers, row);
        } catch (const Error&) {
            // Of a value: set by set it is named with its set.
            is_good = false;
        }
        ++done;
        return is_good && !operation.check();
    });
    if (rows.failed() != nullptr) failure = connection_.failure(operation, native_error(rows.failed()));
    return is_good && !operation.check() && done == count;
}

}  // namespace kdeps::mysql
