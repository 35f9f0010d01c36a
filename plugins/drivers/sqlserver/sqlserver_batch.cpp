// SPDX-License-Identifier: Apache-2.0
// A batch: DB-Library sends one request at a time, so each carries many sets (sqlserver_sets.hpp).  An INSERT of values
// goes as one statement of many rows; what else there is as one call per set.
#include <kdeps/cpp/sets.hpp>
#include <optional>

#include "sqlserver_document.hpp"
#include "sqlserver_rows.hpp"
#include "sqlserver_sets.hpp"
#include "sqlserver_statement.hpp"

namespace kdeps::sqlserver {

namespace {

// All or nothing where the caller has opened no transaction.
class OwnTransaction {
public:
    OwnTransaction(Connection& connection, Call& call)
        : connection_(connection), call_(call), is_open_(!connection.is_in_transaction()) {
        if (is_open_) connection_.begin(call_, KDEPS_ISOLATION_DEFAULT, false);
    }
    void commit() {
        if (!is_open_) return;
        is_open_ = false;
        connection_.commit(call_);
    }
    // After a failure of the sets, which stays the one that is told.
    void roll_back(Error& error) {
        if (!is_open_) return;
        is_open_ = false;
        if (dbdead(connection_.process()) != 0) return;
        try {
            connection_.rollback(call_);
            connection_.settle(error);
        } catch (const Error&) {
            error.damage = KDEPS_DAMAGE_CONNECTION;
        }
        // Nothing of the batch is left.
        if (error.retry == KDEPS_RETRY_IN_DOUBT) error.retry = KDEPS_RETRY_NEVER;
    }

private:
    Connection& connection_;
    Call& call_;
    bool is_open_;
};

// The batch in the making.  One thread.
class Batch {
public:
    Batch(Connection& connection, Call& call, const std::string& sql, const Words& words, kdeps_batch& batch)
        : connection_(connection),
          call_(call),
          sql_(sql),
          words_(words),
          affected_(batch.affected, batch.sets),
          most_bytes_(batch.max_bytes == 0 ? SIZE_MAX : static_cast<std::size_t>(batch.max_bytes)),
          constructor_(constructor_of(sql)),
          may_be_document_(constructor_ && Document::is_possible(*constructor_) && connection.has_openjson(call)) {}

    void add(std::vector<Argument> set) {
        if (constructor_) {
            add_row(std::move(set));
            return;
        }
        if (calls_ && calls_->is_full()) finish_calls();
        if (!calls_) calls_.emplace(connection_.process(), sql_, set.size());
        calls_->add(set);
    }
    void finish() {
        finish_rows();
        if (calls_) finish_calls();
    }
    std::unique_ptr<CollectedRows> take_rows() { return std::move(collected_); }

private:
    void add_row(std::vector<Argument> set) {
        if (may_be_document_ && Document::holds(set)) {
            if (rows_) finish_rows();
            if (!document_ || !document_->add(set)) {
                finish_rows();
                document_.emplace(connection_.process(), *constructor_).add(set);
            }
        } else {
            if (document_) finish_rows();
            if (!rows_ || !rows_->add(set)) {
                finish_rows();
                rows_.emplace(connection_.process(), *constructor_).add(set);
            }
        }
        kept_.push_back(std::move(set));
        for (Argument& argument : kept_.back()) argument.bytes = texts_.emplace_back(argument.bytes);
    }

    void count(std::size_t set, std::int64_t rows) {
        if (set < affected_.size()) affected_[set] = rows;
    }

    // Many rows in one statement.  If it fails, the sets go one by one, so that the one that fails is known.
    void finish_rows() {
        if (!rows_ && !document_) return;
        const std::size_t sets = kept_.size();
        std::int64_t rows = -1;
        try {
            run(
                [&](Operation& operation) {
                    rows_ ? rows_->send(connection_, operation) : document_->send(connection_, operation);
                },
                [&](Results& results) {
                    if (const std::int64_t counted = results.count(); counted >= 0) rows = counted;
                });
        } catch (Error& error) {
            if (sets == 1) error.batch_set = static_cast<std::int64_t>(done_);
            if (sets > 1) find_failing(error);
            throw;
        }
        for (std::size_t i = 0; i < sets; ++i) count(done_ + i, rows == static_cast<std::int64_t>(sets) ? 1 : -1);
        done_ += sets;
        rows_.reset();
        document_.reset();
        kept_.clear();
        texts_.clear();
    }

    // In a transaction that is rolled back, as the one of the batch may have ended.
    void find_failing(Error& error) {
        const bool is_of_value = error.damage != KDEPS_DAMAGE_CONNECTION && error.retry == KDEPS_RETRY_NEVER &&
                                 (error.status == KDEPS_BAD_DATA || error.status == KDEPS_CONFLICT ||
                                  error.status == KDEPS_CONSTRAINT || error.status == KDEPS_INVALID_ARGUMENT);
        if (!is_of_value) return;
        const std::string save = "kdeps_sets";
        const bool is_open = connection_.state().transaction == KDEPS_TRANSACTION_OPEN;
        Operation operation(call_, connection_.bell());
        if (connection_.run(operation, is_open ? "SAVE TRANSACTION " + save : "BEGIN TRANSACTION")) return;
        for (std::size_t i = 0; i < kept_.size() && error.batch_set < 0; ++i) {
            Rows one(connection_.process(), *constructor_);
            one.add(kept_[i]);
            try {
                run([&](Operation& inner) { one.send(connection_, inner); }, [](Results&) {});
            } catch (const Error& found) {
                if (found.damage == KDEPS_DAMAGE_CONNECTION) error.damage = found.damage;
                if (found.vendor_code != error.vendor_code) break;
                error.batch_set = static_cast<std::int64_t>(done_ + i);
                error.message = found.message;
            }
        }
        if (dbdead(connection_.process()) != 0) return;
        Operation cleanup(call_, connection_.bell(), Bound::grace);
        const bool is_still_open = connection_.state().transaction == KDEPS_TRANSACTION_OPEN && is_open;
        if (const auto failed = connection_.run(
                cleanup, is_still_open ? "ROLLBACK TRANSACTION " + save : "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")) {
            error.damage = std::max<std::uint8_t>(error.damage, KDEPS_DAMAGE_TRANSACTION);
        }
    }

