// SPDX-License-Identifier: Apache-2.0
// What the queries of one run are bound to.  Evaluated once, however often the run is tried: an expression may have
// effects.
#pragma once

#include <kdeps/cpp/stream.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query.hpp"

namespace kdeps::sql {

// The sets of a batch, all there, of which chunks can be lent.
class BatchSets {
public:
    // Throws Error.
    explicit BatchSets(Batch batch);

    std::size_t count() const { return count_; }
    // Some of the sets; these outlive the stream.
    columns::Stream some(const Call& call, std::size_t from, std::size_t count) const;

private:
    std::size_t count_;
    columns::Schema schema_;
    columns::Array all_;
};

// Of one query.  Not moved: the values point into it.
struct Binding {
    const std::string* sql = nullptr;  // null: not bound yet
    std::string made_sql;              // where it is not the same for every run
    Bound values;                      // of a single statement
    std::optional<BatchSets> sets;     // of a batch that is not empty
};

// One thread.
class Bindings {
public:
    explicit Bindings(std::size_t queries) : bound_(queries) {}

    // Throws Error.
    const Binding& of(const Call& call, std::size_t i, const Query& query, const StatementText& text,
                      const kdeps_driver& driver);

private:
    std::vector<Binding> bound_;
};

}  // namespace kdeps::sql
