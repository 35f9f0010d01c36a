// SPDX-License-Identifier: Apache-2.0
// What a text does to a transaction, as far as its words tell, and whether the database takes it as one whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kdeps::sql {

enum class TransactionEffect {
    none,
    begins,              // BEGIN, START TRANSACTION
    ends,                // COMMIT, ROLLBACK, END, ABORT, PREPARE TRANSACTION, XA
    sets,                // SET TRANSACTION, SET autocommit, PRAGMA query_only
    commits_implicitly,  // of MySQL and MariaDB: CREATE TABLE, LOCK TABLES
};

// The first statement of a text that has such an effect.  SAVEPOINT, RELEASE and ROLLBACK TO have none.
struct TransactionWord {
    TransactionEffect effect = TransactionEffect::none;
    std::string words;       // "START TRANSACTION", to be named in a message
    std::size_t offset = 0;  // of the first of them
};

TransactionWord find_transaction_word(std::string_view sql, std::uint32_t lexis);

// One INSERT, UPDATE, DELETE, MERGE, REPLACE, query or definition of one thing, which the database does or undoes as a
// whole if it answers with an error, so that outside a transaction an error means that nothing was changed.  Not: a
// procedure, a block, several statements in one text, SQLite's OR FAIL.  Tables that cannot undo (MyISAM) do not show
// in a text.
bool is_undone_by_error(std::string_view sql, std::uint32_t lexis);

// Where the second statement of a text begins, if ; separates several; the body of a routine counts as one with its
// CREATE.
std::optional<std::size_t> find_second_statement(std::string_view sql, std::uint32_t lexis);

}  // namespace kdeps::sql
