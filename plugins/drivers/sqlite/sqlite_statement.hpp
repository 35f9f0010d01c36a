// SPDX-License-Identifier: Apache-2.0
// A prepared statement.
#pragma once

#include <kdeps/cpp/driver.hpp>
#include <span>
#include <string>

#include "sqlite_link.hpp"

namespace kdeps::sqlite {

// Belongs to one connection, whose thread uses it.
class Statement {
public:
    Statement(Link& link, Prepared statement, std::string insert_table)
        : link_(link), statement_(std::move(statement)), insert_table_(std::move(insert_table)) {}

    Outcome execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows);

    // Outside of a transaction the batch is one of its own: all sets or none.
    void execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch);

    void describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns);

private:
    void check_count(std::size_t given) const;
    // Throws Error.
    void bind(std::size_t i, const kdeps_cell& cell, sqlite3_destructor_type lifetime);

    Link& link_;
    Prepared statement_;
    std::string insert_table_;  // empty: it is no INSERT
};

}  // namespace kdeps::sqlite
