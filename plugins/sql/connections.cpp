// SPDX-License-Identifier: Apache-2.0
#include "connections.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "pool_gauges.hpp"

namespace kdeps::sql {

namespace {

constexpr auto kMaintenance = std::chrono::seconds(1);
constexpr std::size_t kMostUrls = 64;  // pools of URLs that expressions gave

// Where the drivers of this project come from.
std::string package_of(std::string_view scheme) {
    static const std::map<std::string_view, std::string_view> kPackages = {
        {"postgres", "postgres"}, {"postgresql", "postgres"}, {"mysql", "mysql"},         {"mariadb", "mysql"},
        {"sqlite", "sqlite"},     {"sqlite3", "sqlite"},      {"sqlserver", "sqlserver"}, {"mssql", "sqlserver"}};
    const auto found = kPackages.find(scheme);
    return found == kPackages.end() ? "the plugin that brings it"
                                    : "the package kdeps-driver-" + std::string(found->second);
}

std::optional<std::size_t> count(const Call& call, const Config& owner, std::string_view key, std::int64_t least) {
    const Config given = owner[key];
    if (given.get() == nullptr || given.is_null()) return std::nullopt;
    std::int64_t number = 0;
    if (const auto integer = given.integer()) {
        number = *integer;
    } else {  // quoted
        const std::string_view text = given.string();
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (failed != std::errc() || end != text.data() + text.size()) number = -1;
    }
    if (number < least || number > std::int64_t{1} << 50) {
        call.report(KDEPS_FAULT_ERROR, given, std::string(key) + " must be at least " + std::to_string(least));
        return std::nullopt;
    }
    return static_cast<std::size_t>(number);
}

void duration(const Call& call, const Config& owner, std::string_view key, nanoseconds& out) {
    const Config given = owner[key];
    if (given.get() == nullptr || given.is_null()) return;
    if (const auto span = parse_duration(given.string())) {
        out = *span;
    } else {
        call.report(KDEPS_FAULT_ERROR, given,
                    std::string(key) + ": '" + std::string(given.source()) +
                        "' is not a duration. Example: 500ms, 30s, 1m30s, 1h");
    }
}

}  // namespace

const char* const kSettingsSchema = R"({
  "type": "object",
  "x-kdeps-read": "literal",
  "additionalProperties": {
    "type": "object",
    "required": ["connection"],
    "properties": {
      "connection": {"type": "string", "format": "kdeps-connection-url", "examples": ["postgres://user:pass@localhost:5432/db"]},
      "pool": {
        "type": "object",
        "properties": {
          "maxConnections": {"type": "integer", "minimum": 1, "maximum": 10000},
          "minConnections": {"type": "integer", "minimum": 0, "maximum": 10000},
          "maxIdleTime": {"type": "string", "examples": ["30m"]},
          "maxLifetime": {"type": "string", "examples": ["1h"]},
          "connectionTimeout": {"type": "string", "examples": ["5s"]}
        }
      },
      "statementCache": {"type": "integer", "minimum": 0, "maximum": 100000},
      "maxResultBytes": {"type": "integer", "minimum": 1},
      "readOnlyOnGet": {"type": "boolean"},
      "trustReset": {"type": "boolean"}
    }
  }
})";

std::optional<nanoseconds> parse_duration(std::string_view text) {
    double sum = 0;
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        double number = 0;
        const auto [end, failed] =
            std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
        if (failed != std::errc() || number < 0) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        static constexpr std::pair<std::string_view, double> kUnits[] = {{"ms", 1e6}, {"us", 1e3}, {"ns", 1},
                                                                         {"s", 1e9},  {"m", 60e9}, {"h", 3600e9}};
        const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                        [&](const auto& one) { return text.starts_with(one.first); });
        if (unit == std::end(kUnits)) return std::nullopt;
        sum += number * unit->second;
        text.remove_prefix(unit->first.size());
    }
    return sum < 1e18 ? std::optional(nanoseconds(static_cast<std::int64_t>(sum))) : std::nullopt;
}

std::optional<bool> truth(const Config& config) {
    if (const auto given = config.boolean()) return given;
    const std::string_view text = config.string();
    if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
    if (text == "false" || text == "no" || text == "off" || text == "0") return false;
    return std::nullopt;
}

