// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_statement.hpp"

#include <algorithm>

#include "sqlserver_rows.hpp"

namespace kdeps::sqlserver {

namespace {

// A first result set up to this size is read before the next one is looked for: the last one with columns is the
// statement's result.
constexpr std::size_t kAheadBytes = std::size_t{4} << 20U;

}  // namespace

Statement::Statement(Connection& connection, std::string_view sql) : connection_(connection), sql_(sql) {
    if (sql_.find('\0') != std::string::npos) throw Error(KDEPS_INVALID_ARGUMENT, "the statement holds a zero byte");
    if (sql_.find_first_not_of(" \t\r\n;") == std::string::npos)
        throw Error(KDEPS_INVALID_ARGUMENT, "the statement is empty");
}

void Statement::learn_null_types(Operation& operation, std::size_t count) {
    if (has_asked_) return;
    has_asked_ = true;
    null_types_.assign(count, NullType::text);
    const std::vector<Suggestion> suggested = suggestions(operation);
    for (std::size_t i = 0; i < std::min(suggested.size(), count); ++i) {
        const std::string& type = suggested[i].type;
        const bool is_binary = type.starts_with("varbinary") || type.starts_with("binary") ||
                               type.starts_with("image") || type.starts_with("timestamp");
        if (is_binary) null_types_[i] = NullType::binary;
    }
    // A statement that the server cannot describe is executed all the same.
    operation.forget();
}

void Statement::send(Operation& operation, std::span<const kdeps_cell> parameters) {
    if (parameters.empty()) {
        connection_.send(operation, sql_);
        return;
    }
    // Two are the statement and the declarations.
    if (parameters.size() + 2 > kMostParameters) {
        throw Error(KDEPS_INVALID_ARGUMENT, "the statement has " + std::to_string(parameters.size()) +
                                                " parameters; SQL Server takes at most 2,098");
    }
    if (std::any_of(parameters.begin(), parameters.end(), [](const kdeps_cell& c) { return c.kind == KDEPS_NULL; })) {
        learn_null_types(operation, parameters.size());
    }
    std::vector<Argument> arguments;
    arguments.reserve(parameters.size());
    std::string declarations;
    std::string literals;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const std::string name = "@p" + std::to_string(i + 1);
        const Argument& argument = arguments.emplace_back(make_argument(parameters[i], i + 1, null_type(i)));
        declarations += (i == 0 ? "" : ",") + name + " " + argument.type;
        if (argument.literal != nullptr) literals += "SET " + name + "=" + argument.literal + ";";
    }
    Request request(connection_.process(), "sp_executesql");
    request.add_text(literals + sql_);
    request.add_text(std::move(declarations));
    for (std::size_t i = 0; i < arguments.size(); ++i) request.add("@p" + std::to_string(i + 1), arguments[i]);
    connection_.send_call(operation);
}

Outcome Statement::execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows) {
    call.check();
    Operation operation(call, connection_.bell());
    send(operation, parameters);

    Results results(connection_, operation);
    std::unique_ptr<CollectedRows> collected;
    Outcome outcome;
    try {
        while (results.next()) {
            if (!results.has_columns()) {
                if (const std::int64_t count = results.count(); count >= 0) outcome.rows_affected = count;
                continue;
            }
            collected = std::make_unique<CollectedRows>(connection_.process());
            if (!collected->collect(connection_.process(), results, kAheadBytes)) {
                make_stream(std::make_unique<LazyRows>(connection_, call, std::move(collected), results, sql_), call,
                            rows);
                return outcome;
            }
        }
        results.expect_success(sql_);
    } catch (const Error&) {
        // What is left of the answer would be taken for that of the next statement.
        if (!results.is_at_end()) connection_.discard(call);
        throw;
    }
    if (collected != nullptr) make_stream(std::move(collected), call, rows);
    return outcome;
}

}  // namespace kdeps::sqlserver
