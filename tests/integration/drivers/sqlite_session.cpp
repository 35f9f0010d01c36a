// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/drivers/sqlite_session.hpp"

#include <gtest/gtest.h>

#include "core/plugin/plugin.hpp"

namespace kdeps::testing {
namespace {

kdeps_str to_str(std::string_view text) { return {text.data(), text.size()}; }

Failure to_failure(const Error& error) {
    return {static_cast<kdeps_status>(error.status),
            error.message,
            error.sqlstate,
            static_cast<std::uint8_t>(error.retry),
            static_cast<std::uint8_t>(error.damage),
            error.batch_set,
            error.detail};
}

void expect(kdeps_call_& call, kdeps_status status) {
    if (status != KDEPS_OK) throw to_failure(call.failure(status, "kdeps.driver.sqlite"));
}

std::vector<std::string> formats_of(const ArrowSchema& schema) {
    std::vector<std::string> out;
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        out.emplace_back(schema.children[i]->format);
    }
    return out;
}

// Reads a result to its end.
void read(kdeps_call_& call, ArrowArrayStream& stream, Answer& answer) {
    if (stream.release == nullptr) return;
    ArrowSchema schema{};
    if (stream.get_schema(&stream, &schema) == 0) {
        answer.formats = formats_of(schema);
        schema.release(&schema);
    }
    try {
        value::Table::from_stream(&stream)->append_json(answer.rows);
    } catch (const Error& error) {
        throw to_failure(call.error ? *call.error : error);
    }
}

}  // namespace

struct SqliteDriver::Loaded {
    mutable plugin::Registry registry{{KDEPS_PLUGIN_FOLDER}};
    plugin::Bound<kdeps_driver> driver = *registry.bind<kdeps_driver>(KDEPS_DRIVER_ID, "sqlite");
};

SqliteDriver::SqliteDriver() : loaded_(std::make_unique<Loaded>()) {}
SqliteDriver::~SqliteDriver() = default;

const kdeps_driver& SqliteDriver::table() const { return *loaded_->driver.table; }

void SqliteDriver::check(std::string_view url) const {
    kdeps_call_ call(loaded_->registry, "test", "");
    const kdeps_target target{sizeof(kdeps_target), 0, to_str(url), to_str("/"), to_str("pool")};
    expect(call, table().check(loaded_->driver.instance, &call, &target));
}

// A statement that is finalized when it goes.
struct SqliteSession::Statement {
    Statement(const SqliteSession& session, kdeps_call_& call, std::string_view sql) : driver(session.driver_.table()) {
        expect(call, driver.prepare(session.connection_, &call, to_str(sql), &handle));
    }
    ~Statement() { driver.finalize(handle); }

    const kdeps_driver& driver;
    kdeps_statement* handle = nullptr;
};

SqliteSession::SqliteSession(const SqliteDriver& driver, std::string_view url, const std::filesystem::path& folder,
                             std::string_view pool)
    : driver_(driver), folder_(folder) {
    const kdeps_target target{sizeof(kdeps_target), 0, to_str(url), to_str(folder_.native()), to_str(pool)};
    call([&](kdeps_call* handle) {
        return driver_.table().open(driver_.loaded().driver.instance, handle, &target, &connection_);
    });
}

SqliteSession::~SqliteSession() { driver_.table().close(connection_); }

void SqliteSession::call(const std::function<kdeps_status(kdeps_call*)>& slot) const {
    kdeps_call_ call(driver_.loaded().registry, "test", folder_.native());
    call.deadline = Deadline::after(limit_);
    expect(call, slot(&call));
}

Answer SqliteSession::execute(std::string_view sql, const std::vector<kdeps_cell>& parameters) {
    kdeps_call_ call(driver_.loaded().registry, "test", folder_.native());
    call.deadline = Deadline::after(limit_);
    const Statement statement(*this, call, sql);
    ArrowArrayStream stream{};
    kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
    expect(call,
           driver_.table().execute(statement.handle, &call, parameters.data(), parameters.size(), &stream, &outcome));
    Answer answer;
    answer.rows_affected = outcome.rows_affected;
    answer.last_insert_id = outcome.last_insert_id;
    read(call, stream, answer);
    return answer;
}

Answer SqliteSession::batch(std::string_view sql, ArrowArrayStream* moved, std::size_t sets) {
    kdeps_call_ call(driver_.loaded().registry, "test", folder_.native());
    call.deadline = Deadline::after(limit_);
    const Statement statement(*this, call, sql);
    Answer answer;
    answer.affected.assign(sets, -1);
    kdeps_batch batch{sizeof(kdeps_batch), 0, sets, answer.affected.data()};
    ArrowArrayStream stream{};
    expect(call, driver_.table().execute_batch(statement.handle, &call, moved, &stream, &batch));
    read(call, stream, answer);
    return answer;
}

std::vector<std::int64_t> SqliteSession::read_some(std::string_view sql, std::size_t batches) {
    kdeps_call_ call(driver_.loaded().registry, "test", folder_.native());
    call.deadline = Deadline::after(limit_);
    const Statement statement(*this, call, sql);
    ArrowArrayStream stream{};
    kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
    expect(call, driver_.table().execute(statement.handle, &call, nullptr, 0, &stream, &outcome));
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < batches; ++i) {
        ArrowArray batch{};
        if (stream.get_next(&stream, &batch) != 0) {
            stream.release(&stream);
            throw to_failure(call.error.value());
        }
        if (batch.release == nullptr) break;
        out.push_back(batch.length);
        batch.release(&batch);
    }
    stream.release(&stream);
    return out;
}

std::vector<std::string> SqliteSession::describe(std::string_view sql) {
    kdeps_call_ call(driver_.loaded().registry, "test", folder_.native());
    const Statement statement(*this, call, sql);
    ArrowSchema parameters{};
    ArrowSchema columns{};
    expect(call, driver_.table().describe(statement.handle, &call, &parameters, &columns));
    std::vector<std::string> out = formats_of(parameters);
    out.emplace_back("->");
    for (std::string& format : formats_of(columns)) out.push_back(std::move(format));
    parameters.release(&parameters);
    columns.release(&columns);
    return out;
}

void SqliteSession::begin(std::uint32_t isolation, bool is_read_only) {
    call([&](kdeps_call* handle) {
        return driver_.table().begin(connection_, handle, isolation, is_read_only ? 1 : 0);
    });
}
void SqliteSession::commit() {
    call([&](kdeps_call* handle) { return driver_.table().commit(connection_, handle); });
}
void SqliteSession::rollback() {
    call([&](kdeps_call* handle) { return driver_.table().rollback(connection_, handle); });
}
void SqliteSession::reset() {
    call([&](kdeps_call* handle) { return driver_.table().reset(connection_, handle); });
}
void SqliteSession::ping() {
    call([&](kdeps_call* handle) { return driver_.table().ping(connection_, handle); });
}
void SqliteSession::cancel() { driver_.table().cancel(connection_); }

std::string SqliteSession::server() {
    const kdeps_str text = driver_.table().server(connection_);
    return {text.data, text.size};
}

Failure failure_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Failure& failure) {
        return failure;
    }
    ADD_FAILURE() << "did not fail";
    return {};
}

}  // namespace kdeps::testing
