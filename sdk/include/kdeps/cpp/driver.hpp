// SPDX-License-Identifier: Apache-2.0
// A driver from three classes: it opens a Connection, which prepares a Statement, which executes.
#pragma once

#include <kdeps/cpp/plugin.hpp>
#include <kdeps/cpp/stream.hpp>
#include <kdeps/cpp/url.hpp>

#include <algorithm>
#include <cstring>
#include <span>

KDEPS_SDK_BEGIN

struct Target {
    std::string_view url;     // may hold a password: never log it
    std::string_view folder;  // relative paths start here
    std::string_view name;    // of the pool
    std::uint32_t flags = 0;  // KDEPS_TARGET_*
};

struct Outcome {
    std::int64_t rows_affected = -1;
    std::int64_t last_insert_id = -1;
};

// What a connection tells of itself: KDEPS_TRANSACTION_*, KDEPS_SESSION_*, KDEPS_EXCHANGE_*.
struct State {
    std::uint32_t transaction = KDEPS_TRANSACTION_UNKNOWN;
    std::uint32_t session = KDEPS_SESSION_UNKNOWN;
    std::uint32_t exchange = KDEPS_EXCHANGE_UNKNOWN;
};

struct DriverInfo {
    std::string_view id;
    std::string_view version;
    std::string_view summary = {};
    std::string_view name;
    std::string_view schemes;
    std::uint32_t placeholders = KDEPS_PLACEHOLDER_QUESTION;
    std::uint32_t lexis = 0;
    std::string_view quote = "\"\"";
    std::uint32_t flags = 0;
};

