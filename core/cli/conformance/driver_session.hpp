// SPDX-License-Identifier: Apache-2.0
// Connections and statements of the driver under test.
#pragma once

#include <vector>

#include "core/cli/conformance/subject.hpp"

namespace kdeps::conformance {

// What a statement gave.
struct Rows {
    std::vector<std::string> formats;  // of the columns
    std::string json;                  // a list of objects; empty without a result set
};

// One connection; one thread, but for cancel.  Everything throws Error: BAD_DATA for what is against the contract, and
// what the database said otherwise.
class Session {
public:
    Session(Subject& subject, const kdeps_driver& driver, std::string_view url, Deadline deadline = {},
            std::uint32_t flags = 0);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    Rows execute(std::string_view sql, const std::vector<kdeps_cell>& parameters = {}, Deadline deadline = {});
    // Reads one batch of the result and gives it up.
    void abandon(std::string_view sql);
    void begin();
    void commit();
    void rollback();
    void ping();
    void cancel() { driver_.cancel(connection_); }
    std::string server() const;

    // Has a statement described; with `columns` below 0 their number is not looked at.  Throws Error (UNSUPPORTED) if
    // the driver does not.
    void describe(std::string_view sql, std::int64_t parameters, std::int64_t columns);

    // Runs a batch of `sets` integers.  Empty, or what is against the contract; UNSUPPORTED is not.
    std::string wrong_batch(std::string_view sql, std::int64_t sets);

private:
    void call(std::string_view slot, kdeps_status (*work)(kdeps_connection*, kdeps_call*));

    Subject& subject_;
    const kdeps_driver& driver_;
    kdeps_connection* connection_ = nullptr;
};

// Throws if `status` is not OK: what is wrong with the failure, or the failure.
void expect(std::string_view slot, kdeps_status status, const kdeps_call_& call);

// Was this thrown because the plugin broke the contract?
inline bool is_breach(const Error& error) { return error.code == "CONTRACT"; }
Error breach(std::string message);

// The n-th placeholder, from 1.
std::string placeholder(const kdeps_driver& driver, std::size_t n);

inline kdeps_str to_str(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace kdeps::conformance
