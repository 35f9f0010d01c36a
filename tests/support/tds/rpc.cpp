// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/rpc.hpp"

#include <array>

#include "tests/support/tds/convert.hpp"

namespace kdeps::testing::tds {

namespace {

constexpr std::array<std::string_view, 16> kById = {"",
                                                    "sp_cursor",
                                                    "sp_cursoropen",
                                                    "sp_cursorprepare",
                                                    "sp_cursorexecute",
                                                    "sp_cursorprepexec",
                                                    "sp_cursorunprepare",
                                                    "sp_cursorfetch",
                                                    "sp_cursoroption",
                                                    "sp_cursorclose",
                                                    "sp_executesql",
                                                    "sp_prepare",
                                                    "sp_execute",
                                                    "sp_prepexec",
                                                    "sp_prepexecrpc",
                                                    "sp_unprepare"};

SqlError missing(const Call& call, const char* parameter) {
    return {
        201,
        "Procedure or function '" + call.procedure + "' expects parameter '" + parameter + "', which was not supplied.",
        16, 4};
}

}  // namespace

std::vector<Call> read_calls(std::string_view data) {
    std::vector<Call> out;
    Reader in(data);
    while (!in.is_at_end()) {
        Call call;
        const std::uint16_t length = in.u16();
        if (length == 0xFFFF) {
            const std::uint16_t number = in.u16();
            call.procedure = number < kById.size() ? std::string(kById[number]) : std::to_string(number);
        } else {
            call.procedure = to_utf8(in.bytes(static_cast<std::size_t>(length) * 2));
        }
        in.u16();  // options
        // A byte that is no length of a name ends the call: 0xFF from TDS 7.2 on, 0x80 before.
        while (!in.is_at_end() && in.rest()[0] != '\xFF' && in.rest()[0] != '\x80') {
            Argument argument;
            argument.name = in.b_varchar();
            argument.is_output = (in.u8() & 1U) != 0;
            argument.value = read_typed_value(in);
            call.arguments.push_back(std::move(argument));
        }
        if (!in.is_at_end()) in.u8();
        out.push_back(std::move(call));
    }
    return out;
}

std::string Procedures::text(const Call& call, std::size_t i) const {
    if (i >= call.arguments.size()) throw missing(call, "@statement");
    const Value value = convert(call.arguments[i].value.value, {Kind::nvarchar, kMax});
    return is_null(value) ? "" : std::get<std::string>(value);
}

std::int32_t Procedures::handle(const Call& call) const {
    if (call.arguments.empty()) throw missing(call, "@handle");
    const Value value = convert(call.arguments[0].value.value, {Kind::integer});
    const auto number = is_null(value) ? 0 : static_cast<std::int32_t>(std::get<std::int64_t>(value));
    if (!prepared_.contains(number)) {
        throw SqlError(8179, "Could not find prepared statement with handle " + std::to_string(number) + ".");
    }
    return number;
}

// @handle OUTPUT, @params, @stmt
std::int32_t Procedures::prepare(Call& call) {
    Prepared prepared{text(call, 2), text(call, 1)};
    split(tokenize(prepared.sql));  // throws for what is no SQL at all
    prepared_[++last_handle_] = std::move(prepared);
    call.arguments[0].value.type = {Kind::integer};
    call.arguments[0].value.value = std::int64_t{last_handle_};
    call.arguments[0].is_output = true;
    return last_handle_;
}

bool Procedures::execute(const Prepared& prepared, Call& call, std::size_t own, TokenWriter& out) {
    std::vector<Argument> values(
        call.arguments.begin() + static_cast<std::ptrdiff_t>(std::min(own, call.arguments.size())),
        call.arguments.end());
    const bool is_good = backend_.execute_sql(prepared.sql, prepared.declarations, values, out);
    std::copy(values.begin(), values.end(), call.arguments.begin() + static_cast<std::ptrdiff_t>(own));
    return is_good;
}

void Procedures::run(Call call, TokenWriter& out) {
    const std::string name = lower(call.procedure.substr(call.procedure.rfind('.') + 1));
    out.enter_procedure();
    bool is_good = false;
    try {
        if (name == "sp_executesql") {
            // As Babelfish has it; the original takes them by their places too.
            const auto is_named = [&](std::size_t i, const char* wanted) {
                return i >= call.arguments.size() || call.arguments[i].name == wanted;
            };
            if (wants_names_ && !(is_named(0, "@stmt") && is_named(1, "@params"))) throw missing(call, "@stmt");
            log_.add({Event::Kind::rpc, backend_.facts().number, text(call, 0)});
            const Prepared statement{text(call, 0), call.arguments.size() > 1 ? text(call, 1) : ""};
            is_good = execute(statement, call, std::min<std::size_t>(2, call.arguments.size()), out);
        } else if (name == "sp_prepare" || name == "sp_prepexec") {
            log_.add({Event::Kind::rpc, backend_.facts().number, text(call, 2)});
            const std::int32_t number = prepare(call);
            is_good = name == "sp_prepare" || execute(prepared_.at(number), call, 3, out);
            if (name == "sp_prepare") call.arguments.resize(1);
        } else if (name == "sp_execute") {
            const std::int32_t number = handle(call);
            log_.add({Event::Kind::rpc, backend_.facts().number, "handle " + std::to_string(number)});
            is_good = execute(prepared_.at(number), call, 1, out);
        } else if (name == "sp_unprepare") {
            log_.add({Event::Kind::rpc, backend_.facts().number, "sp_unprepare"});
            prepared_.erase(handle(call));
            is_good = true;
        } else if (name == "sp_describe_undeclared_parameters" || name == "sp_describe_first_result_set") {
            log_.add({Event::Kind::rpc, backend_.facts().number, name + " " + text(call, 0)});
            const std::string declarations = call.arguments.size() > 1 ? text(call, 1) : "";
            if (name == "sp_describe_first_result_set") {
                backend_.describe_result(text(call, 0), declarations, out);
            } else {
                backend_.describe_parameters(text(call, 0), declarations, out);
            }
            is_good = true;
        } else {
            throw SqlError(2812, "Could not find stored procedure '" + call.procedure + "'.", 16, 62);
        }
    } catch (const SqlError& error) {
        out.failed(error);
    }
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        const Argument& argument = call.arguments[i];
        if (argument.is_output) out.return_value(argument.name, i, argument.value);
    }
    out.leave_procedure(is_good ? 0 : backend_.facts().error == 0 ? 1 : backend_.facts().error);
}

}  // namespace kdeps::testing::tds
