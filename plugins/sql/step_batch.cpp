// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "batch_loop.hpp"
#include "step.hpp"

namespace kdeps::sql {

namespace {

// Sets per transaction of a batch that commits by itself in chunks.
constexpr std::size_t kChunk = 10'000;

// A driver without transactions runs the sets as they come.
bool begin_chunk(Lease& lease) {
    try {
        lease.begin({});
        return true;
    } catch (const Error& error) {
        if (error.status != KDEPS_UNSUPPORTED) throw;
        return false;
    }
}

}  // namespace

Value Step::run_batch(const Call& call, Lease& lease, const Target& where, const StatementText& text,
                      kdeps_statement* statement, const BatchSets& sets) const {
    const std::size_t all = sets.count();
    std::vector<std::int64_t> affected(all, -1);
    BatchRows rows(call, format_, where.limits);
    // Within a transaction all at once; else chunks that commit by themselves.
    const bool takes_part = where.transaction || lease.has_foreign_transaction();
    const std::size_t chunk = takes_part ? all : kChunk;
    std::size_t done = 0;
    std::size_t count = 0;
    bool is_begun = false;
    try {
        for (; done < all; done += count) {
            count = std::min(chunk, all - done);
            is_begun = !takes_part && begin_chunk(lease);
            lease.start(statement, text);
            if (!is_begun && !takes_part) lease.runs_in_parts();
            columns::Stream some = sets.some(call, done, count);
            ArrowArrayStream returned{};
            kdeps_batch batch{sizeof(kdeps_batch), 0, count, affected.data() + done, rows.bytes_left()};
            ArrowArrayStream given{};
            some.move_to(&given);
            const kdeps_status status = lease.driver().execute_batch(statement, call.get(), &given, &returned, &batch);
            if (status == KDEPS_UNSUPPORTED) {
                execute_one_by_one(call, lease, statement, sets.some(call, done, count), batch, rows);
            } else {
                lease.expect(status);
                lease.answered();
                if (returned.release != nullptr) rows.add(columns::Stream(&returned), ending(lease));
            }
            lease.finish();
            if (is_begun) lease.commit();
            is_begun = false;
        }
        return rows.is_empty() ? batch_counts(call, affected) : rows.finish();
    } catch (Error& error) {
        lease.fail(error);
        const bool is_chunk_in_doubt = lease.is_in_doubt();
        if (is_begun) lease.roll_back();
        lease.forget(statement);
        // The driver's word for rows that it collected beyond kdeps_batch.max_bytes; a limit of the server has a SQLSTATE.
        if (error.status == KDEPS_EXHAUSTED && error.sqlstate.empty()) error.message = too_large(where.limits).message;
        // To try again would not help.
        if (error.status == KDEPS_EXHAUSTED && error.message.find("maxResultBytes") != std::string::npos)
            error.status = KDEPS_INTERNAL;
        if (error.batch_set >= 0) {
            error.batch_set += static_cast<std::int64_t>(done);
            error.message = "paramsBatch[" + std::to_string(error.batch_set) + "]: " + error.message;
        }
        if (!takes_part) {
            std::string words;
            if (done > 0) {
                words = "; the first " + std::to_string(done) + " of " + std::to_string(all) + " sets are committed";
            }
            if (is_chunk_in_doubt) {
                words += "; the sets " + std::to_string(done) + " to " + std::to_string(done + count - 1) +
                         " may or may not have taken effect";
            }
            lease.tell(words);
        }
        throw Error(std::move(error));
    }
}

}  // namespace kdeps::sql
