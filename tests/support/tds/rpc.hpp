// SPDX-License-Identifier: Apache-2.0
// Remote procedure calls ([MS-TDS] 2.2.6.6): sp_executesql, sp_prepare, sp_execute, sp_prepexec, sp_unprepare,
// sp_describe_first_result_set, sp_describe_undeclared_parameters.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tests/support/tds/backend.hpp"
#include "tests/support/tds/log.hpp"
#include "tests/support/tds/tokens.hpp"

namespace kdeps::testing::tds {

struct Call {
    std::string procedure;
    std::vector<Argument> arguments;
};

// The calls of one request; `data` starts behind ALL_HEADERS.
std::vector<Call> read_calls(std::string_view data);

// The prepared statements of a session.  One thread.
class Procedures {
public:
    Procedures(Backend& backend, Log& log) : backend_(backend), log_(log) {}

    // Throws Interrupted.
    void run(Call call, TokenWriter& out);
    void reset() { prepared_.clear(); }
    // Refuse sp_executesql whose own arguments have no names?
    void want_names(bool wants) { wants_names_ = wants; }

private:
    struct Prepared {
        std::string sql;
        std::string declarations;
    };
    // The values of the arguments that belong to the procedure itself.
    std::string text(const Call& call, std::size_t i) const;
    std::int32_t handle(const Call& call) const;
    std::int32_t prepare(Call& call);
    bool execute(const Prepared& prepared, Call& call, std::size_t own, TokenWriter& out);

    Backend& backend_;
    Log& log_;
    std::map<std::int32_t, Prepared> prepared_;
    std::int32_t last_handle_ = 0;
    bool wants_names_ = false;
};

}  // namespace kdeps::testing::tds
