// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/drivers/postgres_session.hpp"

#include <gtest/gtest.h>

#include <list>

#include "core/plugin/plugin.hpp"

namespace kdeps::testing {
namespace {

kdeps_str to_str(std::string_view text) { return {text.data(), text.size()}; }

struct Loaded {
    plugin::Registry registry{{KDEPS_PLUGIN_FOLDER}};
    plugin::Bound<kdeps_driver> driver = registry.bind<kdeps_driver>(KDEPS_DRIVER_ID, "postgresql").value();
};

std::unique_ptr<PostgresServer> the_server;
std::unique_ptr<Loaded> the_plugin;

// Set up and torn down on the main thread, which the server wants.
class Fixtures : public ::testing::Environment {
public:
    void SetUp() override {
        the_server = std::make_unique<PostgresServer>();
        the_server->create_database("test");
        the_plugin = std::make_unique<Loaded>();
    }
    void TearDown() override {
        the_plugin.reset();
        the_server.reset();
    }
};
[[maybe_unused]] const auto* const kFixtures = ::testing::AddGlobalTestEnvironment(new Fixtures);

const kdeps_driver& driver() { return *the_plugin->driver.table; }

void expect(kdeps_call_& call, kdeps_status status) {
    if (status != KDEPS_OK) throw call.failure(status, "kdeps.driver.postgres");
}

template <class... Visits>
struct Overloaded : Visits... {
    using Visits::operator()...;
};

// Lists are kept in `lists`.
kdeps_cell to_cell(const Parameter& parameter, std::list<std::vector<kdeps_cell>>& lists) {
    kdeps_cell cell{};
    const auto integer = [&](kdeps_kind kind, std::int64_t value) {
        cell.kind = kind;
        cell.as.i = value;
    };
    const auto text = [&](kdeps_kind kind, const std::string& value) {
        cell.kind = kind;
        cell.as.s = to_str(value);
    };
    std::visit(Overloaded{[](std::nullptr_t) {}, [&](bool value) { integer(KDEPS_BOOL, value ? 1 : 0); },
                          [&](int value) { integer(KDEPS_INT, value); },
                          [&](std::int64_t value) { integer(KDEPS_INT, value); },
                          [&](double value) {
                              cell.kind = KDEPS_DOUBLE;
                              cell.as.d = value;
                          },
                          [&](const std::string& value) { text(KDEPS_STRING, value); },
                          [&](const Decimal& value) { text(KDEPS_DECIMAL, value.digits); },
                          [&](const Bytes& value) { text(KDEPS_BYTES, value.bytes); },
                          [&](const List& value) {
                              std::vector<kdeps_cell> elements;
                              for (const Parameter& element : value.elements)
                                  elements.push_back(to_cell(element, lists));
                              const std::vector<kdeps_cell>& kept = lists.emplace_back(std::move(elements));
                              cell.kind = KDEPS_LIST;
                              cell.as.s = {reinterpret_cast<const char*>(kept.data()), kept.size()};
                          }},
               parameter);
    return cell;
}

std::string formats_of(const ArrowSchema& schema) {
    std::string out;
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        out += (i == 0 ? "" : ",") + std::string(schema.children[i]->format);
    }
    return out;
}

// Reads a result to its end.
void read(kdeps_call_& call, ArrowArrayStream& stream, Answer& answer) {
    if (stream.release == nullptr) return;
    try {
        const auto table = value::Table::from_stream(&stream);
        answer.row_count = static_cast<std::int64_t>(table->row_count());
        table->append_json(answer.rows);
    } catch (const Error& error) {
        throw call.error ? *call.error : error;
    }
}

}  // namespace

PostgresServer& postgres() { return *the_server; }
std::string postgres_url() { return the_server->url("test"); }

void make_tables() {
    postgres().execute(
        "test",
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO PUBLIC;"
        "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, amount numeric CHECK (amount > 0));"
        "CREATE TABLE child (id int REFERENCES item); CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC; ALTER TABLE item OWNER TO \"user\"");
}

void check_url(std::string_view url) {
    kdeps_call_ call(the_plugin->registry, "test", "");
    const kdeps_target target{sizeof(kdeps_target), 0, to_str(url), to_str("/"), to_str("pool")};
    expect(call, driver().check(the_plugin->driver.instance, &call, &target));
}

struct PostgresSession::Call : kdeps_call_ {
    explicit Call(const PostgresSession& session) : kdeps_call_(the_plugin->registry, "test", "") {
        deadline = Deadline::after(session.limit_);
        stop = &session.stop_;
    }
};

PostgresSession::PostgresSession(const std::string& url, std::chrono::nanoseconds limit, std::uint32_t flags)
    : limit_(limit) {
    const kdeps_target target{sizeof(kdeps_target), flags, to_str(url), to_str("/"), to_str("pool")};
    Call call(*this);
    expect(call, driver().open(the_plugin->driver.instance, &call, &target, &connection_));
}

