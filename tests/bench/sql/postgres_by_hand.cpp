// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sql/postgres_by_hand.hpp"

#include <libpq-fe.h>

#include <bit>
#include <kdeps/cpp/text.hpp>
#include <stdexcept>

namespace kdeps::bench {

namespace {

struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

Result expect(PGconn* connection, PGresult* raw, ExecStatusType wanted) {
    Result result(raw);
    if (PQresultStatus(raw) != wanted) throw std::runtime_error(PQerrorMessage(connection));
    return result;
}

template <typename Integer>
void append_big_endian(Integer value, std::string& out) {
    for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xFFU);
}

struct Bound {
    std::string amount;
    std::string id;
    const char* values[2];
    int lengths[2] = {8, 4};
    int formats[2] = {1, 1};

    void set(const Update& update) {
        amount.clear();
        id.clear();
        append_big_endian(update.amount, amount);
        append_big_endian(update.id, id);
        values[0] = amount.data();
        values[1] = id.data();
    }
};

}  // namespace

PostgresByHand::PostgresByHand(const std::string& url, const std::vector<std::string>& first)
    : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_));
    for (const std::string& sql : first) execute(sql);
    const auto prepare = [&](const char* name, const char* sql) {
        expect(connection_, PQprepare(connection_, name, sql, 0, nullptr), PGRES_COMMAND_OK);
    };
    prepare("read", "SELECT id, big, name, price, total, at FROM read_rows");
    prepare("update", "UPDATE updated SET amount = $1 WHERE id = $2");
    prepare("look_up", "SELECT name, price FROM read_rows WHERE id = $1");
}

PostgresByHand::~PostgresByHand() { PQfinish(connection_); }

void PostgresByHand::execute(const std::string& sql) {
    expect(connection_, PQexec(connection_, sql.c_str()), PGRES_COMMAND_OK);
}

void PostgresByHand::read_binary() {
    expect(connection_, PQexecPrepared(connection_, "read", 0, nullptr, nullptr, nullptr, 1), PGRES_TUPLES_OK);
}

std::size_t PostgresByHand::read_json_agg() {
    const Result result =
        expect(connection_,
               PQexec(connection_, "SELECT json_agg(t) FROM (SELECT id, big, name, price, total, at FROM read_rows) t"),
               PGRES_TUPLES_OK);
    return static_cast<std::size_t>(PQgetlength(result.get(), 0, 0));
}

void PostgresByHand::update_pipelined(const std::vector<Update>& updates) {
    // Non-blocking: what the socket does not take waits in libpq, and is sent while results are read.
    if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1)
        throw std::runtime_error(PQerrorMessage(connection_));
    Bound bound;
    for (const Update& update : updates) {
        bound.set(update);
        PQsendQueryPrepared(connection_, "update", 2, bound.values, bound.lengths, bound.formats, 1);
    }
    PQpipelineSync(connection_);
    std::size_t done = 0;
    for (bool is_over = false; !is_over;) {
        const Result result(PQgetResult(connection_));
        if (result == nullptr) continue;
        const ExecStatusType status = PQresultStatus(result.get());
        is_over = status == PGRES_PIPELINE_SYNC;
        done += status == PGRES_COMMAND_OK && std::string_view(PQcmdTuples(result.get())) == "1" ? 1 : 0;
    }
    PQexitPipelineMode(connection_);
    PQsetnonblocking(connection_, 0);
    if (done != updates.size()) throw std::runtime_error("the pipeline updated " + std::to_string(done) + " rows");
}

void PostgresByHand::update_one_by_one(const std::vector<Update>& updates, bool is_one_transaction) {
    if (is_one_transaction) execute("BEGIN");
    Bound bound;
    for (const Update& update : updates) {
        bound.set(update);
        expect(connection_, PQexecPrepared(connection_, "update", 2, bound.values, bound.lengths, bound.formats, 1),
               PGRES_COMMAND_OK);
    }
    if (is_one_transaction) execute("COMMIT");
}

void PostgresByHand::put(std::string& data, bool is_last) {
    constexpr std::size_t kPiece = 64 << 10;
    if (!is_last && data.size() < kPiece) return;
    if (PQputCopyData(connection_, data.data(), static_cast<int>(data.size())) != 1)
        throw std::runtime_error(PQerrorMessage(connection_));
    data.clear();
    if (!is_last) return;
    if (PQputCopyEnd(connection_, nullptr) != 1) throw std::runtime_error(PQerrorMessage(connection_));
    expect(connection_, PQgetResult(connection_), PGRES_COMMAND_OK);
    Result(PQgetResult(connection_));
}

void PostgresByHand::insert_copy_binary(const std::vector<Item>& items) {
    constexpr std::int64_t kEpoch = 946'684'800'000'000;  // 2000-01-01, from which PostgreSQL counts
    expect(connection_, PQexec(connection_, "COPY inserted (id, name, price, at) FROM STDIN (FORMAT binary)"),
           PGRES_COPY_IN);
    std::string out("PGCOPY\n\377\r\n\0", 11);
    append_big_endian<std::int64_t>(0, out);
    for (const Item& item : items) {
        append_big_endian<std::int16_t>(4, out);
        append_big_endian<std::int32_t>(4, out);
        append_big_endian(item.id, out);
        append_big_endian(static_cast<std::int32_t>(item.name.size()), out);
        out += item.name;
        append_big_endian<std::int32_t>(8, out);
        append_big_endian(std::bit_cast<std::int64_t>(item.price), out);
        append_big_endian<std::int32_t>(8, out);
        append_big_endian(item.at_micros - kEpoch, out);
        put(out, false);
    }
    append_big_endian<std::int16_t>(-1, out);
    put(out, true);
}

void PostgresByHand::insert_copy_text(const std::vector<Item>& items) {
    expect(connection_, PQexec(connection_, "COPY inserted (id, name, price, at) FROM STDIN"), PGRES_COPY_IN);
    std::string out;
    for (const Item& item : items) {
        columns::append_integer(item.id, out);
        out += '\t';
        out += item.name;  // holds nothing that must be escaped
        out += '\t';
        columns::append_float(item.price, out);
        out += '\t';
        out += item.at;
        out += '\n';
        put(out, false);
    }
    put(out, true);
}

std::string PostgresByHand::look_up(std::int32_t id) {
    std::string bytes;
    append_big_endian(id, bytes);
    const char* value = bytes.data();
    const int length = 4;
    const int format = 1;
    const Result result =
        expect(connection_, PQexecPrepared(connection_, "look_up", 1, &value, &length, &format, 1), PGRES_TUPLES_OK);
    return {PQgetvalue(result.get(), 0, 0), static_cast<std::size_t>(PQgetlength(result.get(), 0, 0))};
}

}  // namespace kdeps::bench
