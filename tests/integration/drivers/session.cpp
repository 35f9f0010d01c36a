// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/drivers/session.hpp"

#include <gtest/gtest.h>

#include <array>

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
    if (status != KDEPS_OK) throw to_failure(call.failure(status, "the driver"));
}

// Reads a result to its end.
void read(kdeps_call_& call, ArrowArrayStream& stream, Answer& answer) {
    if (stream.release == nullptr) return;
    ArrowSchema schema{};
    if (stream.get_schema(&stream, &schema) == 0) {
        for (std::int64_t i = 0; i < schema.n_children; ++i) answer.formats.emplace_back(schema.children[i]->format);
        schema.release(&schema);
    }
    try {
        value::Table::from_stream(&stream)->append_json(answer.rows);
    } catch (const Error& error) {
        throw to_failure(call.error ? *call.error : error);
    }
}

// "id i, label u"; releases the schema.
std::string take_fields(ArrowSchema& schema) {
    std::string out;
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        out += std::string(i == 0 ? "" : ", ") + schema.children[i]->name + " " + schema.children[i]->format;
    }
    schema.release(&schema);
    return out;
}

}  // namespace

std::string words_of(const kdeps_state& state) {
    static constexpr std::array kTransaction{"unknown", "none", "open", "failed", "other"};
    static constexpr std::array kSession{"unknown", "untouched", "touched"};
    static constexpr std::array kExchange{"unknown", "unsent", "sent", "answered", "refused"};
    return std::string(kTransaction.at(state.transaction)) + " " + kSession.at(state.session) + " " +
           kExchange.at(state.exchange);
}

struct LoadedDriver::Loaded {
    explicit Loaded(const std::string& name) : driver(registry.bind<kdeps_driver>(KDEPS_DRIVER_ID, name).value()) {}

    mutable plugin::Registry registry{{KDEPS_PLUGIN_FOLDER}};
    plugin::Bound<kdeps_driver> driver;
};

LoadedDriver::LoadedDriver(const std::string& name) : loaded_(std::make_unique<Loaded>(name)) {}
LoadedDriver::~LoadedDriver() = default;

const kdeps_driver& LoadedDriver::table() const { return *loaded_->driver.table; }

void LoadedDriver::check(std::string_view url) const {
    kdeps_call_ call(loaded_->registry, "test", "");
    const kdeps_target target{sizeof(kdeps_target), 0, to_str(url), to_str("/"), to_str("pool")};
    expect(call, table().check(loaded_->driver.instance, &call, &target));
}

DriverSession::DriverSession(const LoadedDriver& driver, std::string_view url, std::chrono::nanoseconds limit,
                             const std::filesystem::path& folder, std::string_view pool)
    : driver_(driver), folder_(folder), limit_(limit) {
    const kdeps_target target{sizeof(kdeps_target), 0, to_str(url), to_str(folder_.native()), to_str(pool)};
    call([&](kdeps_call* handle) {
        return driver_.table().open(driver_.loaded().driver.instance, handle, &target, &connection_);
    });
}

DriverSession::~DriverSession() { driver_.table().close(connection_); }

void DriverSession::call(const std::function<kdeps_status(kdeps_call*)>& slot) const {
    kdeps_call_ call(driver_.loaded().registry, "test", folder_.native());
    call.deadline = Deadline::after(limit_);
    call.stop = stop_;
    expect(call, slot(&call));
}

DriverSession::Prepared::Prepared(DriverSession& session, std::string_view sql) : session_(session) {
    session_.call([&](kdeps_call* call) {
        return session_.driver_.table().prepare(session_.connection_, call, to_str(sql), &handle_);
    });
}

DriverSession::Prepared::~Prepared() { session_.driver_.table().finalize(handle_); }

Answer DriverSession::Prepared::execute(const Cells& parameters) {
    std::vector<kdeps_cell> cells;
    for (const Cell& cell : parameters) cells.push_back(cell.get());
    Answer answer;
    session_.call([&](kdeps_call* call) {
        ArrowArrayStream stream{};
        kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
        const auto status =
            session_.driver_.table().execute(handle_, call, cells.data(), cells.size(), &stream, &outcome);
        answer.rows_affected = outcome.rows_affected;
        answer.last_insert_id = outcome.last_insert_id;
        read(*call, stream, answer);
        return status;
    });
    return answer;
}

Answer DriverSession::Prepared::batch(const std::vector<Cells>& sets) {
    ArrowArrayStream parameters{};
    make_parameter_stream(sets, &parameters);
    return batch(&parameters, sets.size());
}

