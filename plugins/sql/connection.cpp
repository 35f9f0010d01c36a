// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include <algorithm>

namespace kdeps::sql {

Connection::Connection(const kdeps_driver& driver, kdeps_connection* handle, std::size_t statement_cache)
    : driver_(driver), handle_(handle), statement_cache_(statement_cache) {}

Connection::~Connection() {
    while (!statements_.empty()) forget_least_recent();
    driver_.close(handle_);
}

kdeps_state Connection::state() const {
    kdeps_state out{};
    out.struct_size = sizeof(out);
    driver_.state(handle_, &out);
    return out;
}

std::uint32_t Connection::lexis() const {
    return driver_.session_lexis == nullptr ? driver_.lexis : driver_.session_lexis(handle_);
}

kdeps_statement* Connection::find_prepared(const std::string& sql) {
    const auto found = index_.find(sql);
    if (found == index_.end()) return nullptr;
    statements_.splice(statements_.begin(), statements_, found->second);
    return statements_.front().statement;
}

kdeps_statement* Connection::prepare(const Call& call, const std::string& sql) {
    // Without a cache every use prepares anew: behind a pooler a table may have been altered since, and nobody would
    // tell.
    if (statement_cache_ == 0) end_use();
    if (kdeps_statement* found = find_prepared(sql)) return found;
    const std::size_t most = std::max<std::size_t>(statement_cache_, 1);
    while (statements_.size() >= most) forget_least_recent();
    kdeps_statement* statement = nullptr;
    kdeps_status status = driver_.prepare(handle_, call.get(), to_str(sql), &statement);
    // A server that holds no more prepared statements takes one for each that it is given back.
    while (status == KDEPS_EXHAUSTED && !statements_.empty()) {
        forget_least_recent();
        status = driver_.prepare(handle_, call.get(), to_str(sql), &statement);
    }
    call.expect(status);
    statements_.push_front({sql, statement});
    index_.emplace(statements_.front().sql, statements_.begin());
    return statement;
}

void Connection::forget(kdeps_statement* statement) {
    const auto found = std::find_if(statements_.begin(), statements_.end(),
                                    [&](const Prepared& p) { return p.statement == statement; });
    if (found == statements_.end()) return;
    index_.erase(found->sql);
    statements_.erase(found);
    driver_.finalize(statement);
}

void Connection::end_use() {
    if (statement_cache_ > 0) return;
    while (!statements_.empty()) forget_least_recent();
}

void Connection::forget_least_recent() {
    kdeps_statement* statement = statements_.back().statement;
    index_.erase(statements_.back().sql);
    statements_.pop_back();
    driver_.finalize(statement);
}

}  // namespace kdeps::sql
