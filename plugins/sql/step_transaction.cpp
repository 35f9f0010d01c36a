// SPDX-License-Identifier: Apache-2.0
#include "step.hpp"

namespace kdeps::sql {

namespace {

constexpr const char* kReadOnly = "25006";  // a write in a read-only transaction

}  // namespace

std::string transaction_fault(const StatementText& text) {
    const std::string words = "'" + text.transaction.words + "'";
    switch (text.transaction.effect) {
        case TransactionEffect::none: break;
        case TransactionEffect::begins:
        case TransactionEffect::ends:
            return words +
                   " cannot stand among the queries of a transaction, which the step begins and ends itself; "
                   "leave it out";
        case TransactionEffect::sets:
            return words +
                   " cannot stand among the queries of a transaction; write its isolation and readOnly under "
                   "transaction";
        case TransactionEffect::commits_implicitly:
            return words +
                   " commits what ran before it, so it cannot stand among the queries of a transaction; write it "
                   "in a step without one";
    }
    return {};
}

void Step::tell_read_only(const Target& where, Error& error) {
    error.message += "; connection '" + where.pool->database().name +
                     "' has readOnlyOnGet, so a GET request may only read: write in a POST route";
}

// A COMMIT among the queries would end the transaction in the middle.
void Step::check_transaction(const Target& where) const {
    const kdeps_driver& driver = *where.pool->database().driver;
    for (std::size_t i = 0; i < queries_.size(); ++i) {
        const StatementText& text = queries_[i]->look(driver);
        const std::string fault = transaction_fault(text);
        if (fault.empty()) continue;
        Error error(KDEPS_INVALID_ARGUMENT, fault + "; nothing of the step was run");
        error.sqlstate = "2D000";
        if (where.is_read_only_request) tell_read_only(where, error);
        throw Error(named(std::move(error), i));
    }
}

Value Step::run_in_transaction(const Call& call, Lease& lease, const Target& where, Bindings& bindings) const {
    try {
        lease.begin(*where.transaction);
        Value out = is_list_ ? call.list() : Value();
        for (std::size_t i = 0; i < queries_.size(); ++i) {
            try {
                const Value one = run_query(call, lease, where, i, bindings);
                if (is_list_) {
                    call.push(out, one);
                } else {
                    out = one;
                }
            } catch (Error& error) {
                throw Error(named(std::move(error), i));
            }
        }
        lease.commit();
        return out;
    } catch (Error& error) {
        lease.roll_back();
        if (where.is_read_only_request && (error.sqlstate == kReadOnly || error.status == KDEPS_UNSUPPORTED))
            tell_read_only(where, error);
        throw Error(lease.settled(std::move(error)));
    }
}

}  // namespace kdeps::sql
