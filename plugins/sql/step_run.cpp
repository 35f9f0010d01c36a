// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>
#include <thread>

#include "bindings.hpp"
#include "lease.hpp"
#include "step.hpp"

namespace kdeps::sql {

namespace {

// Those that met once should not meet again: up to 10 ms, doubling, up to 640 ms.
void back_off(const Call& call, int repeated) {
    constexpr auto kLook = std::chrono::milliseconds(20);
    thread_local std::minstd_rand random(std::random_device{}());
    const int most = 10 << std::min(repeated, 6);
    const auto until = Clock::now() + std::chrono::milliseconds(std::uniform_int_distribution(1, most)(random));
    while (call.state() == KDEPS_OK && Clock::now() < until) {
        std::this_thread::sleep_for(std::min<nanoseconds>(kLook, until - Clock::now()));
    }
    call.check();
}

}  // namespace

// What a call has under way.
struct Step::Running {
    struct Sent {
        Sent(const Call& call, const std::shared_ptr<Pool>& pool, std::unique_ptr<Connection> connection,
             Activity& activity)
            : lease(call, pool, std::move(connection), activity) {}

        Lease lease;
        kdeps_statement* statement = nullptr;
        const Binding* binding = nullptr;
    };

    Running(kdeps_call* of, std::size_t queries) : call(of), bindings(queries) {}

    kdeps_call* const call;
    Activity activity;
    Bindings bindings;
    std::optional<Sent> sent;
    std::exception_ptr failure;  // of start, for run to tell
};

std::shared_ptr<Step::Running> Step::find_call(const Call& call) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(running_.begin(), running_.end(),
                                    [&](const auto& running) { return running->call == call.get(); });
    return found == running_.end() ? nullptr : *found;
}

std::shared_ptr<Step::Running> Step::register_call(const Call& call) {
    auto running = std::make_shared<Running>(call.get(), queries_.size());
    const std::lock_guard lock(mutex_);
    running_.push_back(running);
    return running;
}

void Step::forget_call(const Call& call) {
    const std::lock_guard lock(mutex_);
    std::erase_if(running_, [&](const auto& running) { return running->call == call.get(); });
}

kdeps_status Step::start(Call& call) {
    if (is_list_ || transaction_ || limiter_ != nullptr || named_ == nullptr || queries_[0]->is_batch() ||
        is_read_only_request(call, named_->options))
        return KDEPS_UNSUPPORTED;
    const std::shared_ptr<Pool>& pool = named_->pool;
    if (pool->options().statement_cache == 0) return KDEPS_UNSUPPORTED;
    const kdeps_driver& driver = *pool->database().driver;
    const StatementText& text = queries_[0]->look(driver);
    if (!text.faults.empty() || !text.is_fixed()) return KDEPS_UNSUPPORTED;
    bool is_full = false;
    auto connection = pool->try_acquire(call, is_full);
    if (connection == nullptr) return is_full ? KDEPS_EXHAUSTED : KDEPS_UNSUPPORTED;
    const std::shared_ptr<Running> running = register_call(call);
    running->sent.emplace(call, pool, std::move(connection), running->activity);
    Running::Sent& sent = *running->sent;
    sent.statement = sent.lease.find_prepared(text.pieces[0].sql);
    if (sent.statement == nullptr || sent.lease.lexis() != driver.lexis ||
        (text.sees_session && sent.lease.has_traces())) {
        running->sent.reset();
        forget_call(call);
        return KDEPS_UNSUPPORTED;
    }
    // From here on run goes on with what was evaluated, or tells what failed: nothing is evaluated twice.
    bool is_sent = false;
    try {
        sent.binding = &running->bindings.of(call, 0, *queries_[0], text, driver);
        sent.lease.start(sent.statement, text);
        const std::vector<kdeps_cell>& cells = sent.binding->values.cells;
        const kdeps_status status = driver.send(sent.statement, call.get(), cells.data(), cells.size());
        is_sent = status == KDEPS_OK;
        if (status != KDEPS_UNSUPPORTED) sent.lease.expect(status);
    } catch (const Error& error) {
        sent.lease.fail(error);
        if (!sent.lease.is_repeatable(error)) {
            running->failure = std::make_exception_ptr(Error(sent.lease.settled(error)));
        }
        sent.lease.forget(sent.statement);
    }
    if (!is_sent) running->sent.reset();
    return KDEPS_OK;
}

