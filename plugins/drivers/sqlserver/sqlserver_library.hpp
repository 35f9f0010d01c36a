// SPDX-License-Identifier: Apache-2.0
// The library's process-wide state: its callbacks, and the configuration file from which it takes what has no function.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "sqlserver_client.hpp"
#include "sqlserver_settings.hpp"

namespace kdeps::sqlserver {

// One for the plugin.  Any thread.
class Library {
public:
    Library();  // throws Error
    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    // The name under which dbopen finds the server of the settings.
    std::string server_name(const Settings& settings);

private:
    void append(const std::string& text) const;

    int file_ = -1;                             // in memory: no child gets it, and it ends with the process
    std::mutex mutex_;                          // guards what follows, and the file
    std::map<std::string, std::string> names_;  // of the sections, by their lines
};

}  // namespace kdeps::sqlserver
