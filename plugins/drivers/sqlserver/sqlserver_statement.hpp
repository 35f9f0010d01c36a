// SPDX-License-Identifier: Apache-2.0
// A statement: its text, and what was learnt about its parameters.  The server keeps its plan by the text
// (sp_executesql), so that nothing has to be prepared there.  One thread.
#pragma once

#include <kdeps/cpp/driver.hpp>
#include <span>
#include <string>
#include <vector>

#include "sqlserver_connection.hpp"
#include "sqlserver_parameters.hpp"
#include "sqlserver_results.hpp"
#include "sqlserver_types.hpp"
#include "sqlserver_words.hpp"

namespace kdeps::sqlserver {

// What the server would declare a parameter as; of no type if it does not tell.
struct Suggestion {
    int type_id = 0;   // of sys.types
    std::string type;  // "nvarchar(20)"
};

class Statement {
public:
    Statement(Connection& connection, std::string_view sql);

    Outcome execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows);
    // Many sets in each request (sqlserver_batch.cpp, sqlserver_constructor.cpp).
    void execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch);
    // Nothing of the statement runs (sqlserver_describe.cpp).  Throws Error for what is wrong with it, UNSUPPORTED if
    // the server cannot tell.
    void describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns);

private:
    void send(Operation& operation, std::span<const kdeps_cell> parameters);
    // Asks the server for the types of @p1, @p2, ... by their places; its errors are left among the reports.
    std::vector<Suggestion> suggestions(Operation& operation);
    // Of the first result; the parameters are declared as sp_executesql has it.
    std::vector<columns::Column> described_columns(Operation& operation, const std::string& declarations);
    // Asks the server, once, what the parameters go into.
    void learn_types(Operation& operation, std::size_t count);
    Argument argument(const kdeps_cell& cell, std::size_t i) const {
        return make_argument(cell, i + 1, i < places_.size() ? places_[i] : Place::text,
                             connection_.settings().sends_varchar);
    }

    Connection& connection_;
    std::string sql_;
    Words words_;
    std::vector<Place> places_;
    bool has_asked_ = false;
};

}  // namespace kdeps::sqlserver
