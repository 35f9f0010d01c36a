// SPDX-License-Identifier: Apache-2.0
// The named connections of settings.sqlConnections and those that steps give as URLs: each a pool, one for the process.
#pragma once

#include <kdeps/connections.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "pool.hpp"

namespace kdeps::sql {

// What settings say of one connection.
struct ConnectionOptions {
    PoolOptions pool;
    std::size_t max_result_bytes = std::size_t{256} << 20;
    bool is_read_only_on_get = false;  // runs for GET and HEAD may only read
};

struct Named {
    std::shared_ptr<Pool> pool;  // null: its URL or driver is faulty, which was reported
    ConnectionOptions options;
};

// What is running in a call, so that cancel finds it.
class Activity {
public:
    void hold(Pool* pool, Connection* connection);  // either may be null
    // Stops a statement in the database, or wakes a waiter.  Any thread.
    void cancel();

private:
    std::mutex mutex_;  // guards both; held while the driver cancels, so that the connection stays until then
    Pool* pool_ = nullptr;
    Connection* connection_ = nullptr;
};

// Any thread, but for configure and start.
class Connections {
public:
    explicit Connections(const Host& host);
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    void configure(const Call& call, const Config& settings);
    void start();

    const Named* find(std::string_view name) const;
    std::vector<std::string> names() const;

    // The pool of a URL that a step gives; `options` count when it is the first.  Throws Error.
    std::shared_ptr<Pool> for_url(const Call& call, std::string_view url, const PoolOptions& options);

    // A database by its URL: finds and loads the driver, checks the URL.  Throws Error.
    Database open_database(const Call& call, std::string_view url, std::string_view name) const;

    // Databases that did not answer a live check: the steps that follow do not wait for them again.
    bool is_unreachable(const Pool* pool);
    void note_unreachable(const Pool* pool);
    // Does a statement of the workflow create a thing of that name?
    void note_created(std::string_view sql);
    bool is_created(std::string_view name);

    // The list that kdeps.health/1 wants.
    Value health(const Call& call);

    const Host& host() const { return host_; }

private:
    Value health_of(const Call& call, const std::string& name, const Named& named);
    void maintain();

    const Host& host_;
    std::mutex mutex_;  // guards everything below
    // Written while no other call runs, so that only maintain() needs the lock to read it.
    std::map<std::string, Named, std::less<>> named_;
    std::map<std::string, std::shared_ptr<Pool>, std::less<>> by_url_;
    std::set<const Pool*> unreachable_;
    std::string created_;  // the CREATE statements of the workflow, lower case
    std::condition_variable wake_;
    std::atomic<bool> is_ending_ = false;  // set under the lock, read without it too
    std::thread thread_;
};

// Pool fields of a configuration; reports faults.
PoolOptions read_pool_options(const Call& call, const Config& pool, PoolOptions defaults);

// A boolean, quoted or not; nothing if it is none.
std::optional<bool> truth(const Config& config);

// "500ms", "1m30s"; nothing if the text is no duration.
std::optional<nanoseconds> parse_duration(std::string_view text);

extern const char* const kSettingsSchema;

}  // namespace kdeps::sql
