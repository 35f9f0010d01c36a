// SPDX-License-Identifier: Apache-2.0
#include "lease.hpp"
#include "step.hpp"

namespace kdeps::sql {

Value Step::run_in_transaction(const Call& call, Lease& lease, const ResultLimits& limits) const {
    const kdeps_driver& driver = lease.driver();
    const kdeps_status began =
        driver.begin(lease.handle(), call.get(), transaction_->isolation, transaction_->is_read_only ? 1 : 0);
    if (began == KDEPS_UNSUPPORTED)
        throw Error(KDEPS_UNSUPPORTED, "the driver '" + std::string(to_view(driver.name)) + "' has no transactions");
    lease.expect(began);
    try {
        Value out = is_list_ ? call.list() : Value();
        for (std::size_t i = 0; i < queries_.size(); ++i) {
            try {
                Value one = run_query(call, lease, *queries_[i], limits, true);
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
    } catch (const Error& error) {
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