Value Step::run(Call& call) {
    Target where = target(call);
    std::shared_ptr<Running> running = find_call(call);  // by start
    if (running == nullptr) running = register_call(call);
    struct Registered {
        Step& step;
        const Call& call;
        ~Registered() { step.forget_call(call); }
    };
    const Registered registered{*this, call};
    if (running->failure != nullptr) std::rethrow_exception(running->failure);
    if (running->sent) {
        struct Received {
            std::optional<Running::Sent>& sent;
            ~Received() { sent.reset(); }  // the connection goes back before anybody waits for this run
        } const received{running->sent};
        Running::Sent& sent = *received.sent;
        try {
            return execute(call, sent.lease, sent.statement, *sent.binding, where.limits);
        } catch (const Error& error) {
            throw Error(sent.lease.settled(error));
        }
    }

    std::optional<Limiter::Place> place;
    if (limiter_ != nullptr) {
        const auto began = Clock::now();
        place.emplace(limiter_->enter(call, where.timeout));
        // Both lines share the time.
        where.timeout = std::max<nanoseconds>(where.timeout - (Clock::now() - began), nanoseconds(1));
    }
    if (where.transaction) check_transaction(where);
    const int retries = where.transaction ? where.transaction->retries : 0;
    // A connection that was found closed makes its pool look at all others before they are used, so the next is well;
    // if not, the database goes away while it is used, and the run tells.
    int fresh = 1;
    for (int repeated = 0;;) {
        try {
            if (std::optional<Value> out = attempt(call, where, *running, fresh > 0)) return *out;
            --fresh;
            continue;
        } catch (Error& error) {
            if (error.retry != KDEPS_RETRY_SAME || retries == 0 || call.state() != KDEPS_OK) throw;
            if (repeated == retries) {
                error.message += "; tried " + std::to_string(retries + 1) + " times";
                throw;
            }
        }
        call.host().count("kdeps_sql_transaction_retries", {"connection", where.pool->database().name}, 1);
        back_off(call, repeated++);
    }
}

std::optional<Value> Step::attempt(const Call& call, const Target& where, Running& running, bool may_repeat) const {
    Lease lease(call, where.pool, where.timeout, running.activity);
    try {
        if (lease.has_traces() && sees_session(lease.driver())) lease.undo_traces();
        return where.transaction ? run_in_transaction(call, lease, where, running.bindings)
                                 : run_all(call, lease, where, running.bindings);
    } catch (const Error& error) {
        if (may_repeat && lease.is_repeatable(error) && call.state() == KDEPS_OK) return std::nullopt;
        throw;
    }
}

bool Step::sees_session(const kdeps_driver& driver) const {
    return std::any_of(queries_.begin(), queries_.end(),
                       [&](const auto& query) { return query->look(driver).sees_session; });
}

void Step::cancel(Call& call) {
    if (const std::shared_ptr<Running> running = find_call(call)) running->activity.cancel();
}

Error Step::named(Error error, std::size_t query) const {
    if (is_list_) {
        const std::string& name = queries_[query]->name();
        error.message =
            "query " + std::to_string(query) + (name.empty() ? "" : " ('" + name + "')") + ": " + error.message;
    }
    return error;
}

Value Step::run_all(const Call& call, Lease& lease, const Target& where, Bindings& bindings) const {
    const Value list = is_list_ ? call.list() : Value();
    for (std::size_t i = 0; i < queries_.size(); ++i) {
        const bool is_committed_before = lease.is_committed();
        try {
            const Value one = run_query(call, lease, where, i, bindings);
            if (!is_list_) return one;
            call.push(list, one);
        } catch (const Error& failed) {
            Error error = lease.settled(failed);
            if (is_committed_before) error.message += "; the queries before it are committed";
            throw Error(named(std::move(error), i));
        }
    }
    return list;
}

Value Step::run_query(const Call& call, Lease& lease, const Target& where, std::size_t i, Bindings& bindings) const {
    const Query& query = *queries_[i];
    const StatementText& text = query.text_for(lease.driver(), lease.lexis());
    const Binding& binding = bindings.of(call, i, query, text, lease.driver());
    if (query.is_batch() && !binding.sets) return batch_counts(call, {});  // an empty batch
    kdeps_statement* statement = lease.prepare(*binding.sql);
    if (query.is_batch()) return run_batch(call, lease, where, text, statement, *binding.sets);
    lease.start(statement, text);
    return execute(call, lease, statement, binding, where.limits);
}

Ending ending(const Lease& lease) { return {&lease.driver(), lease.handle(), lease.may_be_cut()}; }

Value Step::execute(const Call& call, Lease& lease, kdeps_statement* statement, const Binding& binding,
                    const ResultLimits& limits) const {
    Taken taken;
    try {
        ArrowArrayStream raw{};
        kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
        const std::vector<kdeps_cell>& cells = binding.values.cells;
        lease.expect(lease.driver().execute(statement, call.get(), cells.data(), cells.size(), &raw, &outcome));
        lease.answered();
        const Value out = raw.release == nullptr
                              ? counts(call, outcome)
                              : read_rows(call, columns::Stream(&raw), format_, limits, ending(lease), taken);
        lease.finish();
        return out;
    } catch (const Error& error) {
        lease.fail(error, taken.is_read);
        lease.forget(statement);
        throw;
    }
}

}  // namespace kdeps::sql
