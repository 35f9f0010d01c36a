// SPDX-License-Identifier: Apache-2.0
// A batch: many executions of one statement, pipelined.  Unlike the bulk protocol (mysql_bulk.cpp) this works with
// every statement and server, gives the count of each set and tells which one failed.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <deque>
#include <kdeps/cpp/stream.hpp>

#include "mysql_rows.hpp"
#include "mysql_statement.hpp"

namespace kdeps::mysql {

namespace {

// While the server's answers are not read, it may stop reading what is sent; so much fits the sockets' buffers at any
// rate.
constexpr std::size_t kMostBytes = 32 * 1024;
constexpr std::size_t kMostSets = 128;
constexpr std::int64_t kSetsBetweenLooks = 64;

// All or nothing where the caller has opened no transaction; it is also one write to the log instead of one per set.
class OwnTransaction {
public:
    OwnTransaction(Connection& connection, const Operation& operation)
        : connection_(connection), is_open_(!connection.is_in_transaction()) {
        if (!is_open_) return;
        if (const auto failed = connection_.run("START TRANSACTION")) throw connection_.failure(operation, *failed);
    }
    ~OwnTransaction() {
        if (is_open_) connection_.run("ROLLBACK");
    }
    OwnTransaction(const OwnTransaction&) = delete;
    OwnTransaction& operator=(const OwnTransaction&) = delete;

    void commit(const Operation& operation) {
        if (!is_open_) return;
        if (const auto failed = connection_.run("COMMIT")) throw connection_.commit_failure(operation, *failed);
        is_open_ = false;
    }

private:
    Connection& connection_;
    bool is_open_;
};

// Sends executions and reads their answers later, in order.
class Pipeline {
public:
    struct Reading {
        // Reads the rows of an answer that has some; false if that failed.
        std::function<bool()> collect;
        // Makes columns readable that are not those that the statement was prepared with.
        std::function<bool()> adopt;
    };
    Pipeline(Connection& connection, Operation& operation, std::span<std::int64_t> affected, Reading reading)
        : connection_(connection), operation_(operation), affected_(affected), reading_(std::move(reading)) {}
    // An error of the caller must not leave answers behind.
    ~Pipeline() {
        reading_.collect = nullptr;
        try {
            drain();
        } catch (...) {
            // One from collect() is being thrown already.
        }
    }
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    // Throws what an earlier set failed with.
    void send(MYSQL_STMT* statement, Parameters& values) {
        statement_ = statement;
        if (pending_.size() >= kMostSets || pending_bytes_ + values.bytes() > kMostBytes) {
            while (!pending_.empty() && (pending_.size() > kMostSets / 2 || pending_bytes_ > kMostBytes / 2)) receive();
        }
        expect();
        hold_back(true);
        const bool is_bound = values.size() == 0 || mysql_stmt_bind_param(statement, values.binds()) == 0;
        wait_for_answers(false);
        const bool is_sent = is_bound && mysql_stmt_execute(statement) == 0;
        wait_for_answers(true);
        if (!is_sent) {
            fail(received_ + static_cast<std::int64_t>(pending_.size()));
            expect();
        }
        pending_.push_back(values.bytes());
        pending_bytes_ += values.bytes();
    }

    // Takes the answer of a set that was executed with nothing pending; one without rows has been seen to its end.
    void take(MYSQL_STMT* statement, bool has_rows) {
        statement_ = statement;
        count(has_rows);
        expect();
        if (has_rows) connection_.statement_ends(false);
    }

    void finish() {
        drain();
        expect();
    }

    std::int64_t received() const { return received_; }

private:
    void drain() {
        while (!pending_.empty()) receive();
    }

