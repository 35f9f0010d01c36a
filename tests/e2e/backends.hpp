// SPDX-License-Identifier: Apache-2.0
// Servers of different kinds behind one face, for tests that hold for all of them.  Each has a database 'faults'.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace kdeps::testing {

class TdsServer;
TdsServer& tds_server();  // behind backend("sqlserver")

// Main thread.
struct Backend {
    std::string name;
    std::function<std::uint16_t()> port;
    std::function<std::string(std::uint16_t port)> url;  // of 'faults', also by way of a relay
    std::function<void(const std::string& sql)> execute;
    std::function<std::string(const std::string& sql)> scalar;
    std::function<std::string(int seconds)> sleep;           // a statement that takes so long
    std::function<int()> connections;                        // clients of 'faults' now
    std::function<void()> end_sessions;                      // all clients of 'faults'
    std::function<bool(const std::string& mark)> has_begun;  // true once a statement with /* mark */ runs
    // True once none runs any more, within the time.
    std::function<bool(const std::string& mark, std::chrono::milliseconds within)> has_ended;
    bool is_wide = false;  // text travels as UTF-16

    // `text` as it stands in a request.
    std::string on_the_wire(const std::string& text) const;
};

// "postgres", "mysql" or "sqlserver"; started when first asked for.  A test asks once, first of all.
const Backend& backend(const std::string& name);

// True once `is_so`, asked again and again, holds.
bool comes_true(const std::function<bool()>& is_so, std::chrono::milliseconds within);

}  // namespace kdeps::testing
