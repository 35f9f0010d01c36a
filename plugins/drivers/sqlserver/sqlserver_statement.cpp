// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_statement.hpp"

#include <algorithm>

#include "sqlserver_rows.hpp"

namespace kdeps::sqlserver {

namespace {

// A result up to this size is read before the statement has ended, so that an error behind it is the statement's.
constexpr std::size_t kAheadBytes = std::size_t{4} << 20U;

}  // namespace

Statement::Statement(Connection& connection, std::string_view sql)
    : connection_(connection), sql_(sql), words_(words_of(sql)) {
    if (sql_.find('\0') != std::string::npos) throw Error(KDEPS_INVALID_ARGUMENT, "the statement holds a zero byte");
    if (sql_.find_first_not_of(" \t\r\n;") == std::string::npos)
        throw Error(KDEPS_INVALID_ARGUMENT, "the statement is empty");
}

void Statement::learn_types(Operation& operation, std::size_t count) {
    if (has_asked_) return;
    has_asked_ = true;
    places_.assign(count, Place::text);
    const std::vector<Suggestion> suggested = suggestions(operation);
    for (std::size_t i = 0; i < std::min(suggested.size(), count); ++i) {
        const auto starts_with = [&](auto... names) { return (suggested[i].type.starts_with(names) || ...); };
        if (starts_with("varbinary", "binary", "image", "timestamp")) places_[i] = Place::binary;
        if (starts_with("decimal", "numeric", "money", "smallmoney", "float", "real", "int", "bigint", "smallint",
                        "tinyint"))
            places_[i] = Place::number;
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
        learn_types(operation, parameters.size());
    }
    std::vector<Argument> arguments;
    arguments.reserve(parameters.size());
    std::string declarations;
    std::string literals;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const std::string name = "@p" + std::to_string(i + 1);
        const Argument& bound = arguments.emplace_back(argument(parameters[i], i));
        declarations += (i == 0 ? "" : ",") + name + " " + bound.type;
        if (bound.literal != nullptr) literals += "SET " + name + "=" + bound.literal + ";";
    }
    Request request(connection_.process(), "sp_executesql");
    request.add_text("@stmt", literals + sql_);
    request.add_text("@params", std::move(declarations));
    for (std::size_t i = 0; i < arguments.size(); ++i) request.add("@p" + std::to_string(i + 1), arguments[i]);
    connection_.send_call(operation, request.bytes());
}

Outcome Statement::execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows) {
    call.check();
    connection_.start(words_);
    Operation operation(call, connection_.bell());
    operation.set_of_user();
    Results results(connection_, operation);
    std::unique_ptr<CollectedRows> answer;
    Outcome outcome;
    try {
        send(operation, parameters);
        while (results.next()) {
            if (!results.has_columns()) {
                // As SqlClient counts: all statements of the text.
                if (const std::int64_t count = results.count(); count >= 0)
                    outcome.rows_affected = std::max<std::int64_t>(outcome.rows_affected, 0) + count;
                continue;
            }
            if (answer != nullptr) {
                // The first result with columns is the answer; the others are read for their errors.
                while (results.next_row()) {
                }
                continue;
            }
            answer = std::make_unique<CollectedRows>(connection_.process());
            if (!answer->collect(connection_.process(), results, kAheadBytes)) {
                make_stream(std::make_unique<LazyRows>(connection_, call, std::move(answer), results, sql_), call,
                            rows);
                return outcome;
            }
        }
        results.expect_success(sql_);
    } catch (Error& error) {
        results.end_after(error, call);
        throw;
    }
    connection_.finish(call, true);
    if (answer != nullptr) make_stream(std::move(answer), call, rows);
    return outcome;
}

}  // namespace kdeps::sqlserver