    // The library writes each execution by itself: the system gathers them into full packets, so that the server wakes
    // once for many.  Of no effect on a Unix socket.
    void hold_back(bool is_wanted) {
        if (is_wanted == is_held_back_) return;
        is_held_back_ = is_wanted;
        const int value = is_wanted ? 1 : 0;
        setsockopt(mysql_get_socket(connection_.client()), IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
    }

    void receive() {
        hold_back(false);
        pending_bytes_ -= pending_.front();
        pending_.pop_front();
        const bool is_good =
            connection_.client()->methods->db_read_execute_response(statement_) == 0 ||
            (mysql_stmt_errno(statement_) == CR_NEW_STMT_METADATA && reading_.adopt && reading_.adopt());
        connection_.session().look();
        if (is_good) {
            count(mysql_field_count(connection_.client()) > 0);
        } else {
            fail(received_++);
        }
    }

    void count(bool has_rows) {
        const auto set = static_cast<std::size_t>(received_++);
        if (has_rows) {
            bool is_read = true;
            try {
                is_read = !reading_.collect || reading_.collect();
            } catch (...) {
                connection_.read_on(statement_, operation_);
                throw;
            }
            if (!is_read || connection_.read_on(statement_, operation_)) fail(static_cast<std::int64_t>(set));
        } else if (set < affected_.size()) {
            affected_[set] = static_cast<std::int64_t>(mysql_stmt_affected_rows(statement_));  // ~0 is -1: unknown
        }
    }

    void wait_for_answers(bool waits) {
        const my_bool skips = waits ? 0 : 1;
        mysql_optionsv(connection_.client(), MARIADB_OPT_SKIP_READ_RESPONSE, &skips);
    }

    // Keeps the first failure; a set after it may have succeeded or failed for the same reason.
    void fail(std::int64_t set) {
        if (failure_) return;
        failure_ = connection_.failure(operation_, native_error(statement_));
        failure_->batch_set = set;
    }

    void expect() {
        if (!failure_) return;
        drain();
        if (failure_->damage != KDEPS_DAMAGE_CONNECTION) connection_.statement_ends(true);
        throw *failure_;
    }

    Connection& connection_;
    Operation& operation_;
    std::span<std::int64_t> affected_;
    Reading reading_;
    MYSQL_STMT* statement_ = nullptr;
    bool is_held_back_ = false;
    std::deque<std::size_t> pending_;  // bytes of the sets that were sent
    std::size_t pending_bytes_ = 0;
    std::int64_t received_ = 0;
    std::optional<Error> failure_;
};

}  // namespace

void Statement::execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch) {
    connection_.session().exchange_begins();
    try {
        run_batch(call, std::move(parameters), rows, batch);
    } catch (const Error& error) {
        // What was sent is answered, and taken back or left to the caller's transaction.
        const bool is_sent = connection_.session().exchange() == KDEPS_EXCHANGE_SENT;
        if (is_sent && error.damage != KDEPS_DAMAGE_CONNECTION) connection_.session().is_answered(true);
        throw;
    }
}

void Statement::run_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch) {
    const Sets sets(std::move(parameters));
    call.check();
    Operation operation(connection_.limits(call, OnStop::interrupt));
    refresh(operation);
    if (is_unprepared_) {
        throw Error(KDEPS_UNSUPPORTED, "the server does not prepare statements of this kind; run the sets one by one");
    }
    const std::span affected(batch.affected, batch.sets);
    std::fill(affected.begin(), affected.end(), -1);

    std::unique_ptr<CollectedRows> collected;
    const auto collect = [&] {
        if (collected == nullptr) {
            collected = std::make_unique<CollectedRows>(statement_.get(), reader(), batch.max_bytes);
        }
        return collected->collect();
    };

    OwnTransaction transaction(connection_, operation);
    connection_.session().note(words_);
    connection_.session().is_sent();
    if (bulk_batch(operation, sets, affected)) {
        transaction.commit(operation);
        connection_.statement_ends(false);
        return;
    }
    const bool is_pipelined = !connection_.wants_mark(words_) && batch.sets > 1 && is_taken_back(operation);
    Pipeline pipeline(connection_, operation, affected, {collect, [this] { return adopt_columns(); }});
    std::vector<kdeps_cell> cells(parameters_.size());
    std::vector<std::string> scratch(parameters_.size());
    std::int64_t set = 0;
    const auto execute_set = [&] {
        if (wants_places(cells)) {
            pipeline.finish();
            learn_places();
        }
        parameters_.set(cells, *places_);
        connection_.expect_to_fit(parameters_.bytes());
        // The first set, and one that asks how its texts are wanted, are executed by themselves: what they teach holds
        // for the rest.
        if (is_pipelined && set > 0 && !parameters_.has_open_question()) {
            pipeline.send(statement_.get(), parameters_);
            return;
        }
        pipeline.finish();
        if (auto failed = run(operation)) throw *failed;
        pipeline.take(statement_.get(), has_rows_);
    };

    sets.for_each([&](const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
        if (set == 0) expect_count(readers.size());
        if (set % kSetsBetweenLooks == 0 && operation.check()) {
            throw connection_.failure(operation, {ER_QUERY_INTERRUPTED, "70100", ""});
        }
        for (std::size_t i = 0; i < readers.size(); ++i) {
            cells[i] = readers[i].cell(row, scratch[i]);
        }
        try {
            execute_set();
        } catch (Error& error) {
            if (error.batch_set < 0) error.batch_set = set;
            throw;
        }
        ++set;
        return true;
    });
    pipeline.finish();
    transaction.commit(operation);
    connection_.statement_ends(false);
    if (collected != nullptr) make_stream(std::move(collected), call, rows);
}

}  // namespace kdeps::mysql
