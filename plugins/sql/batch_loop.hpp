// SPDX-License-Identifier: Apache-2.0
// The batch of a driver that has no batches: its sets one after the other.
#pragma once

#include "lease.hpp"
#include "result.hpp"

namespace kdeps::sql {

// Fills the counts of `batch` and adds the rows that the statement returns.  Throws Error, which names the set.
void execute_one_by_one(const Call& call, Lease& lease, kdeps_statement* statement, columns::Stream sets,
                        kdeps_batch& batch, BatchRows& rows);

}  // namespace kdeps::sql