    void finish_calls() {
        if (calls_->is_empty()) return;
        const std::size_t end = done_ + calls_->sets();
        std::optional<std::size_t> failed;
        try {
            run([&](Operation& operation) { calls_->send(connection_, operation); },
                [&](Results& results) { read_call(results, failed); },
                [&](const Operation& operation) {
                    // An error stands before the mark of its set.
                    if (!failed && !operation.reports().messages.empty()) failed = done_;
                });
            if (done_ < end) {
                Error error(KDEPS_INVALID_STATE,
                            "the statement ended the transaction in which its sets run, by ROLLBACK or COMMIT; no set "
                            "behind this one was executed");
                error.sqlstate = "25000";
                error.damage = KDEPS_DAMAGE_TRANSACTION;
                failed = done_ - std::min<std::size_t>(done_, 1);
                throw error;
            }
        } catch (Error& error) {
            if (error.batch_set < 0)
                error.batch_set = static_cast<std::int64_t>(failed.value_or(std::min(done_, end - 1)));
            throw;
        }
        calls_.reset();
    }

    void read_call(Results& results, const std::optional<std::size_t>& failed) {
        if (!results.has_columns()) return;
        DBPROCESS* process = connection_.process();
        if (!Calls::is_mark(process)) {
            if (collected_ == nullptr) collected_ = std::make_unique<CollectedRows>(process);
            collected_->expect_same(process);
            // One batch more than the limit holds shows that there is more.
            while (!collected_->collect(process, results, 0)) {
                if (collected_->bytes() > most_bytes_) throw too_much();
            }
            if (collected_->bytes() > most_bytes_) throw too_much();
            return;
        }
        while (results.next_row()) {
            std::int32_t rows = -1;
            if (const BYTE* data = dbdata(process, 1); data != nullptr) std::memcpy(&rows, data, sizeof rows);
            count(done_, rows);
        }
        if (!failed) ++done_;
    }

    Error too_much() const {
        return {KDEPS_EXHAUSTED,
                "the rows that the sets return take more than " + std::to_string(most_bytes_) + " bytes"};
    }

    template <typename Send, typename Read>
    void run(Send send, Read read) {
        run(send, read, [](const Operation&) {});
    }
    // One request, all of whose results are read.
    template <typename Send, typename Read, typename Look>
    void run(Send send, Read read, Look look) {
        connection_.start(words_);
        Operation operation(call_, connection_.bell());
        operation.set_of_user();
        Results results(connection_, operation);
        try {
            send(operation);
            for (;;) {
                const bool has_next = results.next();
                look(operation);
                if (!has_next) break;
                read(results);
                while (results.has_columns() && results.next_row()) {
                }
            }
            results.expect_success();
        } catch (Error& error) {
            results.end_after(error, call_);
            throw;
        }
        connection_.finish(call_, true);
    }

    Connection& connection_;
    Call& call_;
    const std::string& sql_;
    const Words& words_;
    const std::span<std::int64_t> affected_;
    const std::size_t most_bytes_;
    const std::optional<Constructor> constructor_;
    const bool may_be_document_;
    std::size_t done_ = 0;              // sets
    std::optional<Document> document_;  // or
    std::optional<Rows> rows_;
    std::vector<std::vector<Argument>> kept_;  // the sets of `rows_`
    std::deque<std::string> texts_;
    std::optional<Calls> calls_;
    std::unique_ptr<CollectedRows> collected_;
};

}  // namespace

void Statement::execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch) {
    call.check();
    const std::span affected(batch.affected, batch.sets);
    std::fill(affected.begin(), affected.end(), -1);
    const Sets sets(std::move(parameters));
    bool needs_types = false;
    sets.for_each([&](const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
        std::string scratch;
        for (const columns::ColumnReader& reader : readers)
            needs_types = needs_types || reader.is_null(row) || reader.cell(row, scratch).kind == KDEPS_DECIMAL;
        if (readers.size() + 5 > kMostParameters) {
            throw Error(KDEPS_INVALID_ARGUMENT, "the statement has " + std::to_string(readers.size()) +
                                                    " parameters; SQL Server takes at most 2,095 in a batch");
        }
        return !needs_types;
    });
    OwnTransaction transaction(connection_, call);
    Batch work(connection_, call, sql_, words_, batch);
    try {
        std::vector<std::string> scratch;
        std::size_t set = 0;
        sets.for_each([&](const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
            scratch.resize(readers.size());
            if (needs_types) {
                Operation operation(call, connection_.bell());
                learn_types(operation, readers.size());
                needs_types = false;
            }
            std::vector<Argument> arguments;
            try {
                for (std::size_t i = 0; i < readers.size(); ++i)
                    arguments.push_back(argument(readers[i].cell(row, scratch[i]), i));
            } catch (Error& error) {
                error.batch_set = static_cast<std::int64_t>(set);
                throw;
            }
            work.add(std::move(arguments));
            ++set;
            return true;
        });
        work.finish();
        transaction.commit();
    } catch (Error& error) {
        std::fill(affected.begin(), affected.end(), -1);
        transaction.roll_back(error);
        throw;
    }
    if (auto collected = work.take_rows()) make_stream(std::move(collected), call, rows);
}

}  // namespace kdeps::sqlserver
