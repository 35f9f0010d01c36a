// SPDX-License-Identifier: Apache-2.0
// Executor "sql", owner of settings.sqlConnections, and the leases on named connections that it offers to every other
// executor.
#include <kdeps/live.h>

#include <kdeps/cpp/executor.hpp>

#include "lease.hpp"
#include "step.hpp"

namespace kdeps::sql {

namespace {

constexpr std::string_view kSummary = "Executor sql: named connections, pools, queries, batches, transactions";

class SqlPlugin {
public:
    SqlPlugin(const Host& host, const Call&) : connections(host) {}

    static const void* interface(std::string_view id);

    // Leases that another executor holds.
    struct Lent {
        std::shared_ptr<Pool> pool;
        std::unique_ptr<Connection> connection;
    };

    Connections connections;
    std::mutex mutex;  // guards lent
    std::unordered_map<kdeps_connection*, Lent> lent;
};

class SqlStep {
public:
    SqlStep(SqlPlugin& plugin, const Config& config, const Call& call)
        : step_(std::make_unique<Step>(plugin.connections, config, call)) {}
    kdeps_status start(Call& call) { return step_->start(call); }
    Value run(Call& call) { return step_->run(call); }
    void cancel(Call& call) { step_->cancel(call); }
    Value check_live(const Call& call) { return step_->check_live(call); }

private:
    std::unique_ptr<Step> step_;
};

using Held = Holder<SqlPlugin>;

After afterwards(const kdeps_state& state, std::uint8_t damage, bool trusts_reset) {
    if (damage == KDEPS_DAMAGE_CONNECTION) return After::close;
    if (state.transaction == KDEPS_TRANSACTION_UNKNOWN) return trusts_reset ? After::reset : After::close;
    const bool is_untouched = damage == KDEPS_DAMAGE_NONE && state.transaction == KDEPS_TRANSACTION_NONE &&
                              state.session == KDEPS_SESSION_UNTOUCHED;
    return is_untouched ? After::keep : After::reset;
}

kdeps_settings settings_table() {
    kdeps_settings out{};
    out.struct_size = sizeof(out);
    out.settings_key = to_str("sqlConnections");
    out.config_schema = to_str(kSettingsSchema);
    out.configure = [](kdeps_instance* instance, kdeps_call* raw, kdeps_value settings) {
        Held& held = Held::of(instance);
        return guarded(held.host.get(), raw, [&] {
            held.instance.connections.configure(Call(held.host, raw), Config(&held.host, raw, settings));
        });
    };
    out.start = [](kdeps_instance* instance, kdeps_call*) { Held::of(instance).instance.connections.start(); };
    return out;
}

kdeps_health health_table() {
    kdeps_health out{};
    out.struct_size = sizeof(out);
    out.check = [](kdeps_instance* instance, kdeps_call* raw, kdeps_value* result) {
        Held& held = Held::of(instance);
        return guarded(held.host.get(), raw,
                       [&] { *result = held.instance.connections.health(Call(held.host, raw)).get(); });
    };
    return out;
}

kdeps_live live_table() {
    kdeps_live out{};
    out.struct_size = sizeof(out);
    out.check = [](kdeps_instance* instance, kdeps_call* raw, kdeps_step* step, kdeps_value* result) {
        const Host& host = Held::of(instance).host;
        return guarded(host.get(), raw,
                       [&] { *result = CompiledStep<SqlStep>::of(step).step.check_live(Call(host, raw)).get(); });
    };
    return out;
}

kdeps_connections connections_table() {
    kdeps_connections out{};
    out.struct_size = sizeof(out);
    out.acquire = [](kdeps_instance* owner, kdeps_call* raw, kdeps_str name, const kdeps_driver** driver,
                     kdeps_connection** connection) {
        Held& held = Held::of(owner);
        return guarded(held.host.get(), raw, [&] {
            SqlPlugin& plugin = held.instance;
            const Call call(held.host, raw);
            const std::string wanted(to_view(name));
            const Named* named = plugin.connections.find(wanted);
            if (named == nullptr || named->pool == nullptr) {
                throw Error(KDEPS_NOT_FOUND, "connection '" + wanted + "' is not declared" +
                                                 call.did_you_mean(wanted, plugin.connections.names()));
            }
            SqlPlugin::Lent lent{named->pool, named->pool->acquire(call, named->pool->options().connection_timeout)};
            *driver = &lent.connection->driver();
            *connection = lent.connection->get();
            const std::lock_guard lock(plugin.mutex);
            plugin.lent.emplace(*connection, std::move(lent));
        });
    };
    out.release = [](kdeps_instance* owner, kdeps_call* raw, kdeps_connection* connection, std::uint8_t damage) {
        Held& held = Held::of(owner);
        guarded(held.host.get(), raw, [&] {
            SqlPlugin::Lent lent;
            {
                const std::lock_guard lock(held.instance.mutex);
                const auto found = held.instance.lent.find(connection);
                if (found == held.instance.lent.end()) return;
                lent = std::move(found->second);
                held.instance.lent.erase(found);
            }
            // What the executor left on it is not known here.
            const After then = afterwards(lent.connection->state(), damage, lent.pool->options().trusts_reset);
            lent.pool->release(Call(held.host, raw), std::move(lent.connection), then);
        });
    };
    return out;
}

const void* SqlPlugin::interface(std::string_view id) {
    static const kdeps_executor executor = make_executor<SqlPlugin, SqlStep>(
        {.run_key = "sql", .schema = kStepSchema, .default_timeout = std::chrono::seconds(30)});
    static const kdeps_settings settings = settings_table();
    static const kdeps_health health = health_table();
    static const kdeps_live live = live_table();
    static const kdeps_connections connections = connections_table();
    return id == KDEPS_EXECUTOR_ID      ? static_cast<const void*>(&executor)
           : id == KDEPS_SETTINGS_ID    ? static_cast<const void*>(&settings)
           : id == KDEPS_HEALTH_ID      ? static_cast<const void*>(&health)
           : id == KDEPS_LIVE_ID        ? &live
           : id == KDEPS_CONNECTIONS_ID ? static_cast<const void*>(&connections)
                                        : nullptr;
}

}  // namespace

}  // namespace kdeps::sql

KDEPS_PLUGIN(kdeps::sql::SqlPlugin,
             {.id = "kdeps.executor.sql", .version = KDEPS_PLUGIN_VERSION, .summary = kdeps::sql::kSummary})
