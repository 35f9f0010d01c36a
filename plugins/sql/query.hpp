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
    std::vector<BoundList> lists;                 // of IN (…); the SQL depends on them
    std::list<std::vector<kdeps_cell>> elements;  // of cells that are lists
    bool takes_lists = false;                     // the driver does, else they are JSON text

    void add(const Call& call, const Value& value, bool wants_integer);
    void add(kdeps_cell cell, bool wants_integer);
    void clear() {
        cells.clear();
        texts.clear();
        lists.clear();
        elements.clear();
    }

private:
    std::optional<kdeps_cell> list_of_cells(const Value& list);
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

    // What the text becomes for a driver, and for a session that reads texts by other rules than it does by default.
    // Throws Error if it has faults there.
    const StatementText& text_for(const kdeps_driver& driver) const { return text_for(driver, driver.lexis); }
    const StatementText& text_for(const kdeps_driver& driver, std::uint32_t lexis) const;
    // The same with its faults.
    const StatementText& look(const kdeps_driver& driver) const { return look(driver, driver.lexis); }
    const StatementText& look(const kdeps_driver& driver, std::uint32_t lexis) const;

    // The statement's SQL where it is not fixed: identifiers are evaluated and quoted, lists written out for the values
    // that it is bound to.
    std::string sql(const Call& call, const StatementText& text, const kdeps_driver& driver, const Bound& bound) const;

    bool is_batch() const { return batch_.get() != nullptr; }
    const std::string& name() const { return name_; }
    const Config& source() const { return query_; }
    const Config& params() const { return params_; }

    void bind(const Call& call, const StatementText& text, Bound& out) const;
    // The sets as lists or maps or rows of a table.  Throws Error naming the set.
    Batch bind_batch(const Call& call, const StatementText& text) const;

private:
    std::optional<Batch> bind_rows(const Call& call, const StatementText& text, const Value& sets) const;
    StatementText read(const kdeps_driver& driver, std::uint32_t lexis) const;
    void report(const Call& call) const;
    bool is_right_elsewhere() const;
    void check_params(const Call& call, const StatementText& text) const;
    Value value_of(const Call& call, const Parameter& parameter, const Value& params) const;
    std::string name_of(const Parameter& parameter) const;
    std::string quoted_hint(const StatementText& text, std::string_view name) const;
    // Where a list or a map cannot stand it is an error.
    Value checked(const Parameter& parameter, Value value) const;
    void bind_lists(const Call& call, const StatementText& text, const std::vector<Value>& values, Bound& out) const;

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
        struct Text {
            const kdeps_driver* driver;
            std::uint32_t lexis;
            StatementText text;
        };
        std::deque<Text> texts;
    };
    std::unique_ptr<Late> late_ = std::make_unique<Late>();
};

}  // namespace kdeps::sql
