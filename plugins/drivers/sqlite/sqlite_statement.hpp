// SPDX-License-Identifier: Apache-2.0
// A prepared statement.
#pragma once

#include <kdeps/cpp/driver.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sqlite_link.hpp"

namespace kdeps::sqlite {

// Belongs to one connection, whose thread uses it.
class Statement {
public:
    Statement(Link& link, Compiled compiled);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    std::uint32_t effects() const noexcept;

    Outcome execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows);

    // Outside of a transaction the batch is one of its own: all sets or none.
    void execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch);

    void describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns);

private:
    // Compiled, also after the handle was opened again; not running.  Within a Use.  Throws Error.
    sqlite3_stmt* ready();
    void check_count(std::size_t given) const;
    // Is parameter i compared with a number that is no column?
    bool is_compared_with_number(std::size_t i);
    // Throws Error.
    void bind(std::size_t i, const kdeps_cell& cell, sqlite3_destructor_type lifetime);

    Link& link_;
    Compiled compiled_;
    std::optional<std::vector<bool>> compared_;  // as compared_with_numbers() tells, when a text is bound first
};

}  // namespace kdeps::sqlite
