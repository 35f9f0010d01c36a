// SPDX-License-Identifier: Apache-2.0
// The sets of a batch on their way: requests of many sets, each of a few hundred parameters at most.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sqlserver_connection.hpp"
#include "sqlserver_parameters.hpp"

namespace kdeps::sqlserver {

// More parameters cost more to compile than they save.
inline constexpr std::size_t kMostOfARequest = 300;
inline constexpr std::size_t kMostBytesOfARequest = std::size_t{1} << 20U;

// The sets of one request, each a call of sp_executesql with the statement itself: no text of the user is rewritten,
// its variables stay its own, and the server keeps one plan.  Behind each set comes a result of one cell, which holds
// the set's count and tells where an error belongs; no set runs behind one that failed or ended the transaction.
class Calls {
public:
    Calls(DBPROCESS* process, const std::string& sql, std::size_t parameters)
        : process_(process), sql_(sql), is_plain_(words_of(sql).is_plain), parameters_(parameters) {}

    bool is_empty() const { return sets_ == 0; }
    std::size_t sets() const { return sets_; }
    // Has it no room for one set more?
    bool is_full() const {
        return arguments_.size() + parameters_ + declared_.size() + 4 > kMostOfARequest ||
               bytes_ > kMostBytesOfARequest || sets_ >= kMostOfARequest;
    }
    void add(const std::vector<Argument>& set);
    void send(Connection& connection, Operation& operation) const;
    // Is the current result the one behind a set?
    static bool is_mark(DBPROCESS* process);

private:
    DBPROCESS* process_;
    const std::string& sql_;
    const bool is_plain_;
    std::size_t parameters_;
    std::string text_;
    std::map<std::string, std::size_t> declared_;  // one number per combination of types
    std::deque<std::string> texts_;
    std::deque<std::pair<std::string, Argument>> arguments_;
    std::size_t sets_ = 0;
    std::size_t bytes_ = 0;
};

// One INSERT ... VALUES (...) of many sets, where the statement has that form: "INSERT INTO t (a, b) VALUES (@p1, 5)"
// becomes "... VALUES (@a1, 5), (@a2, 5)".
struct Constructor {
    std::string head;        // up to the parenthesis that opens
    std::string row;         // with its parentheses
    std::string tail;        // what follows: a semicolon, white space
    std::size_t values = 0;  // where VALUES stands in the head
};

// None for any other statement: one with OUTPUT, a SELECT, two rows, ...
std::optional<Constructor> constructor_of(const std::string& sql);

// The type of a column of sets; empty while there are NULLs only.
struct Declared {
    std::string type;
    int digits = -1;  // of a decimal whose scale may grow
    int scale = 0;
};

// Makes the types hold the set too; false, and nothing is changed, if they cannot: a value is never converted on its
// way.
bool widen_all(std::vector<Declared>& types, const std::vector<Argument>& set);

// Neighbouring sets whose values have the same types, as one statement.
class Rows {
public:
    Rows(DBPROCESS* process, const Constructor& constructor) : process_(process), constructor_(constructor) {}

    bool is_empty() const { return sets_ == 0; }
    std::size_t sets() const { return sets_; }
    // Takes the set, unless there is no room for it, or its types are other ones.
    bool add(const std::vector<Argument>& set);
    void send(Connection& connection, Operation& operation) const;

private:
    DBPROCESS* process_;
    const Constructor& constructor_;
    std::vector<Declared> types_;
    std::deque<std::string> texts_;
    std::vector<std::vector<Argument>> rows_;
    std::size_t sets_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace kdeps::sqlserver
