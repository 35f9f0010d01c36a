// SPDX-License-Identifier: Apache-2.0
// Sessions in a SQLite file, written through the sqlite driver plugin, so that the core stays without a database.
#pragma once

#include <kdeps/driver.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/plugin/plugin.hpp"
#include "core/value/value.hpp"

namespace kdeps::engine {

// Any thread.
class SessionFile {
public:
    // `path` is relative to `folder`.  Throws Error: no driver, or why the file cannot be opened.
    SessionFile(plugin::Registry& plugins, std::string folder, const std::string& path, std::chrono::nanoseconds ttl);
    ~SessionFile();
    SessionFile(const SessionFile&) = delete;
    SessionFile& operator=(const SessionFile&) = delete;

    // The values of a session that is younger than ttl; nothing if there is none.  Counts as a use of it.
    std::optional<std::vector<std::pair<std::string, value::Value>>> load(const std::string& id);
    void save(const std::string& id, const std::string& key, const value::Value& value);
    void touch(const std::string& id);
    void forget_old();

private:
    // Runs one statement; gives its rows, or null.
    value::Value execute(const std::string& sql, const std::vector<value::Value>& parameters);

    plugin::Registry& plugins_;
    const std::string folder_;
    const std::chrono::nanoseconds ttl_;
    plugin::Bound<kdeps_driver> driver_;
    std::mutex mutex_;  // guards the connection
    kdeps_connection* connection_ = nullptr;
};

}  // namespace kdeps::engine
