// SPDX-License-Identifier: Apache-2.0
// Where the results of statements go.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/tds/types.hpp"
#include "tests/support/tds/value.hpp"

namespace kdeps::testing::tds {

struct ResultColumn {
    std::string name;
    Type type;
    bool is_nullable = true;
    bool is_identity = false;
};

// CurCmd of a DONE token.
enum class Command : std::uint16_t {
    none = 0,
    select = 0xC1,
    insert = 0xC3,
    erase = 0xC4,
    update = 0xC5,
    rollback = 0xD2,
    begin = 0xD4,
    commit = 0xD5,
};

enum class Transaction { begun, committed, rolled_back };

// The client told the server to stop: nothing of the batch runs after it.
struct Interrupted {};

// RETURN: nothing of the batch or the procedure runs after it.
struct Returned {};

class Sink {
public:
    virtual ~Sink() = default;
    virtual void columns(const std::vector<ResultColumn>& columns) = 0;
    // One value per column, as convert gives it for the column's type.
    virtual void row(const std::vector<Value>& values) = 0;
    // The end of a statement that did its work; `count` if it counts rows.
    virtual void done(Command command, std::optional<std::int64_t> count) = 0;
    // The end of one that did not.
    virtual void failed(const SqlError& error) = 0;
    virtual void info(const SqlError& message) = 0;
    virtual void transaction(Transaction change) = 0;
    virtual void database(const std::string& name, const std::string& before) = 0;
    // Has the client told to stop?
    virtual bool is_interrupted() = 0;
    // True if it did before the time was over.
    virtual bool wait(std::chrono::milliseconds time) = 0;
};

}  // namespace kdeps::testing::tds
