// SPDX-License-Identifier: Apache-2.0
#include "lease.hpp"
#include "step.hpp"

namespace kdeps::sql {

namespace {

constexpr const char* kReadOnly = "25006";  // a write in a read-only transaction

// The driver may tell that it lacks this kind of transaction only.
Error no_transaction(const Call& call, const kdeps_driver& driver) {
    kdeps_error told{};
    told.struct_size = sizeof(told);
    if (call.host().get()->last_error(call.get(), &told) != 0 && told.status == KDEPS_UNSUPPORTED) return Error(told);
    return Error(KDEPS_UNSUPPORTED, "the driver '" + std::string(to_view(driver.name)) + "' has no transactions");
}

}  // namespace

Value Step::run_in_transaction(const Call& call, Lease& lease, const Target& where) const {
    const kdeps_driver& driver = lease.driver();
    try {
        const kdeps_status began = driver.begin(lease.handle(), call.get(), where.transaction->isolation,
                                                where.transaction->is_read_only ? 1 : 0);
        if (began == KDEPS_UNSUPPORTED) throw no_transaction(call, driver);
        lease.expect(began);
        return run_in_begun(call, lease, where);
    } catch (Error& error) {
        if (where.is_read_only_request && (error.sqlstate == kReadOnly || error.status == KDEPS_UNSUPPORTED)) {
            error.message += "; connection '" + where.pool->database().name +
                             "' has readOnlyOnGet, so a GET request may only read: write in a POST route";
        }
        throw;
    }
}

Value Step::run_in_begun(const Call& call, Lease& lease, const Target& where) const {
    const kdeps_driver& driver = lease.driver();
    try {
        Value out = is_list_ ? call.list() : Value();
        for (std::size_t i = 0; i < queries_.size(); ++i) {
            try {
                Value one = run_query(call, lease, *queries_[i], where.limits, true);
                if (is_list_) {
                    call.push(out, one);
                } else {
                    out = one;
                }
            } catch (Error& error) {
                fail(std::move(error), i);
            }
        }
        lease.expect(driver.commit(lease.handle(), call.get()));
        return out;
    } catch (Error& error) {
        // What only reads leaves nothing in doubt.
        if (where.transaction->is_read_only && error.retry == KDEPS_RETRY_IN_DOUBT) error.retry = KDEPS_RETRY_FRESH;
        // A failed commit has ended the transaction; a rollback is harmless then.  Its own error would hide the cause.
        if (lease.is_usable()) {
            const Error cause = error;
            if (driver.rollback(lease.handle(), call.get()) == KDEPS_OK) {
                lease.repair();
            } else {
                Error broken(KDEPS_INTERNAL, "");
                broken.damage = KDEPS_DAMAGE_CONNECTION;
                lease.note(broken);
            }
            throw Error(cause);
        }
        throw;
    }
}

}  // namespace kdeps::sql
