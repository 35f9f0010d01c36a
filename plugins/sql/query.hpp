// SPDX-License-Identifier: Apache-2.0
// One query of a step: its text read for a database, its parameters, its batch.
#pragma once

#include <deque>
#include <kdeps/cpp/call.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "statement_text.hpp"

namespace kdeps::sql {

// The values of one execution, with what their text points to.  Not copied: the cells point into it.
struct Bound {
    Bound() = default;
    Bound(const Bound&) = delete;
    Bound& operator=(const Bound&) = delete;

    std::vector<kdeps_cell> cells;
    std::list<std::string> texts;

    void add(const Call& call, const Value& value, bool wants_integer);
    void add(kdeps_cell cell, bool wants_integer);
    void clear() {
        cells.clear();
        texts.clear();
    }
};

// A batch: one row for each set, one column for each placeholder.
struct Batch {
    columns::Stream sets;
    std::size_t count = 0;
};

// Immutable after its construction; any thread.
class Query {
public:
    // `owner`: the map with query, params, paramsBatch, name.  Reports faults; with `driver` null the text is read at
    // the first run, as the database is not known before.
    Query(const Call& call, const Config& owner, const kdeps_driver* driver);

    // What the text becomes for a driver.  Throws Error if it has faults there.
    const StatementText& text_for(const kdeps_driver& driver) const;

    // The statement's SQL; identifiers are evaluated and quoted.
    std::string sql(const Call& call, const StatementText& text, const kdeps_driver& driver) const;

    bool is_batch() const { return batch_.get() != nullptr; }
    const std::string& name() const { return name_; }
    const Config& source() const { return query_; }
    const Config& params() const { return params_; }

    void bind(const Call& call, const StatementText& text, Bound& out) const;
    // The sets as lists or maps or rows of a table.  Throws Error naming the set.
    Batch bind_batch(const Call& call, const StatementText& text) const;

private:
    std::optional<Batch> bind_rows(const Call& call, const StatementText& text, const Value& sets) const;
    StatementText read(const kdeps_driver& driver) const;
    void report(const Call& call, const StatementText& text) const;
    void check_params(const Call& call, const StatementText& text) const;
    Value value_of(const Call& call, const Parameter& parameter, const Value& params) const;

    Config query_;
    Config params_;
    Config batch_;
    std::string name_;
    bool has_named_ = false;
    std::vector<HoleText> holes_;
    std::vector<Config> hole_values_;
    std::optional<StatementText> text_;  // for the driver that is known at load
    const kdeps_driver* driver_ = nullptr;

    struct Late {
        std::mutex mutex;  // guards texts
        std::deque<std::pair<const kdeps_driver*, StatementText>> texts;
    };
    std::unique_ptr<Late> late_ = std::make_unique<Late>();
};

}  // namespace kdeps::sql
