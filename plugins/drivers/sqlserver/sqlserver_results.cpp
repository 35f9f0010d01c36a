// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_results.hpp"

namespace kdeps::sqlserver {

bool Results::next() {
    // A result that failed gives kFail, and the ones behind it still follow.
    constexpr int kMostFailures = 5000;
    for (int failures = 0; !is_at_end_ && failures < kMostFailures; ++failures) {
        const RETCODE result = dbresults(connection_.process());
        if (operation_->stopped() != KDEPS_OK || dbdead(connection_.process()) != 0) {
            is_at_end_ = true;
            throw connection_.failure(*operation_);
        }
        if (result == NO_MORE_RESULTS) break;
        if (result == kSucceed) return true;
    }
    is_at_end_ = true;
    return false;
}

bool Results::has_columns() const { return dbnumcols(connection_.process()) > 0; }

std::int64_t Results::count() const { return dbiscount(connection_.process()) != 0 ? dbcount(connection_.process()) : -1; }

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
