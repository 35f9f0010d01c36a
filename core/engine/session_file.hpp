// SPDX-License-Identifier: Apache-2.0
// Sessions in a SQLite file, written through the sqlite driver plugin, so that the core stays without a database.
// Several hosts may share the file: a change is a transaction of it.
#pragma once

#include <kdeps/driver.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/store.hpp"
#include "core/plugin/plugin.hpp"

namespace kdeps::engine {

// Any thread.  No call waits longer than its patience, nor than a few seconds.
class SessionFile {
public:
    // `path` is relative to `folder`.  Throws Error: no driver, or why the file cannot be opened.
    SessionFile(plugin::Registry& plugins, std::string folder, const std::string& path, std::chrono::nanoseconds ttl);
    ~SessionFile();
    SessionFile(const SessionFile&) = delete;
    SessionFile& operator=(const SessionFile&) = delete;

    struct News {
        std::vector<std::pair<std::string, value::Value>> values;
        std::int64_t version = 0;  // of the session; grows with each change
    };
    // What was written after version `since` (-1: all); nothing if there is no such session, or it is older than ttl.
    std::optional<News> load(const std::string& id, std::int64_t since, const Patience& patience);

    // Applies the change to what is in the file, and gives the new value; nothing if it is as it was.
    std::optional<value::Value> update(const std::string& id, const std::string& key, const Change& change,
                                       const Patience& patience);

    void make(const std::string& id, const Patience& patience);
    // Notes that the session is in use.  A failure is logged: the next request notes it.
    void touch(const std::string& id, const Patience& patience);
    void forget_old();

private:
    // Readers wait for no writer, so each kind has a connection of its own.
    struct Connection {
        std::timed_mutex mutex;  // guards the handle
        kdeps_connection* handle = nullptr;
    };

    void open(Connection& connection, const std::string& url);
    void close();
    // Runs one statement; gives its rows, or null.  With the connection's mutex held.
    value::Value execute(const Connection& connection, const std::string& sql,
                         const std::vector<value::Value>& parameters, const Patience& patience);
    void write(const std::string& sql, const std::vector<value::Value>& parameters, const Patience& patience);
    std::int64_t oldest() const;

    plugin::Registry& plugins_;
    const std::string folder_;
    const std::chrono::nanoseconds ttl_;
    plugin::Bound<kdeps_driver> driver_;
    Connection reader_;
    Connection writer_;
};

}  // namespace kdeps::engine
