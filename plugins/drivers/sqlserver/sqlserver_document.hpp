// SPDX-License-Identifier: Apache-2.0
// The values of many sets as one JSON text: "INSERT INTO t (a) VALUES (@p1)" becomes "INSERT INTO t (a) SELECT ... FROM
// OPENJSON(@kdeps)", which the server compiles once for all of them.
#pragma once

#include "sqlserver_sets.hpp"

namespace kdeps::sqlserver {

class Document {
public:
    Document(DBPROCESS* process, const Constructor& constructor) : process_(process), constructor_(constructor) {}

    // May the values of this statement come from a SELECT?
    static bool is_possible(const Constructor& constructor);
    // Would JSON carry every value of the set exactly?
    static bool holds(const std::vector<Argument>& set);

    bool is_empty() const { return sets_ == 0; }
    std::size_t sets() const { return sets_; }
    // Takes the set, unless there is no room for it, or its types are other ones.
    bool add(const std::vector<Argument>& set);
    void send(Connection& connection, Operation& operation) const;

private:
    DBPROCESS* process_;
    const Constructor& constructor_;
    std::vector<Declared> types_;
    std::string json_;
    std::size_t sets_ = 0;
};

}  // namespace kdeps::sqlserver
