// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_results.hpp"

namespace kdeps::sqlserver {

bool Results::next() {
    if (is_at_end_) return false;
    // A result that failed gives kFail, and the ones behind it still follow.
    constexpr int kMostFailures = 100'000;
    for (int failures = 0; failures < kMostFailures; ++failures) {
        const RETCODE result = dbresults(connection_.process());
        if (operation_->stopped() != KDEPS_OK || dbdead(connection_.process()) != 0) {
            is_at_end_ = true;
            throw connection_.failure(*operation_);
        }
        if (result == kSucceed) return true;
        if (result == NO_MORE_RESULTS) {
            is_at_end_ = true;
            return false;
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
    for (;;) {
        const RETCODE row = dbnextrow(connection_.process());
        if (row == REG_ROW) return true;
        if (row == NO_MORE_ROWS) return false;
        if (operation_->stopped() != KDEPS_OK || dbdead(connection_.process()) != 0) {
            is_at_end_ = true;
            throw connection_.failure(*operation_);
        }
        // An error amid the rows: the server ends the result with it.
        if (row == kFail) return false;
    }
}

void Results::drain() {
    while (next()) {
        while (has_columns() && next_row()) {
        }
    }
}

void Results::expect_success(std::string_view sql) const {
    if (!operation_->reports().messages.empty()) throw connection_.failure(*operation_, sql);
}

}  // namespace kdeps::sqlserver
