// SPDX-License-Identifier: Apache-2.0
// run.sql of one resource (rules §5).
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "connections.hpp"
#include "limiter.hpp"
#include "query.hpp"
#include "result.hpp"

namespace kdeps::sql {

struct TransactionOptions {
    std::uint32_t isolation = KDEPS_ISOLATION_DEFAULT;
    bool is_read_only = false;
    int retries = 0;  // after serialization failures and deadlocks
};

class Lease;

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
    std::optional<Value> attempt(const Call& call, const Target& where, Activity& activity, bool may_repeat) const;
    Value run_all(const Call& call, Lease& lease, const ResultLimits& limits) const;
    Value run_in_transaction(const Call& call, Lease& lease, const Target& where) const;
    Value run_in_begun(const Call& call, Lease& lease, const Target& where) const;
    Value run_query(const Call& call, Lease& lease, const Query& query, const ResultLimits& limits,
                    bool is_in_transaction) const;
    Value execute(const Call& call, Lease& lease, kdeps_statement* statement, const Bound& bound,
                  const ResultLimits& limits) const;
    std::shared_ptr<Running> find_call(const Call& call);  // nullptr: not registered
    std::shared_ptr<Running> register_call(const Call& call);
    void forget_call(const Call& call);
    Value run_batch(const Call& call, Lease& lease, const Query& query, const ResultLimits& limits,
                    bool is_in_transaction) const;
    [[noreturn]] void fail(Error error, std::size_t query) const;
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
