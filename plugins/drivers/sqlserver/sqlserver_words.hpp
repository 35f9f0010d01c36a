// SPDX-License-Identifier: Apache-2.0
// What a text of T-SQL can do at most, as far as its words tell.  Where they do not, the answer is the worst.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kdeps::sqlserver {

struct Words {
    // SELECTs and nothing else: it changes nothing, and leaves nothing in the session.
    bool only_reads = false;
    // It can neither begin nor end a transaction, but for an error that ends one.
    bool keeps_transaction = false;
    // From now on any statement may begin a transaction.
    bool makes_implicit = false;
    // What it leaves in the session is among what Connection::reset undoes: options of SET that it knows, the database.
    bool can_be_undone = false;
    // One INSERT, UPDATE, DELETE or MERGE, or SELECTs.
    bool is_plain = false;
};

Words words_of(std::string_view sql);

// The words of the text in capitals; names in brackets and quotes, texts and comments are none.
std::vector<std::string> capital_words(std::string_view sql);

}  // namespace kdeps::sqlserver
