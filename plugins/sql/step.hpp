// SPDX-License-Identifier: Apache-2.0
// run.sql of one resource (rules §5).
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "bindings.hpp"
#include "connections.hpp"
#include "lease.hpp"
#include "limiter.hpp"
#include "query.hpp"
#include "result.hpp"

namespace kdeps::sql {

// Why a statement cannot stand among the queries of a transaction; empty if it can.
std::string transaction_fault(const StatementText& text);

// How a statement of the lease ends whose rows are not all wanted.
Ending ending(const Lease& lease);

// Immutable after its construction but for what is running; any thread.
class Step {
public:
    Step(Connections& connections, const Config& config, const Call& call);

    // Sends a single query at once if a connection is ready and the statement prepared on it: then run only receives.
    kdeps_status start(Call& call);
    Value run(Call& call);
    void cancel(Call& call);
    // What its database says of its statements, without running them: a list as kdeps.live/1 wants it.
    Value check_live(const Call& call);

private:
    struct Running;

    void read_connection(const Call& call);
    void read_transaction(const Call& call);
    void read_pool(const Call& call);

    // Where one run works, and how.
    struct Target {
        std::shared_ptr<Pool> pool;
        nanoseconds timeout{};  // longest wait for a connection
        ResultLimits limits;
        std::optional<TransactionOptions> transaction;
        bool is_read_only_request = false;  // the transaction is one because of readOnlyOnGet
    };
    Target target(const Call& call) const;
    // Does the connection allow this run only to read (readOnlyOnGet)?
    static bool is_read_only_request(const Call& call, const ConnectionOptions& options);
    // Nothing: the connection was found closed before anything was sent.
    std::optional<Value> attempt(const Call& call, const Target& where, Running& running, bool may_repeat) const;
    Value run_all(const Call& call, Lease& lease, const Target& where, Bindings& bindings) const;
    Value run_in_transaction(const Call& call, Lease& lease, const Target& where, Bindings& bindings) const;
    Value run_query(const Call& call, Lease& lease, const Target& where, std::size_t i, Bindings& bindings) const;
    Value run_batch(const Call& call, Lease& lease, const Target& where, const StatementText& text,
                    kdeps_statement* statement, const BatchSets& sets) const;
    Value execute(const Call& call, Lease& lease, kdeps_statement* statement, const Binding& binding,
                  const ResultLimits& limits) const;
    // Refuses what cannot stand in a transaction, before anything is sent.
    void check_transaction(const Target& where) const;
    static void tell_read_only(const Target& where, Error& error);
    // The error of a query of the list, by its place and name.
    Error named(Error error, std::size_t query) const;
    bool sees_session(const kdeps_driver& driver) const;
    std::shared_ptr<Running> find_call(const Call& call);  // nullptr: not registered
    std::shared_ptr<Running> register_call(const Call& call);
    void forget_call(const Call& call);
    std::shared_ptr<Pool> live_pool(const Call& call) const;
    Value check_live(const Call& call, Lease& lease, const Query& query) const;

    Connections& connections_;
    const Config config_;
    const Named* named_ = nullptr;  // known at load
    Config url_;                    // else: evaluated at run
    std::vector<std::unique_ptr<Query>> queries_;
    bool is_list_ = false;  // `queries`: the result is a list
    std::optional<TransactionOptions> transaction_;
    Format format_ = Format::json;
    std::optional<std::size_t> max_rows_;
    std::optional<std::size_t> max_bytes_;
    PoolOptions url_pool_;
    std::unique_ptr<Limiter> limiter_;  // narrows the pool for this step
    std::optional<nanoseconds> connection_timeout_;

    std::mutex mutex_;  // guards running_
    std::vector<std::shared_ptr<Running>> running_;
};

extern const char* const kStepSchema;

}  // namespace kdeps::sql
