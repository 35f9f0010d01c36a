// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>
#include <thread>

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
        Bound bound;
        kdeps_statement* statement = nullptr;
    };

    explicit Running(kdeps_call* of) : call(of) {}

    kdeps_call* const call;
    Activity activity;
    std::optional<Sent> sent;
};

std::shared_ptr<Step::Running> Step::find_call(const Call& call) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(running_.begin(), running_.end(),
                                    [&](const auto& running) { return running->call == call.get(); });
    return found == running_.end() ? nullptr : *found;
}

std::shared_ptr<Step::Running> Step::register_call(const Call& call) {
    auto running = std::make_shared<Running>(call.get());
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
    const StatementText& text = queries_[0]->text_for(driver);
    if (!text.is_fixed() || text.leaves_state) return KDEPS_UNSUPPORTED;
    bool is_full = false;
    auto connection = pool->try_acquire(call, is_full);
    if (connection == nullptr) return is_full ? KDEPS_EXHAUSTED : KDEPS_UNSUPPORTED;
    const std::shared_ptr<Running> running = register_call(call);
    std::optional<Running::Sent>& sent = running->sent;
    sent.emplace(call, pool, std::move(connection), running->activity);
    sent->statement = sent->lease.find_prepared(text.pieces[0].sql);
    bool is_sent = false;
    try {
        if (sent->statement != nullptr) {
            queries_[0]->bind(call, text, sent->bound);
            const kdeps_status status =
                driver.send(sent->statement, call.get(), sent->bound.cells.data(), sent->bound.cells.size());
            if (status != KDEPS_UNSUPPORTED) sent->lease.expect(status);
            is_sent = status == KDEPS_OK;
        }
    } catch (const Error& error) {
        // run meets it again, and reports it.
        if (sent->statement != nullptr) sent->lease.forget(sent->statement);
    }
    if (!is_sent) {
        sent.reset();
        forget_call(call);
    }
    return is_sent ? KDEPS_OK : KDEPS_UNSUPPORTED;
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
    if (running->sent) {
        struct Received {
            std::optional<Running::Sent>& sent;
            ~Received() { sent.reset(); }  // the connection goes back before anybody waits for this run
        } const received{running->sent};
        return execute(call, received.sent->lease, received.sent->statement, received.sent->bound, where.limits);
    }

    std::optional<Limiter::Place> place;
    if (limiter_ != nullptr) {
        const auto began = Clock::now();
        place.emplace(limiter_->enter(call, where.timeout));
        // Both lines share the time.
        where.timeout = std::max<nanoseconds>(where.timeout - (Clock::now() - began), nanoseconds(1));
    }
    const int retries = where.transaction ? where.transaction->retries : 0;
    // A connection that was found closed makes its pool look at all others before they are used, so the next is well;
    // if not, the database goes away while it is used, and the run tells.
    int fresh = 1;
    for (int repeated = 0;;) {
        try {
            if (std::optional<Value> out = attempt(call, where, running->activity, fresh > 0)) return *out;
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

std::optional<Value> Step::attempt(const Call& call, const Target& where, Activity& activity, bool may_repeat) const {
    Lease lease(call, where.pool, where.timeout, activity);
    try {
        return where.transaction ? run_in_transaction(call, lease, where) : run_all(call, lease, where.limits);
    } catch (const Error& error) {
        if (may_repeat && lease.is_repeatable(error) && call.state() == KDEPS_OK) return std::nullopt;
        throw;
    }
}

void Step::cancel(Call& call) {
    if (const std::shared_ptr<Running> running = find_call(call)) running->activity.cancel();
}

void Step::fail(Error error, std::size_t query) const {
    if (is_list_) {
        const std::string& name = queries_[query]->name();
        error.message =
            "query " + std::to_string(query) + (name.empty() ? "" : " ('" + name + "')") + ": " + error.message;
    }
    throw Error(std::move(error));
}

Value Step::run_all(const Call& call, Lease& lease, const ResultLimits& limits) const {
    if (!is_list_) return run_query(call, lease, *queries_[0], limits, false);
    const Value list = call.list();
    for (std::size_t i = 0; i < queries_.size(); ++i) {
        try {
            call.push(list, run_query(call, lease, *queries_[i], limits, false));
        } catch (Error& error) {
            fail(std::move(error), i);
        }
    }
    return list;
}

Value Step::run_query(const Call& call, Lease& lease, const Query& query, const ResultLimits& limits,
                      bool is_in_transaction) const {
    const StatementText& text = query.text_for(lease.driver());
    if (text.leaves_state) lease.note_state();
    if (query.is_batch()) return run_batch(call, lease, query, limits, is_in_transaction);
    Bound bound;
    query.bind(call, text, bound);
    kdeps_statement* statement =
        text.is_fixed() ? lease.prepare(text.pieces[0].sql) : lease.prepare(query.sql(call, text, lease.driver()));
    return execute(call, lease, statement, bound, limits);
}

Value Step::execute(const Call& call, Lease& lease, kdeps_statement* statement, const Bound& bound,
                    const ResultLimits& limits) const {
    try {
        ArrowArrayStream raw{};
        kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
        lease.expect(
            lease.driver().execute(statement, call.get(), bound.cells.data(), bound.cells.size(), &raw, &outcome));
        lease.note_work();
        if (raw.release == nullptr) return counts(call, outcome);
        return read_rows(call, columns::Stream(&raw), format_, limits);
    } catch (const Error& error) {
        lease.note(error);
        lease.forget(statement);
        throw;
    }
}

}  // namespace kdeps::sql