PoolOptions read_pool_options(const Call& call, const Config& pool, PoolOptions options) {
    if (const auto most = count(call, pool, "maxConnections", 1)) options.max_connections = *most;
    if (const auto least = count(call, pool, "minConnections", 0)) {
        options.min_connections = *least;
        if (*least > options.max_connections) {
            call.report(KDEPS_FAULT_ERROR, pool["minConnections"],
                        "minConnections must not be larger than maxConnections (" +
                            std::to_string(options.max_connections) + ")");
        }
    }
    duration(call, pool, "maxIdleTime", options.max_idle_time);
    duration(call, pool, "maxLifetime", options.max_lifetime);
    duration(call, pool, "connectionTimeout", options.connection_timeout);
    if (pool.has("connectionTimeout") && options.connection_timeout.count() == 0) {
        call.report(KDEPS_FAULT_ERROR, pool["connectionTimeout"],
                    "connectionTimeout must be longer than 0: it is the time to wait for a connection and to open it. "
                    "Example: 5s");
    }
    return options;
}

void Activity::hold(Pool* pool, Connection* connection) {
    const std::lock_guard lock(mutex_);
    pool_ = pool;
    connection_ = connection;
}

void Activity::cancel() {
    const std::lock_guard lock(mutex_);
    if (connection_ != nullptr) {
        connection_->driver().cancel(connection_->get());
    } else if (pool_ != nullptr) {
        pool_->wake();
    }
}

Connections::Connections(const Host& host) : host_(host) {}

Connections::~Connections() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

Database Connections::open_database(const Call& call, std::string_view url, std::string_view name) const {
    Database out;
    out.url = std::string(url);
    out.folder = std::string(call.folder());
    out.name = std::string(name);
    const std::size_t colon = url.find("://");
    if (colon == std::string_view::npos) {
        throw Error(KDEPS_INVALID_ARGUMENT,
                    "a connection URL must look like scheme://user:password@host:port/database. Example: "
                    "postgres://user:pass@localhost:5432/db");
    }
    const std::string scheme(url.substr(0, colon));
    out.driver = call.find<kdeps_driver>(KDEPS_DRIVER_ID, scheme, &out.instance);
    if (out.driver == nullptr) {
        Error error = call.error(KDEPS_NOT_FOUND);
        const bool is_missing = error.message.starts_with("no plugin provides");
        throw Error(KDEPS_NOT_FOUND, is_missing
                                         ? "no driver for " + scheme + "://; install " + package_of(scheme) +
                                               ", or set KDEPS_PLUGIN_PATH"
                                         : "the driver for " + scheme + ":// cannot be loaded: " + error.message);
    }
    kdeps_target target{};
    target.struct_size = sizeof(target);
    target.url = to_str(out.url);
    target.folder = to_str(out.folder);
    target.name = to_str(out.name);
    call.expect(out.driver->check(out.instance, call.get(), &target));
    return out;
}

void Connections::configure(const Call& call, const Config& settings) {
    std::map<std::string, Named, std::less<>> all;
    for (std::size_t i = 0; i < settings.size(); ++i) {
        const std::string name(settings.key(i));
        const Config one = settings.at(i);
        Named named;
        named.options.pool = read_pool_options(call, one["pool"], {});
        if (const auto cache = count(call, one, "statementCache", 0)) named.options.pool.statement_cache = *cache;
        named.options.pool.trusts_reset = truth(one["trustReset"]).value_or(false);
        if (const auto bytes = count(call, one, "maxResultBytes", 1)) named.options.max_result_bytes = *bytes;
        named.options.is_read_only_on_get = truth(one["readOnlyOnGet"]).value_or(false);
        const Config url = one["connection"];
        try {
            // A reload keeps the pool of a connection that did not change.
            const auto old = named_.find(name);
            if (old != named_.end() && old->second.pool != nullptr &&
                old->second.pool->database().url == url.string() && old->second.pool->options() == named.options.pool) {
                named.pool = old->second.pool;
            } else if (url.is_string()) {
                named.pool = std::make_shared<Pool>(host_, open_database(call, url.string(), name), named.options.pool);
            }
        } catch (const Error& error) {
            call.report(KDEPS_FAULT_ERROR, url, "connection '" + name + "': " + error.message);
        }
        all.emplace(name, std::move(named));
    }
    const std::lock_guard lock(mutex_);
    named_.swap(all);
}

void Connections::start() {
    if (!thread_.joinable()) {
        thread_ = std::thread([this] { maintain(); });
    }
}

