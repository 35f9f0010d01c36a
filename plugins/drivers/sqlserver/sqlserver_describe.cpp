// SPDX-License-Identifier: Apache-2.0
// Types of parameters and columns from the server's analysis of the statement, which does not run it.
#include <algorithm>
#include <charconv>
#include <cstring>

#include "sqlserver_placeholders.hpp"
#include "sqlserver_statement.hpp"
#include "sqlserver_types.hpp"

namespace kdeps::sqlserver {

namespace {

using columns::Type;

// What a parameter is declared as whose type the server does not tell: texts convert to most types.
constexpr const char* kAnyDeclaration = "nvarchar(4000)";

std::string_view text(DBPROCESS* process, int column) {
    const BYTE* data = dbdata(process, column);
    if (data == nullptr) return {};
    return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(dbdatlen(process, column))};
}

// Of any integer type: the columns are int here, bigint there.
int number(DBPROCESS* process, int column) {
    std::int32_t out = 0;
    if (const BYTE* data = dbdata(process, column); data != nullptr)
        dbconvert(process, dbcoltype(process, column), data, dbdatlen(process, column), SYBINT4,
                  reinterpret_cast<BYTE*>(&out), sizeof out);
    return out;
}

// "The parameter type cannot be deduced", in all its forms: the statement itself is sound.
bool is_untyped(int error) { return error >= 11502 && error <= 11508; }
// "The metadata could not be determined": dynamic SQL, temporary tables, results that differ, ...
bool is_undetermined(int error) { return error >= 11509 && error <= 11530; }

bool is_missing(const Error& error) {
    return error.sqlstate == "42S02" || error.sqlstate == "42S22" || error.sqlstate == "21S01";
}

}  // namespace

std::vector<Suggestion> Statement::suggestions(Operation& operation) {
    const std::vector<Placeholder> places = placeholders(sql_);
    std::size_t count = 0;
    for (const Placeholder& place : places) count = std::max(count, place.number);
    std::vector<Suggestion> out(std::min(count, kMostParameters));
    if (out.empty()) return out;
    DBPROCESS* process = connection_.process();
    Request request(process, "sp_describe_undeclared_parameters");
    request.add_text("@tsql", with_own_names(sql_, places));
    connection_.send_call(operation, request.bytes());
    Results results(connection_, operation);
    while (results.next()) {
        while (results.has_columns() && results.next_row()) {
            constexpr int kName = 2;
            constexpr int kTypeId = 3;
            constexpr int kTypeName = 4;
            const std::string_view name = text(process, kName);
            std::size_t position = 0;
            if (!name.starts_with("@p") && !name.starts_with("@P")) continue;
            // "@p1", and "@p1_2" for its second place; the first one counts.
            std::from_chars(name.data() + 2, name.data() + name.size(), position);
            if (position < 1 || position > out.size() || !out[position - 1].type.empty()) continue;
            out[position - 1] = {number(process, kTypeId), std::string(text(process, kTypeName))};
        }
    }
    return out;
}

std::vector<columns::Column> Statement::described_columns(Operation& operation, const std::string& declarations) {
    constexpr int kIsHidden = 1;
    constexpr int kName = 3;
    constexpr int kTypeId = 5;
    constexpr int kTypeName = 6;
    DBPROCESS* process = connection_.process();
    Request request(process, "sp_describe_first_result_set");
    request.add_text("@tsql", sql_);
    if (!declarations.empty()) request.add_text("@params", declarations);
    connection_.send_call(operation, request.bytes());
    Results results(connection_, operation);
    std::vector<columns::Column> out;
    std::optional<Error> unreadable;
    while (results.next()) {
        while (results.has_columns() && results.next_row()) {
            if (const BYTE* hidden = dbdata(process, kIsHidden); hidden != nullptr && *hidden != 0) continue;
            const std::string name(text(process, kName));
            const auto type = described_type(number(process, kTypeId));
            if (!type && !unreadable) {
                unreadable.emplace(KDEPS_INVALID_ARGUMENT,
                                   "column '" + name + "' is of a type that FreeTDS cannot read (" +
                                       std::string(text(process, kTypeName)) +
                                       "); CAST it to a type that it can, such as nvarchar(max)");
            }
            out.push_back({name, type.value_or(Type::null)});
        }
    }
    results.expect_success(sql_);
    if (unreadable) throw *unreadable;
    return out;
}

void Statement::describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns) {
    call.check();
    connection_.start({.only_reads = true, .keeps_transaction = true, .can_be_undone = true});
    Operation operation(call, connection_.bell());
    const std::vector<Suggestion> suggested = suggestions(operation);
    if (!operation.reports().messages.empty() && !is_untyped(operation.reports().messages.front().number))
        throw connection_.failure(operation, sql_);
    operation.forget();

    std::vector<columns::Column> types;
    std::string declarations;
    bool is_guess = false;
    for (std::size_t i = 0; i < suggested.size(); ++i) {
        const std::string name = "@p" + std::to_string(i + 1);
        const bool is_known = !suggested[i].type.empty();
        is_guess = is_guess || !is_known;
        types.push_back({name, is_known ? described_type(suggested[i].type_id).value_or(Type::null) : Type::null});
        declarations += (i == 0 ? "" : ",") + name + " " + (is_known ? suggested[i].type : kAnyDeclaration);
    }
    std::vector<columns::Column> found;
    try {
        found = described_columns(operation, declarations);
    } catch (const Error& error) {
        const bool is_of_server = !operation.reports().messages.empty() && operation.stopped() == KDEPS_OK;
        // What a guess leads to is no fault of the statement.
        const bool is_unknown = is_of_server && (is_undetermined(operation.reports().messages.front().number) ||
                                                 (is_guess && !is_missing(error)));
        if (!is_unknown || error.damage != KDEPS_DAMAGE_NONE) throw;
        Error unknown(KDEPS_UNSUPPORTED, "SQL Server cannot tell the columns before the statement runs");
        unknown.detail = error.message;
        throw unknown;
    }
    if (parameters != nullptr) columns::Layout(std::move(types)).schema(parameters);
    if (columns != nullptr) columns::Layout(std::move(found)).schema(columns);
}

}  // namespace kdeps::sqlserver
