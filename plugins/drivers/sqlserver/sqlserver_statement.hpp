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

namespace kdeps::sqlserver {

class Statement {
public:
    Statement(Connection& connection, std::string_view sql);

    Outcome execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows);
    // Many sets in each request (sqlserver_batch.cpp).
    void execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch);

private:
    void send(Operation& operation, std::span<const kdeps_cell> parameters);
    // Asks the server, once, which parameters go into binary places.
    void learn_null_types(Operation& operation, std::size_t count);
    NullType null_type(std::size_t i) const { return i < null_types_.size() ? null_types_[i] : NullType::text; }

    Connection& connection_;
    std::string sql_;
    std::vector<NullType> null_types_;
    bool has_asked_ = false;
};

}  // namespace kdeps::sqlserver
