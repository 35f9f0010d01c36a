// SPDX-License-Identifier: Apache-2.0
#include "sqlite_facts.hpp"

#include <algorithm>
#include <array>

namespace kdeps::sqlite {
namespace {

using Names = std::string_view;

// PRAGMAs whose argument says what to look at, and those that do something to the file and leave the session as it is
// (sqlite.org/pragma.html).  Any other with an argument is a setting.
constexpr std::array<Names, 10> kLooking{"table_info",      "table_xinfo",      "table_list",       "index_list",
                                         "index_info",      "index_xinfo",      "foreign_key_list", "quick_check",
                                         "integrity_check", "foreign_key_check"};
constexpr std::array<Names, 5> kWorking{"wal_checkpoint", "incremental_vacuum", "optimize", "user_version",
                                        "application_id"};
// Those that do something without an argument.
constexpr std::array<Names, 4> kActing{"wal_checkpoint", "incremental_vacuum", "optimize", "shrink_memory"};
// Functions that change the session.
constexpr std::array<Names, 2> kChanging{"load_extension", "fts3_tokenizer"};

bool is_same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
               return lower(x) == lower(y);
           });
}

template <typename List>
bool holds(const List& list, std::string_view name) {
    return std::any_of(list.begin(), list.end(), [&](std::string_view entry) { return is_same(entry, name); });
}

void note_pragma(const Action& action, Facts& facts) {
    if (!action.has_second) {
        facts.has_effects = facts.has_effects || holds(kActing, action.first);
    } else if (holds(kWorking, action.first) && !is_same(action.database, "temp")) {
        facts.has_effects = true;
    } else if (!holds(kLooking, action.first)) {
        facts.touches_session = true;
    }
}

}  // namespace

void note(const Action& action, Facts& facts) {
    switch (action.code) {
        case SQLITE_READ: {
            constexpr std::size_t kMost = 500;
            if (facts.columns.size() < kMost && !action.second.empty()) {
                facts.columns.push_back(
                    {std::string(action.database), std::string(action.first), std::string(action.second)});
            }
            return;
        }
        case SQLITE_SELECT:
        case SQLITE_RECURSIVE: return;
        case SQLITE_FUNCTION:
            if (holds(kChanging, action.second)) facts.touches_session = true;
            return;
        case SQLITE_PRAGMA: return note_pragma(action, facts);
        case SQLITE_TRANSACTION: facts.is_transaction = true; return;
        case SQLITE_SAVEPOINT: facts.is_savepoint = true; return;
        case SQLITE_ATTACH:
        case SQLITE_DETACH:
        case SQLITE_CREATE_TEMP_INDEX:
        case SQLITE_CREATE_TEMP_TABLE:
        case SQLITE_CREATE_TEMP_TRIGGER:
        case SQLITE_CREATE_TEMP_VIEW: facts.touches_session = true; return;
        case SQLITE_INSERT:
            if (!action.is_of_trigger) facts.insert_table = action.first;
            break;
        default: break;
    }
    // Whatever it changes of the temporary database is the session's.
    if (is_same(action.database, "temp")) facts.touches_session = true;
}

}  // namespace kdeps::sqlite
