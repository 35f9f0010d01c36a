// SPDX-License-Identifier: Apache-2.0
// A batch of a plain INSERT by COPY, within a savepoint.  Whatever goes wrong, a row that violates a constraint or a
// table that COPY treats in another way, takes back to the savepoint, and the batch is executed set by set: that tells
// which set failed, with PostgreSQL's own error, and nothing is there twice.
#include <algorithm>

#include "postgres_encode.hpp"
#include "postgres_statement.hpp"

namespace kdeps::postgres {
namespace {

constexpr std::size_t kPieceBytes = 64 << 10;  // the server reads one while the next is made
constexpr std::string_view kDoing = "the batch failed";

}  // namespace

bool Statement::copy_batch(Call& call, const Sets& sets, kdeps_batch& batch) {
    const bool is_own = connection_.is_idle();
    if (is_own) connection_.begin(call, KDEPS_ISOLATION_DEFAULT, false);
    try {
        Form& form = forms_.front();
        // In the transaction, which has one session.
        if (connection_.is_one_shot() && !is_copy_known_) prepare(call, form);
        is_copy_refused_ = form.fault || copy_->column_count() != form.description.parameters.size() ||
                           !std::all_of(form.description.parameters.begin(), form.description.parameters.end(),
                                        [&](Oid oid) { return has_encoding(connection_.types().of(oid).kind); });
        const bool is_done = !is_copy_refused_ && copy_behind_savepoint(call, sets, batch.sets);
        if (is_done) connection_.note_touched();
        if (is_own && is_done) connection_.commit(call);
        if (is_own && !is_done) connection_.rollback(call);
        if (is_done) std::fill_n(batch.affected, batch.sets, 1);
        return is_done;
    } catch (Error& error) {
        if (connection_.link().is_broken()) {
            error.damage = KDEPS_DAMAGE_CONNECTION;
        } else {
            if (is_own) connection_.rollback(call);
            error.damage = is_own ? KDEPS_DAMAGE_NONE : KDEPS_DAMAGE_TRANSACTION;
        }
        throw;
    }
}

bool Statement::copy_behind_savepoint(Call& call, const Sets& sets, std::size_t count) {
    Link& link = connection_.link();
    const auto run = [&](std::initializer_list<const char*> commands) {
        connection_.open_exchange(call, Effect::none);
        for (const char* sql : commands) link.query(sql);
        link.sync();
        connection_.read_preface();
        if (Result failed = link.drain(); failed != nullptr) connection_.fail(std::move(failed), kDoing);
    };
    // Before the first time, so that no trigger runs in vain; afterwards with the table locked by the COPY, so that it
    // cannot change any more.
    if (is_copy_known_) {
        run({"SAVEPOINT kdeps_batch"});
    } else {
        is_copy_known_ = suits_copy(call, "SAVEPOINT kdeps_batch");
        is_copy_refused_ = !is_copy_known_;  // until the statement is prepared again
    }
    bool is_done = false;
    if (is_copy_known_ && copy_rows(call, sets, count)) {
        is_copy_known_ = suits_copy(call, nullptr);
        is_done = is_copy_known_;
    }
    if (!is_done) run({"ROLLBACK TO SAVEPOINT kdeps_batch"});
    run({"RELEASE SAVEPOINT kdeps_batch"});
    return is_done;
}

// True if all rows are in the table.
bool Statement::copy_rows(const Call& call, const Sets& sets, std::size_t count) {
    Link& link = connection_.link();
    std::vector<Kind> kinds;
    for (const Oid oid : forms_.front().description.parameters) kinds.push_back(connection_.types().of(oid).kind);
    CopyRows rows(std::move(kinds));
    connection_.open_exchange(call, Effect::none);
    if (link.begin_copy(copy_->copy_sql()) != nullptr) return false;
    const auto put = [&] {
        const bool is_put = link.put_copy(rows.data());
        rows.taken();
        return is_put;
    };
    bool is_good = true;
    try {
        sets.for_each([&](const std::vector<columns::ColumnReader>& columns, std::int64_t row) {
            is_good = columns.size() == forms_.front().description.parameters.size() && rows.append(columns, row);
            if (is_good && rows.data().size() >= kPieceBytes) is_good = put();
            return is_good;
        });
        rows.finish();
        is_good = is_good && put();
    } catch (...) {
        if (!link.is_broken()) link.end_copy("the batch failed");
        throw;
    }
    has_odd_value_ = !is_good && link.stopped() == KDEPS_OK && !link.has_copy_failed();
    const Result result = link.end_copy(is_good ? nullptr : "its rows need INSERT");
    if (link.stopped() != KDEPS_OK) {
        Error error = error_of(result.get(), {.doing = kDoing, .stopped = link.stopped()});
        error.damage = KDEPS_DAMAGE_TRANSACTION;
        throw error;
    }
    // A trigger of the system or a partition could drop rows: what is not counted as 1 each is not kept.
    return is_good && PQresultStatus(result.get()) == PGRES_COMMAND_OK && affected_of(result.get()) == rows.rows() &&
           static_cast<std::size_t>(rows.rows()) == count;
}

// Runs `before` in the same round trip.
bool Statement::suits_copy(const Call& call, const char* before) {
    Link& link = connection_.link();
    copy_->bind_suits(forms_.front().description.parameters, parameters_);
    connection_.open_exchange(call, Effect::none);
    if (before != nullptr) link.query(before);
    link.query(CopyTarget::kSuits, &parameters_);
    link.sync();
    connection_.read_preface();
    bool suits = false;
    Result failed;
    while (link.is_in_exchange()) {
        Result result = link.next();
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_TUPLES_OK && PQntuples(result.get()) == 1) suits = value_of(result.get(), 0, 0) == "t";
        if (result != nullptr && status == PGRES_FATAL_ERROR && failed == nullptr) failed = std::move(result);
    }
    if (failed == nullptr) return suits;
    // Where the catalog cannot be asked the sets go one by one, behind the savepoint.
    if (link.stopped() != KDEPS_OK || link.transaction() != PQTRANS_INERROR)
        connection_.fail(std::move(failed), kDoing);
    return false;
}

}  // namespace kdeps::postgres