PostgresSession::~PostgresSession() {
    for (const auto& [sql, statement] : statements_) driver().finalize(statement);
    driver().close(connection_);
}

kdeps_statement* PostgresSession::prepare(Call& call, const std::string& sql) {
    kdeps_statement*& statement = statements_[sql];
    if (statement == nullptr) {
        const kdeps_status status = driver().prepare(connection_, &call, to_str(sql), &statement);
        if (status != KDEPS_OK) statements_.erase(sql);
        expect(call, status);
    }
    return statement;
}

Answer PostgresSession::execute(const std::string& sql, const Set& parameters) {
    Call call(*this);
    kdeps_statement* statement = prepare(call, sql);
    std::vector<kdeps_cell> cells;
    std::list<std::vector<kdeps_cell>> lists;
    for (const Parameter& parameter : parameters) cells.push_back(to_cell(parameter, lists));
    ArrowArrayStream stream{};
    kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
    expect(call, driver().execute(statement, &call, cells.data(), cells.size(), &stream, &outcome));
    Answer answer;
    answer.rows_affected = outcome.rows_affected;
    answer.last_insert_id = outcome.last_insert_id;
    read(call, stream, answer);
    return answer;
}

std::string PostgresSession::value(const std::string& expression, const Set& parameters) {
    const std::string json = rows("SELECT " + expression + " AS v", parameters);
    const std::size_t start = json.find("\":") + 2;
    return json.substr(start, json.size() - start - 2);
}

kdeps_state PostgresSession::state() {
    kdeps_state out{sizeof(kdeps_state), 0, 0, 0};
    driver().state(connection_, &out);
    return out;
}

std::uint32_t PostgresSession::effects(const std::string& sql) {
    Call call(*this);
    return driver().effects(prepare(call, sql));
}

Answer PostgresSession::batch(const std::string& sql, const std::vector<Set>& sets, std::uint64_t max_bytes) {
    Call call(*this);
    kdeps_statement* statement = prepare(call, sql);
    ArrowArrayStream parameters;
    make_sets(sets, &parameters);
    Answer answer;
    answer.affected.assign(sets.size(), -2);
    kdeps_batch batch{sizeof(kdeps_batch), 0, sets.size(), answer.affected.data(), max_bytes};
    ArrowArrayStream stream{};
    expect(call, driver().execute_batch(statement, &call, &parameters, &stream, &batch));
    read(call, stream, answer);
    return answer;
}

std::int64_t PostgresSession::read_some(const std::string& sql, const std::function<void()>& meanwhile) {
    Call call(*this);
    kdeps_statement* statement = prepare(call, sql);
    ArrowArrayStream stream{};
    kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
    expect(call, driver().execute(statement, &call, nullptr, 0, &stream, &outcome));
    ArrowArray batch{};
    const int failed = stream.get_next(&stream, &batch);
    const std::int64_t count = batch.length;
    if (batch.release != nullptr) batch.release(&batch);
    if (meanwhile) meanwhile();
    stream.release(&stream);
    if (failed != 0) throw *call.error;
    return count;
}

void PostgresSession::prepare_only(const std::string& sql) {
    Call call(*this);
    prepare(call, sql);
}

std::string PostgresSession::describe(const std::string& sql) {
    Call call(*this);
    ArrowSchema parameters{};
    ArrowSchema columns{};
    expect(call, driver().describe(prepare(call, sql), &call, &parameters, &columns));
    std::string out = formats_of(parameters) + " -> " + formats_of(columns);
    parameters.release(&parameters);
    columns.release(&columns);
    return out;
}

void PostgresSession::begin(std::uint32_t isolation, bool is_read_only) {
    Call call(*this);
    expect(call, driver().begin(connection_, &call, isolation, is_read_only ? 1 : 0));
}
void PostgresSession::commit() {
    Call call(*this);
    expect(call, driver().commit(connection_, &call));
}
void PostgresSession::rollback() {
    Call call(*this);
    expect(call, driver().rollback(connection_, &call));
}
void PostgresSession::reset() {
    Call call(*this);
    expect(call, driver().reset(connection_, &call));
}
void PostgresSession::ping() {
    Call call(*this);
    expect(call, driver().ping(connection_, &call));
}

std::string PostgresSession::server() {
    const kdeps_str text = driver().server(connection_);
    return {text.data, text.size};
}

int PostgresSession::process_id() { return std::stoi(value("pg_backend_pid()")); }

void PostgresSession::cancel() { driver().cancel(connection_); }

void PostgresSession::stop() {
    stop_.request();
    cancel();
}

Error error_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "did not fail";
    return Error(Status::internal, "did not fail");
}

}  // namespace kdeps::testing