// Closes what is too old and opens what should be ready, first of all at start.
void Connections::maintain() {
    PoolGauges gauges(host_);
    std::unique_lock lock(mutex_);
    while (!is_ending_) {
        std::vector<std::shared_ptr<Pool>> pools;
        for (const auto& [name, named] : named_) {
            if (named.pool != nullptr) pools.push_back(named.pool);
        }
        for (const auto& [url, pool] : by_url_) pools.push_back(pool);
        lock.unlock();
        // First, as a database that does not answer holds up the maintenance of all.
        gauges.write(pools);
        for (const auto& pool : pools) {
            if (!is_ending_) pool->maintain();
        }
        pools.clear();
        lock.lock();
        wake_.wait_for(lock, kMaintenance, [this] { return is_ending_.load(); });
    }
}

const Named* Connections::find(std::string_view name) const {
    const auto found = named_.find(name);
    return found == named_.end() ? nullptr : &found->second;
}

std::vector<std::string> Connections::names() const {
    std::vector<std::string> out;
    for (const auto& [name, named] : named_) out.push_back(name);
    return out;
}

std::shared_ptr<Pool> Connections::for_url(const Call& call, std::string_view url, const PoolOptions& options) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = by_url_.find(url); found != by_url_.end()) return found->second;
    }
    Database database = open_database(
        call, url,
        std::string(url.substr(0, url.find("://"))) + " connection of '" + std::string(call.resource()) + "'");
    std::vector<std::shared_ptr<Pool>> unused;  // closes its connections after the lock is released
    const std::lock_guard lock(mutex_);
    if (by_url_.size() >= kMostUrls) {
        // A step that holds a pool may be about to ask it for a connection.
        std::erase_if(by_url_, [&](auto& entry) {
            const bool is_over = entry.second.use_count() == 1 && entry.second->is_unused();
            if (is_over) unused.push_back(std::move(entry.second));
            return is_over;
        });
    }
    auto& pool = by_url_[std::string(url)];
    if (pool == nullptr) pool = std::make_shared<Pool>(host_, std::move(database), options);
    return pool;
}

bool Connections::is_unreachable(const Pool* pool) {
    const std::lock_guard lock(mutex_);
    return unreachable_.contains(pool);
}

void Connections::note_unreachable(const Pool* pool) {
    const std::lock_guard lock(mutex_);
    unreachable_.insert(pool);
}

void Connections::note_created(std::string_view sql) {
    const std::lock_guard lock(mutex_);
    for (const char c : sql) created_ += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    created_ += '\n';
}

bool Connections::is_created(std::string_view name) {
    std::string lower;
    for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::lock_guard lock(mutex_);
    return created_.find(lower) != std::string::npos;
}

Value Connections::health_of(const Call& call, const std::string& name, const Named& named) {
    const Value out = call.map();
    call.put(out, "name", call.string(name));
    if (named.pool == nullptr) {
        call.put(out, "ok", call.boolean(false));
        call.put(out, "error", call.string("the connection is not configured"));
        return out;
    }
    call.put(out, "driver", call.string(to_view(named.pool->database().driver->name)));
    try {
        auto connection = named.pool->acquire(call, named.pool->options().connection_timeout);
        const auto began = Clock::now();
        const kdeps_status status = connection->driver().ping(connection->get(), call.get());
        const std::chrono::duration<double, std::milli> latency = Clock::now() - began;
        const std::string server(to_view(connection->driver().server(connection->get())));
        named.pool->release(call, std::move(connection), status == KDEPS_OK ? After::keep : After::close);
        call.expect(status);
        call.put(out, "ok", call.boolean(true));
        if (!server.empty()) call.put(out, "server", call.string(server));
        call.put(out, "latencyMs", call.number(std::round(latency.count() * 1000) / 1000));
    } catch (const Error& error) {
        call.put(out, "ok", call.boolean(false));
        call.put(out, "error", call.string(error.message));
    }
    const PoolCounts counts = named.pool->counts();
    const Value pool = call.map();
    const auto put = [&](std::string_view key, std::size_t number) {
        call.put(pool, key, call.integer(static_cast<std::int64_t>(number)));
    };
    put("open", counts.open);
    put("idle", counts.idle);
    put("inUse", counts.in_use);
    put("waiting", counts.waiting);
    put("max", named.pool->options().max_connections);
    call.put(out, "pool", pool);
    return out;
}

Value Connections::health(const Call& call) {
    const Value list = call.list();
    for (const auto& [name, named] : named_) {
        call.push(list, health_of(call, name, named));
    }
    return list;
}

}  // namespace kdeps::sql
