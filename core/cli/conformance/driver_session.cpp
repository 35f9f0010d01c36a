// SPDX-License-Identifier: Apache-2.0
#include "core/cli/conformance/driver_session.hpp"

#include <cstring>

namespace kdeps::conformance {

namespace {

// A statement that is finalized when it goes.
struct Statement {
    Statement(const kdeps_driver& table, kdeps_connection* connection, kdeps_call_& call, std::string_view sql)
        : driver(table) {
        auto* const untouched = reinterpret_cast<kdeps_statement*>(&call);
        kdeps_statement* made = untouched;
        const kdeps_status status = driver.prepare(connection, &call, to_str(sql), &made);
        if (status != KDEPS_OK && made != untouched) throw breach("prepare wrote *out although it failed");
        expect("prepare", status, call);
        if (made == untouched) throw breach("prepare returned OK and wrote no statement to *out");
        handle = made;
    }
    ~Statement() {
        if (handle != nullptr) driver.finalize(handle);
    }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    const kdeps_driver& driver;
    kdeps_statement* handle = nullptr;
};

// Reads a result to its end; the driver's own error if it fails.
Rows read(kdeps_call_& call, ArrowArrayStream& stream) {
    Rows out;
    if (stream.release == nullptr) return out;
    if (stream.get_schema == nullptr || stream.get_next == nullptr || stream.get_last_error == nullptr) {
        throw breach("a result stream lacks get_schema, get_next or get_last_error");
    }
    ArrowSchema schema{};
    if (stream.get_schema(&stream, &schema) == 0) {
        for (std::int64_t i = 0; i < schema.n_children; ++i) out.formats.emplace_back(schema.children[i]->format);
        if (schema.release == nullptr) throw breach("get_schema gave a schema that cannot be released");
        schema.release(&schema);
    }
    try {
        value::Table::from_stream(&stream)->append_json(out.json);
        return out;
    } catch (const Error& error) {
        if (call.error) throw Error(*call.error);
        throw breach("a result stream failed and did not tell host->fail why: " + error.message);
    }
}

// A stream of one batch with one column of integers; tells whether it was released.
struct Integers {
    explicit Integers(std::int64_t sets) {
        for (std::int64_t i = 0; i < sets; ++i) values.push_back(i + 1);
    }

    void open(ArrowArrayStream& stream) {
        stream = {};
        stream.private_data = this;
        stream.get_schema = [](ArrowArrayStream*, ArrowSchema* out) {
            static ArrowSchema field{};
            static ArrowSchema* children[] = {&field};
            field = {"l",    "p1",    nullptr, ARROW_FLAG_NULLABLE,
                     0,      nullptr, nullptr, [](ArrowSchema* s) { s->release = nullptr; },
                     nullptr};
            *out = {"+s", "", nullptr, 0, 1, children, nullptr, [](ArrowSchema* s) { s->release = nullptr; }, nullptr};
            return 0;
        };
        stream.get_next = [](ArrowArrayStream* self, ArrowArray* out) {
            auto& integers = *static_cast<Integers*>(self->private_data);
            *out = {};
            if (integers.is_read) return 0;
            integers.is_read = true;
            const auto length = static_cast<std::int64_t>(integers.values.size());
            integers.buffers[1] = integers.values.data();
            integers.column = {
                length, 0, 0, 2, 0, integers.buffers, nullptr, nullptr, [](ArrowArray* a) { a->release = nullptr; },
                nullptr};
            *out = {length,
                    0,
                    0,
                    1,
                    1,
                    integers.no_nulls,
                    &integers.child,
                    nullptr,
                    [](ArrowArray* a) { a->release = nullptr; },
                    nullptr};
            return 0;
        };
        stream.get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
        stream.release = [](ArrowArrayStream* self) {
            ++static_cast<Integers*>(self->private_data)->releases;
            self->release = nullptr;
        };
    }

