// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_results.hpp"

namespace kdeps::sqlserver {

void Results::expect_going_on() {
    if (operation_->stopped() == KDEPS_OK && dbdead(connection_.process()) == 0) return;
    is_at_end_ = true;
    throw connection_.failure(*operation_);
}

bool Results::next() {
    if (is_at_end_) return false;
    // A result that failed gives kFail, and the ones behind it still follow.
    constexpr int kMostFailures = 100'000;
    for (int failures = 0; failures < kMostFailures; ++failures) {
        const RETCODE result = dbresults(connection_.process());
        expect_going_on();
        // What has come to its end is not stopped any more.
        if (result != NO_MORE_RESULTS && operation_->has_to_stop()) {
            operation_->interrupt(connection_.process());
            expect_going_on();
        }
        if (result == kSucceed) return true;
        if (result == NO_MORE_RESULTS) {
            is_at_end_ = true;
            connection_.note_answer(*operation_);
            return false;
        }
        // Without a word of the server or the library that says why: nobody knows what is missing.
        if (operation_->reports().messages.empty() && !operation_->reports().client) {
            operation_->add_client_error("a result of the server cannot be read");
        }
    }
    Error error(KDEPS_INTERNAL, "the FreeTDS client library finds no end of the results");
    error.damage = KDEPS_DAMAGE_CONNECTION;
    throw error;
}

bool Results::has_columns() const { return dbnumcols(connection_.process()) > 0; }

std::int64_t Results::count() const {
    return dbiscount(connection_.process()) != 0 ? dbcount(connection_.process()) : -1;
}

bool Results::next_row() {
    constexpr unsigned kRowsBetweenLooks = 32;
    if (++rows_ % kRowsBetweenLooks == 0 && operation_->has_to_stop()) {
        operation_->interrupt(connection_.process());
        expect_going_on();
    }
    const RETCODE row = dbnextrow(connection_.process());
    expect_going_on();
    if (operation_->reports().client) {
        if (!is_draining_) throw connection_.failure(*operation_);
        operation_->forget_client_error();
    }
    if (row == REG_ROW) return true;
    if (row == NO_MORE_ROWS) return false;
    // An error amid the rows: the server ends the result with it.
    if (operation_->reports().messages.empty()) operation_->add_client_error("a row of the server cannot be read");
    return false;
}

void Results::drain() {
    while (next()) {
        while (has_columns() && next_row()) {
        }
    }
}

void Results::end_after(Error& error, const Call& call) {
    if (!is_at_end_ && dbdead(connection_.process()) == 0 && operation_->stopped() == KDEPS_OK) {
        if (connection_.only_reads()) {
            connection_.discard(call);
        } else if (connection_.state().exchange == KDEPS_EXCHANGE_SENT) {
            Operation rest(call, connection_.bell());
            Operation* const before = operation_;
            operation_ = &rest;
            is_draining_ = true;
            try {
                drain();
            } catch (const Error&) {
                // The first failure is the one that is told.
            }
            operation_ = before;
        }
    }
    is_at_end_ = true;
    connection_.finish(call, false);
    connection_.settle(error);
}

void Results::expect_success(std::string_view sql) const {
    const Reports& reports = operation_->reports();
    if (!reports.messages.empty() || reports.client) throw connection_.failure(*operation_, sql);
}

}  // namespace kdeps::sqlserver