// Driver:     constructor (const Host&, const Call&); std::unique_ptr<Connection> open(Call&, const Target&);
//             optional void check(Call&, const Target&).
// Connection: std::unique_ptr<Statement> prepare(Call&, std::string_view sql); optional server, ping, reset, cancel,
//             begin, commit, rollback, State state() noexcept, std::uint32_t lexis() noexcept.
// Statement:  Outcome execute(Call&, std::span<const kdeps_cell>, ArrowArrayStream* rows);
//             optional bool send(Call&, std::span<const kdeps_cell>) (was it sent?), std::uint32_t effects() noexcept,
//             void execute_batch(Call&, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch&),
//             void describe(Call&, ArrowSchema* parameters, ArrowSchema* columns).
// All throw Error; threads as kdeps/driver.h tells.
template <typename Driver>
kdeps_driver make_driver(const DriverInfo& info) {
    using Connection = typename Driver::Connection;
    using Statement = typename Driver::Statement;
    struct Open {
        const Host& host;
        std::unique_ptr<Connection> connection;
    };
    struct Prepared {
        const Host& host;
        std::unique_ptr<Statement> statement;
    };
    static const auto opened = [](kdeps_connection* handle) -> Open& { return *reinterpret_cast<Open*>(handle); };
    static const auto prepared = [](kdeps_statement* handle) -> Prepared& {
        return *reinterpret_cast<Prepared*>(handle);
    };
    // Work on a connection or a statement, with a Call.
    static const auto with = [](const Host& host, kdeps_call* raw, auto work) {
        return guarded(host.get(), raw, [&] {
            Call call(host, raw);
            work(call);
        });
    };
    static const auto target_of = [](const kdeps_target* target) {
        return Target{to_view(target->url), to_view(target->folder), to_view(target->name), target->flags};
    };

    kdeps_driver out{};
    out.struct_size = sizeof(out);
    out.flags = info.flags;
    out.name = to_str(info.name);
    out.schemes = to_str(info.schemes);
    out.placeholders = info.placeholders;
    out.lexis = info.lexis;
    out.quote = to_str(info.quote);
    if constexpr (requires(Driver & d, Call & c, const Target& t) { d.check(c, t); }) {
        out.check = [](kdeps_instance* instance, kdeps_call* raw, const kdeps_target* target) {
            auto& holder = Holder<Driver>::of(instance);
            return with(holder.host, raw, [&](Call& call) { holder.instance.check(call, target_of(target)); });
        };
    }
    out.open = [](kdeps_instance* instance, kdeps_call* raw, const kdeps_target* target, kdeps_connection** result) {
        auto& holder = Holder<Driver>::of(instance);
        return with(holder.host, raw, [&](Call& call) {
            auto made = std::make_unique<Open>(Open{holder.host, holder.instance.open(call, target_of(target))});
            *result = reinterpret_cast<kdeps_connection*>(made.release());
        });
    };
    if constexpr (requires(Connection & c) { c.server(); }) {
        out.server = [](kdeps_connection* c) { return to_str(opened(c).connection->server()); };
    }
    if constexpr (requires(Connection & c, Call & call) { c.ping(call); }) {
        out.ping = [](kdeps_connection* c, kdeps_call* raw) {
            return with(opened(c).host, raw, [&](Call& call) { opened(c).connection->ping(call); });
        };
    }
    if constexpr (requires(Connection & c, Call & call) { c.reset(call); }) {
        out.reset = [](kdeps_connection* c, kdeps_call* raw) {
            return with(opened(c).host, raw, [&](Call& call) { opened(c).connection->reset(call); });
        };
    }
    if constexpr (requires(Connection & c) { c.cancel(); }) {
        out.cancel = [](kdeps_connection* c) { opened(c).connection->cancel(); };
    }
    out.close = [](kdeps_connection* c) { delete &opened(c); };
    out.prepare = [](kdeps_connection* c, kdeps_call* raw, kdeps_str sql, kdeps_statement** result) {
        return with(opened(c).host, raw, [&](Call& call) {
            auto made =
                std::make_unique<Prepared>(Prepared{opened(c).host, opened(c).connection->prepare(call, to_view(sql))});
            *result = reinterpret_cast<kdeps_statement*>(made.release());
        });
    };
    if constexpr (requires(Statement & s, Call & call, ArrowSchema * schema) { s.describe(call, schema, schema); }) {
        out.describe = [](kdeps_statement* s, kdeps_call* raw, ArrowSchema* parameters, ArrowSchema* columns) {
            return with(prepared(s).host, raw,
                        [&](Call& call) { prepared(s).statement->describe(call, parameters, columns); });
        };
    }
    out.execute = [](kdeps_statement* s, kdeps_call* raw, const kdeps_cell* parameters, std::size_t count,
                     ArrowArrayStream* rows, kdeps_outcome* result) {
        return with(prepared(s).host, raw, [&](Call& call) {
            const Outcome outcome = prepared(s).statement->execute(call, std::span(parameters, count), rows);
            result->rows_affected = outcome.rows_affected;
            result->last_insert_id = outcome.last_insert_id;
        });
    };
    if constexpr (requires(Statement & s, Call & call, columns::Stream stream, ArrowArrayStream * rows,
                           kdeps_batch & batch) { s.execute_batch(call, std::move(stream), rows, batch); }) {
        out.execute_batch = [](kdeps_statement* s, kdeps_call* raw, ArrowArrayStream* moved, ArrowArrayStream* rows,
                               kdeps_batch* batch) {
            columns::Stream parameters(moved);
            kdeps_batch known{};  // an older host's ends earlier
            std::memcpy(&known, batch, std::min<std::size_t>(batch->struct_size, sizeof(known)));
            return with(prepared(s).host, raw, [&](Call& call) {
                prepared(s).statement->execute_batch(call, std::move(parameters), rows, known);
            });
        };
    }
    out.finalize = [](kdeps_statement* s) { delete &prepared(s); };
    if constexpr (requires(Statement & s, Call & call, std::span<const kdeps_cell> cells) { s.send(call, cells); }) {
        out.send = [](kdeps_statement* s, kdeps_call* raw, const kdeps_cell* parameters,
                      std::size_t count) -> kdeps_status {
            bool is_sent = false;
            const kdeps_status status = with(prepared(s).host, raw, [&](Call& call) {
                is_sent = prepared(s).statement->send(call, std::span(parameters, count));
            });
            return status == KDEPS_OK && !is_sent ? KDEPS_UNSUPPORTED : status;
        };
    }
#if KDEPS_TARGET_MINOR >= 1
    if constexpr (requires(Connection & c) { c.state(); }) {
        out.state = [](kdeps_connection* c, kdeps_state* state) {
            const State told = opened(c).connection->state();
            if (KDEPS_HAS(kdeps_state, state, transaction)) state->transaction = told.transaction;
            if (KDEPS_HAS(kdeps_state, state, session)) state->session = told.session;
            if (KDEPS_HAS(kdeps_state, state, exchange)) state->exchange = told.exchange;
        };
    }
    if constexpr (requires(Connection & c) { c.lexis(); }) {
        out.session_lexis = [](kdeps_connection* c) -> std::uint32_t { return opened(c).connection->lexis(); };
    }
    if constexpr (requires(Statement & s) { s.effects(); }) {
        out.effects = [](kdeps_statement* s) -> std::uint32_t { return prepared(s).statement->effects(); };
    }
#endif
    if constexpr (requires(Connection & c, Call & call) { c.begin(call, 0U, false); }) {
        out.begin = [](kdeps_connection* c, kdeps_call* raw, std::uint32_t isolation, std::uint32_t read_only) {
            return with(opened(c).host, raw,
                        [&](Call& call) { opened(c).connection->begin(call, isolation, read_only != 0); });
        };
        out.commit = [](kdeps_connection* c, kdeps_call* raw) {
            return with(opened(c).host, raw, [&](Call& call) { opened(c).connection->commit(call); });
        };
        out.rollback = [](kdeps_connection* c, kdeps_call* raw) {
            return with(opened(c).host, raw, [&](Call& call) { opened(c).connection->rollback(call); });
        };
    }
    return out;
}

template <typename Driver, const DriverInfo& kInfo>
struct DriverPlugin : Driver {
    using Driver::Driver;
    static const void* interface(std::string_view id) {
        static const kdeps_driver driver = make_driver<DriverPlugin>(kInfo);
        return id == KDEPS_DRIVER_ID ? &driver : nullptr;
    }
};

KDEPS_SDK_END

// A whole plugin: KDEPS_DRIVER_PLUGIN(Driver, {.id = "com.example.csv", .version = "1.0.0", .name = "csv", .schemes =
// "csv"})
#define KDEPS_DRIVER_PLUGIN(Driver, ...)                                        \
    namespace {                                                                 \
    constexpr ::kdeps::DriverInfo kdeps_driver_info __VA_ARGS__;                \
    using KdepsDriverPlugin = ::kdeps::DriverPlugin<Driver, kdeps_driver_info>; \
    }                                                                           \
    KDEPS_PLUGIN(                                                               \
        KdepsDriverPlugin,                                                      \
        {.id = kdeps_driver_info.id, .version = kdeps_driver_info.version, .summary = kdeps_driver_info.summary})