    std::vector<std::int64_t> values;
    const void* buffers[2] = {nullptr, nullptr};
    const void* no_nulls[1] = {nullptr};
    ArrowArray column{};
    ArrowArray* child = &column;
    bool is_read = false;
    int releases = 0;
};

}  // namespace

Error breach(std::string message) {
    Error error(Status::bad_data, std::move(message));
    error.code = "CONTRACT";
    return error;
}

void expect(std::string_view slot, kdeps_status status, const kdeps_call_& call) {
    if (status == KDEPS_OK) return;
    if (const std::string wrong = wrong_failure(status, call); !wrong.empty())
        throw breach(std::string(slot) + " " + wrong);
    throw Error(call.failure(status, "the driver"));
}

std::string placeholder(const kdeps_driver& driver, std::size_t n) {
    switch (driver.placeholders) {
        case KDEPS_PLACEHOLDER_DOLLAR: return "$" + std::to_string(n);
        case KDEPS_PLACEHOLDER_AT: return "@p" + std::to_string(n);
        default: return "?";
    }
}

Session::Session(Subject& subject, const kdeps_driver& driver, std::string_view url, Deadline deadline,
                 std::uint32_t flags)
    : subject_(subject), driver_(driver) {
    Invocation invocation(subject.registry(), deadline);
    const kdeps_target target{sizeof(kdeps_target), flags, to_str(url), to_str("/"), to_str("conformance")};
    auto* const untouched = reinterpret_cast<kdeps_connection*>(&invocation);
    kdeps_connection* made = untouched;
    const kdeps_status status = driver.open(subject.instance(), invocation.handle(), &target, &made);
    if (status != KDEPS_OK && made != untouched) throw breach("open wrote *out although it failed");
    expect("open", status, invocation.call);
    if (made == untouched) throw breach("open returned OK and wrote no connection to *out");
    connection_ = made;
}

Session::~Session() {
    if (connection_ != nullptr) driver_.close(connection_);
}

void Session::call(std::string_view slot, kdeps_status (*work)(kdeps_connection*, kdeps_call*)) {
    Invocation invocation(subject_.registry());
    expect(slot, work(connection_, invocation.handle()), invocation.call);
}

Rows Session::execute(std::string_view sql, const std::vector<kdeps_cell>& parameters, Deadline deadline) {
    Invocation invocation(subject_.registry(), deadline);
    const Statement statement(driver_, connection_, invocation.call, sql);
    ArrowArrayStream stream{};
    kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
    const kdeps_status status =
        driver_.execute(statement.handle, invocation.handle(), parameters.data(), parameters.size(), &stream, &outcome);
    if (status != KDEPS_OK && stream.release != nullptr) throw breach("execute gave a stream although it failed");
    expect("execute", status, invocation.call);
    return read(invocation.call, stream);
}

void Session::abandon(std::string_view sql) {
    Invocation invocation(subject_.registry());
    const Statement statement(driver_, connection_, invocation.call, sql);
    ArrowArrayStream stream{};
    kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
    expect("execute", driver_.execute(statement.handle, invocation.handle(), nullptr, 0, &stream, &outcome),
           invocation.call);
    if (stream.release == nullptr) throw breach("execute gave no stream for a statement with rows");
    ArrowArray batch{};
    if (stream.get_next(&stream, &batch) == 0 && batch.release != nullptr) batch.release(&batch);
    stream.release(&stream);
    if (stream.release != nullptr) throw breach("a released stream does not set its release to NULL");
}

void Session::describe(std::string_view sql, std::int64_t parameters, std::int64_t columns) {
    Invocation invocation(subject_.registry());
    const Statement statement(driver_, connection_, invocation.call, sql);
    ArrowSchema schemas[2]{};
    const kdeps_status status = driver_.describe(statement.handle, invocation.handle(), &schemas[0], &schemas[1]);
    if (status == KDEPS_UNSUPPORTED) throw Error(Status::unsupported, "the driver does not describe the statement");
    std::string wrong;
    const std::int64_t wanted[2] = {parameters, columns};
    for (int i = 0; i < 2; ++i) {
        const std::string what = i == 0 ? " parameters" : " columns";
        ArrowSchema& schema = schemas[i];
        if (schema.release == nullptr) {
            if (status == KDEPS_OK) wrong = "describe returned OK and gave no" + what;
            continue;
        }
        if (status != KDEPS_OK) wrong = "describe gave" + what + " although it failed";
        if (status == KDEPS_OK && (schema.format == nullptr || std::string_view(schema.format) != "+s"))
            wrong = "describe gave" + what + " that are no struct schema";
        if (status == KDEPS_OK && wanted[i] >= 0 && schema.n_children != wanted[i])
            wrong = "describe counts " + std::to_string(schema.n_children) + what + " in a statement with " +
                    std::to_string(wanted[i]);
        schema.release(&schema);
        if (schema.release != nullptr) wrong = "a released schema does not set its release to NULL";
    }
    if (!wrong.empty()) throw breach(wrong);
    expect("describe", status, invocation.call);
    // Either schema may be left out.
    expect("describe", driver_.describe(statement.handle, invocation.handle(), nullptr, nullptr), invocation.call);
}

void Session::begin() {
    Invocation invocation(subject_.registry());
    const kdeps_status status = driver_.begin(connection_, invocation.handle(), KDEPS_ISOLATION_DEFAULT, 0);
    // The host's stub for a slot that a driver may leave out says no more.
    if (status == KDEPS_UNSUPPORTED && !invocation.call.error)
        throw Error(Status::unsupported, "the driver has no transactions");
    expect("begin", status, invocation.call);
}
void Session::commit() { call("commit", driver_.commit); }
void Session::rollback() { call("rollback", driver_.rollback); }
void Session::ping() { call("ping", driver_.ping); }

std::string Session::server() const {
    const kdeps_str text = driver_.server(connection_);
    return text.data == nullptr ? "" : std::string(text.data, text.size);
}

std::string Session::wrong_batch(std::string_view sql, std::int64_t sets) {
    Invocation invocation(subject_.registry());
    const Statement statement(driver_, connection_, invocation.call, sql);
    Integers integers(sets);
    ArrowArrayStream parameters;
    integers.open(parameters);
    std::vector<std::int64_t> affected(integers.values.size(), -1);
    kdeps_batch batch{sizeof(kdeps_batch), 0, integers.values.size(), affected.data(), 0};
    ArrowArrayStream rows{};
    const kdeps_status status =
        driver_.execute_batch(statement.handle, invocation.handle(), &parameters, &rows, &batch);
    std::string wrong;
    if (status == KDEPS_OK) {
        try {
            read(invocation.call, rows);
        } catch (const Error& error) {
            wrong = error.message;
        }
    } else if (status != KDEPS_UNSUPPORTED) {
        wrong = wrong_failure(status, invocation.call);
    }
    if (wrong.empty() && integers.releases != 1) {
        wrong = integers.releases == 0
                    ? "leaks the stream of parameters: it was moved into execute_batch, which never released it"
                    : "released the stream of parameters " + std::to_string(integers.releases) + " times";
    }
    return wrong;
}

}  // namespace kdeps::conformance
