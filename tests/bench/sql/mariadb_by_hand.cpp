// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sql/mariadb_by_hand.hpp"

#include <mysql.h>

#include <memory>
#include <stdexcept>

namespace kdeps::bench {

namespace {

struct Close {
    void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
};
using Statement = std::unique_ptr<MYSQL_STMT, Close>;

Statement prepare(MYSQL* connection, const std::string& sql) {
    Statement statement(mysql_stmt_init(connection));
    if (mysql_stmt_prepare(statement.get(), sql.data(), sql.size()) != 0)
        throw std::runtime_error(mysql_stmt_error(statement.get()));
    return statement;
}

void expect(MYSQL_STMT* statement, int failed) {
    if (failed != 0) throw std::runtime_error(mysql_stmt_error(statement));
}

// The rows of a bulk execution, column by column.
void execute_bulk(MYSQL* connection, const std::string& sql, std::vector<MYSQL_BIND> binds, unsigned int rows) {
    const Statement statement = prepare(connection, sql);
    mysql_stmt_attr_set(statement.get(), STMT_ATTR_ARRAY_SIZE, &rows);
    expect(statement.get(), mysql_stmt_bind_param(statement.get(), binds.data()));
    expect(statement.get(), mysql_stmt_execute(statement.get()));
}

MYSQL_BIND numbers(enum_field_types type, const void* first) {
    MYSQL_BIND bind{};
    bind.buffer_type = type;
    bind.buffer = const_cast<void*>(first);
    return bind;
}

struct Texts {
    std::vector<const char*> pointers;
    std::vector<unsigned long> lengths;

    void add(const std::string& text) {
        pointers.push_back(text.data());
        lengths.push_back(text.size());
    }
    MYSQL_BIND bind() {
        MYSQL_BIND bind{};
        bind.buffer_type = MYSQL_TYPE_STRING;
        bind.buffer = pointers.data();
        bind.length = lengths.data();
        return bind;
    }
};

}  // namespace

MariaDbByHand::MariaDbByHand(std::uint16_t port, const std::string& database, const std::vector<std::string>& first)
    : connection_(mysql_init(nullptr)) {
    if (mysql_real_connect(connection_, "127.0.0.1", "user", "pass", database.c_str(), port, nullptr, 0) == nullptr)
        throw std::runtime_error(mysql_error(connection_));
    execute("SET group_concat_max_len = 1073741824");  // else JSON_ARRAYAGG cuts
    for (const std::string& sql : first) execute(sql);
}

MariaDbByHand::~MariaDbByHand() { mysql_close(connection_); }

void MariaDbByHand::execute(const std::string& sql) {
    if (mysql_real_query(connection_, sql.data(), sql.size()) != 0) throw std::runtime_error(mysql_error(connection_));
}

void MariaDbByHand::read_binary() {
    const Statement statement = prepare(connection_, "SELECT id, big, name, price, total, at FROM read_rows");
    std::int32_t id = 0;
    std::int64_t big = 0;
    double price = 0;
    MYSQL_TIME at{};
    char name[64];
    char total[64];
    MYSQL_BIND binds[6]{};
    const auto set = [&](int i, enum_field_types type, void* buffer, unsigned long size) {
        binds[i].buffer_type = type;
        binds[i].buffer = buffer;
        binds[i].buffer_length = size;
    };
    set(0, MYSQL_TYPE_LONG, &id, sizeof(id));
    set(1, MYSQL_TYPE_LONGLONG, &big, sizeof(big));
    set(2, MYSQL_TYPE_STRING, name, sizeof(name));
    set(3, MYSQL_TYPE_DOUBLE, &price, sizeof(price));
    set(4, MYSQL_TYPE_STRING, total, sizeof(total));
    set(5, MYSQL_TYPE_DATETIME, &at, sizeof(at));
    expect(statement.get(), mysql_stmt_execute(statement.get()));
    expect(statement.get(), mysql_stmt_bind_result(statement.get(), binds));
    int rows = 0;
    while (mysql_stmt_fetch(statement.get()) == 0) ++rows;
    if (rows != kRows) throw std::runtime_error("MariaDB gave " + std::to_string(rows) + " rows");
}

std::size_t MariaDbByHand::read_json_agg() {
    execute(
        "SELECT JSON_ARRAYAGG(JSON_OBJECT('id', id, 'big', big, 'name', name, 'price', price, 'total', total, 'at', "
        "at)) "
        "FROM read_rows");
    MYSQL_RES* result = mysql_store_result(connection_);
    if (result == nullptr) throw std::runtime_error(mysql_error(connection_));
    mysql_fetch_row(result);
    const std::size_t size = mysql_fetch_lengths(result)[0];
    mysql_free_result(result);
    return size;
}

void MariaDbByHand::update_bulk(const std::vector<Update>& updates) {
    std::vector<std::int64_t> amounts;
    std::vector<std::int32_t> ids;
    for (const Update& update : updates) {
        amounts.push_back(update.amount);
        ids.push_back(update.id);
    }
    execute("START TRANSACTION");
    execute_bulk(connection_, "UPDATE updated SET amount = ? WHERE id = ?",
                 {numbers(MYSQL_TYPE_LONGLONG, amounts.data()), numbers(MYSQL_TYPE_LONG, ids.data())},
                 static_cast<unsigned int>(updates.size()));
    execute("COMMIT");
}

void MariaDbByHand::update_one_by_one(const std::vector<Update>& updates) {
    execute("START TRANSACTION");
    const Statement statement = prepare(connection_, "UPDATE updated SET amount = ? WHERE id = ?");
    Update bound{};
    MYSQL_BIND binds[2] = {numbers(MYSQL_TYPE_LONGLONG, &bound.amount), numbers(MYSQL_TYPE_LONG, &bound.id)};
    expect(statement.get(), mysql_stmt_bind_param(statement.get(), binds));
    for (const Update& update : updates) {
        bound = update;
        expect(statement.get(), mysql_stmt_execute(statement.get()));
    }
    execute("COMMIT");
}

void MariaDbByHand::insert_bulk(const std::vector<Item>& items) {
    std::vector<std::int32_t> ids;
    std::vector<double> prices;
    Texts names;
    Texts moments;
    for (const Item& item : items) {
        ids.push_back(item.id);
        prices.push_back(item.price);
        names.add(item.name);
        moments.add(item.at);
    }
    execute("START TRANSACTION");
    execute_bulk(
        connection_, "INSERT INTO inserted (id, name, price, at) VALUES (?, ?, ?, ?)",
        {numbers(MYSQL_TYPE_LONG, ids.data()), names.bind(), numbers(MYSQL_TYPE_DOUBLE, prices.data()), moments.bind()},
        static_cast<unsigned int>(items.size()));
    execute("COMMIT");
}

}  // namespace kdeps::bench
