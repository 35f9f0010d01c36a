// SPDX-License-Identifier: Apache-2.0
#include "batch_loop.hpp"

#include "step.hpp"

namespace kdeps::sql {

void execute_one_by_one(const Call& call, Lease& lease, kdeps_statement* statement, columns::Stream sets,
                        kdeps_batch& batch, BatchRows& rows) {
    std::size_t set = 0;
    std::vector<kdeps_cell> cells;
    std::vector<std::string> texts;
    const auto run = [&](const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
        for (std::size_t i = 0; i < readers.size(); ++i) cells[i] = readers[i].cell(row, texts[i]);
        ArrowArrayStream raw{};
        kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
        lease.expect(lease.driver().execute(statement, call.get(), cells.data(), cells.size(), &raw, &outcome));
        lease.answered();
        if (raw.release != nullptr) {
            rows.add(columns::Stream(&raw), ending(lease));
        } else {
            batch.affected[set] = outcome.rows_affected;
        }
    };
    for_each_batch(sets, [&](const std::vector<columns::ColumnReader>& readers, std::int64_t length) {
        cells.resize(readers.size());
        texts.resize(readers.size());
        for (std::int64_t row = 0; row < length; ++row, ++set) {
            try {
                call.check();
                run(readers, row);
            } catch (Error& error) {
                if (set > 0) lease.note_part();
                error.batch_set = static_cast<std::int64_t>(set);
                throw;
            }
        }
    });
}

}  // namespace kdeps::sql