Answer DriverSession::Prepared::batch(ArrowArrayStream* moved, std::size_t sets) {
    Answer answer;
    answer.affected.assign(sets, -1);
    session_.call([&](kdeps_call* call) {
        ArrowArrayStream stream{};
        kdeps_batch batch{sizeof(kdeps_batch), 0, sets, answer.affected.data(), session_.max_bytes_};
        const auto status = session_.driver_.table().execute_batch(handle_, call, moved, &stream, &batch);
        read(*call, stream, answer);
        return status;
    });
    return answer;
}

std::vector<std::int64_t> DriverSession::Prepared::read_some(std::size_t batches, Release release) {
    std::vector<std::int64_t> rows;
    session_.call([&](kdeps_call* call) {
        ArrowArrayStream stream{};
        kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
        const auto status = session_.driver_.table().execute(handle_, call, nullptr, 0, &stream, &outcome);
        if (status != KDEPS_OK) return status;
        bool has_failed = false;
        while (!has_failed && rows.size() < batches) {
            ArrowArray batch{};
            has_failed = stream.get_next(&stream, &batch) != 0;
            if (has_failed || batch.release == nullptr) break;
            rows.push_back(batch.length);
            batch.release(&batch);
        }
        if (release == Release::cancelled) session_.cancel();
        stream.release(&stream);
        return has_failed ? static_cast<kdeps_status>(call->error.value().status) : KDEPS_OK;
    });
    return rows;
}

std::string DriverSession::Prepared::describe() {
    ArrowSchema parameters{};
    ArrowSchema columns{};
    session_.call(
        [&](kdeps_call* call) { return session_.driver_.table().describe(handle_, call, &parameters, &columns); });
    const std::string first = take_fields(parameters);
    return first + " -> " + take_fields(columns);
}

std::string DriverSession::Prepared::columns() {
    std::string out;
    session_.call([&](kdeps_call* call) {
        ArrowArrayStream stream{};
        kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
        const auto status = session_.driver_.table().execute(handle_, call, nullptr, 0, &stream, &outcome);
        if (status != KDEPS_OK || stream.release == nullptr) return status;
        ArrowSchema schema{};
        if (stream.get_schema(&stream, &schema) == 0) out = take_fields(schema);
        stream.release(&stream);
        return status;
    });
    return out;
}

std::uint32_t DriverSession::Prepared::effects() { return session_.driver_.table().effects(handle_); }

std::unique_ptr<DriverSession::Prepared> DriverSession::prepare(std::string_view sql) {
    return std::make_unique<Prepared>(*this, sql);
}
Answer DriverSession::execute(std::string_view sql, const Cells& parameters) {
    return prepare(sql)->execute(parameters);
}
Answer DriverSession::batch(std::string_view sql, const std::vector<Cells>& sets) { return prepare(sql)->batch(sets); }
Answer DriverSession::batch(std::string_view sql, ArrowArrayStream* moved, std::size_t sets) {
    return prepare(sql)->batch(moved, sets);
}
std::string DriverSession::describe(std::string_view sql) { return prepare(sql)->describe(); }
std::string DriverSession::columns(std::string_view sql) { return prepare(sql)->columns(); }
std::vector<std::int64_t> DriverSession::read_some(std::string_view sql, std::size_t batches) {
    return prepare(sql)->read_some(batches);
}

void DriverSession::begin(std::uint32_t isolation, bool is_read_only) {
    call([&](kdeps_call* handle) {
        return driver_.table().begin(connection_, handle, isolation, is_read_only ? 1 : 0);
    });
}
void DriverSession::commit() {
    call([&](kdeps_call* handle) { return driver_.table().commit(connection_, handle); });
}
void DriverSession::rollback() {
    call([&](kdeps_call* handle) { return driver_.table().rollback(connection_, handle); });
}
void DriverSession::reset() {
    call([&](kdeps_call* handle) { return driver_.table().reset(connection_, handle); });
}
void DriverSession::ping() {
    call([&](kdeps_call* handle) { return driver_.table().ping(connection_, handle); });
}
void DriverSession::cancel() { driver_.table().cancel(connection_); }

kdeps_state DriverSession::facts() const {
    kdeps_state out{sizeof(kdeps_state), 0, 0, 0};
    driver_.table().state(connection_, &out);
    return out;
}

std::string DriverSession::server() {
    const kdeps_str text = driver_.table().server(connection_);
    return {text.data, text.size};
}

std::string DriverSession::state() {
    kdeps_state state{sizeof(kdeps_state), 0, 0, 0};
    driver_.table().state(connection_, &state);
    return words_of(state);
}

std::uint32_t DriverSession::effects(std::string_view sql) { return prepare(sql)->effects(); }

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
