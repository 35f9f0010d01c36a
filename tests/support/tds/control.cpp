// SPDX-License-Identifier: Apache-2.0
// Statements that are no queries: transactions, options, variables, waiting, errors.
#include <algorithm>
#include <array>
#include <atomic>

#include "tests/support/tds/backend.hpp"
#include "tests/support/tds/convert.hpp"

namespace kdeps::testing::tds {

namespace {

// Options of a session that change nothing here.
constexpr std::array<std::string_view, 13> kIgnored = {
    "ANSI_NULLS",       "ANSI_PADDING", "ANSI_WARNINGS",          "ANSI_NULL_DFLT_ON",
    "ANSI_DEFAULTS",    "ARITHABORT",   "QUOTED_IDENTIFIER",      "CONCAT_NULL_YIELDS_NULL",
    "TEXTSIZE",         "DATEFORMAT",   "CURSOR_CLOSE_ON_COMMIT", "NUMERIC_ROUNDABORT",
    "DEADLOCK_PRIORITY"};

bool is_word(const Tokens& tokens, std::size_t i, std::string_view word) {
    return i < tokens.size() && tokens[i].is(word);
}

SqlError syntax(const Tokens& tokens, std::size_t i) {
    return {102, "Incorrect syntax near '" + (i < tokens.size() ? tokens[i].text : tokens.back().text) + "'.", 15};
}

Tokens rest(const Tokens& tokens, std::size_t from) {
    if (from >= tokens.size()) throw syntax(tokens, from);
    return {tokens.begin() + static_cast<std::ptrdiff_t>(from), tokens.end()};
}

bool switched_on(const Tokens& tokens, std::size_t i) {
    if (!is_word(tokens, i, "ON") && !is_word(tokens, i, "OFF")) throw syntax(tokens, i);
    return tokens[i].is("ON");
}

std::string text_of(const Value& value) {
    return is_null(value) ? "" : std::get<std::string>(convert(value, {Kind::nvarchar, kMax}));
}

int number_of(const Value& value) {
    const Value number = convert(value, {Kind::integer});
    return is_null(number) ? 0 : static_cast<int>(std::get<std::int64_t>(number));
}

struct Stored {
    std::string parameters;
    std::string body;
};

std::optional<Stored> find_procedure(sqlite3* handle, const std::string& name) {
    const SqliteStatement exists = prepare_sqlite(handle, "SELECT 1 FROM sqlite_schema WHERE name = 'tds$procedures'");
    if (sqlite3_step(exists.get()) != SQLITE_ROW) return std::nullopt;
    const SqliteStatement row =
        prepare_sqlite(handle, "SELECT parameters, body FROM \"tds$procedures\" WHERE name = ?1");
    bind_value(row.get(), 1, name);
    if (sqlite3_step(row.get()) != SQLITE_ROW) return std::nullopt;
    return Stored{std::get<std::string>(column_value(row.get(), 0)), std::get<std::string>(column_value(row.get(), 1))};
}

}  // namespace

void Backend::control(const Tokens& s, Variables& variables, Sink& sink) {
    const Token& verb = s.front();
    const bool is_transaction = s.size() > 1 && (s[1].is("TRAN") || s[1].is("TRANSACTION") || s[1].is("WORK"));
    if (verb.is("BEGIN") && is_transaction) {
        begin(sink);
        sink.done(Command::begin, std::nullopt);
    } else if (verb.is("COMMIT") && (is_transaction || s.size() == 1)) {
        commit(sink);
        sink.done(Command::commit, std::nullopt);
    } else if (verb.is("ROLLBACK") && s.size() == 3 && is_transaction) {
        run_sqlite(handle_.get(), "ROLLBACK TO " + quote_name(s[2].text));
        sink.done(Command::rollback, std::nullopt);
    } else if (verb.is("ROLLBACK") && (is_transaction || s.size() == 1)) {
        rollback(sink);
        sink.done(Command::rollback, std::nullopt);
    } else if (verb.is("SAVE") && is_transaction && s.size() == 3) {
        run_sqlite(handle_.get(), "SAVEPOINT " + quote_name(s[2].text));
        sink.done(Command::none, std::nullopt);
    } else if (verb.is("SET")) {
        set_option(s, variables, sink);
    } else if (verb.is("DECLARE")) {
        declare(s, variables);
    } else if (verb.is("WAITFOR")) {
        wait_for(s, variables, sink);
    } else if (verb.is("THROW") || verb.is("RAISERROR")) {
        raise(s, variables, sink);
    } else if (verb.is("RETURN")) {
        throw Returned();
    } else if (verb.is("PRINT")) {
        sink.info(SqlError(0, text_of(evaluate(rest(s, 1), variables)), 0));
        sink.done(Command::none, std::nullopt);
    } else if (verb.is("USE") && s.size() == 2) {
        use(s[1].text, sink);
    } else if (verb.is("EXEC") || verb.is("EXECUTE")) {
        call(s, variables, sink);
    } else if (std::string_view("BEGIN ALTER MERGE WHILE SAVE").find(verb.keyword) != std::string_view::npos &&
               !verb.keyword.empty()) {
        throw not_supported(verb.text);
    } else {
        throw syntax(s, 0);
    }
}

void Backend::begin(Sink& sink) {
    static std::atomic<std::int64_t> last{1000};
    if (facts_.transactions == 0) {
        run_sqlite(handle_.get(), "BEGIN");
        facts_.transaction = ++last;
    }
    if (++facts_.transactions == 1) sink.transaction(Transaction::begun);
}

void Backend::commit(Sink& sink) {
    if (facts_.transactions == 0) {
        throw SqlError(3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.");
    }
    if (facts_.transactions == 1) {
        const SqliteStatement statement = prepare_sqlite(handle_.get(), "COMMIT");
        step(statement.get(), sink);
        sink.transaction(Transaction::committed);
    }
    --facts_.transactions;
}

void Backend::rollback(Sink& sink) {
    if (facts_.transactions == 0) {
        throw SqlError(3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.");
    }
    if (sqlite3_get_autocommit(handle_.get()) == 0) run_sqlite(handle_.get(), "ROLLBACK");
    notice_rollback(sink);
}

// SQLite rolls back by itself after some failures.
void Backend::notice_rollback(Sink& sink) {
    if (facts_.transactions > 0 && sqlite3_get_autocommit(handle_.get()) != 0) {
        facts_.transactions = 0;
        sink.transaction(Transaction::rolled_back);
    }
}

void Backend::reset(Sink& sink) {
    if (facts_.transactions > 0) rollback(sink);
    facts_.isolation = "READ COMMITTED";
    facts_.date_first = 7;
    facts_.language = "us_english";
    counts_ = true;
    begins_implicitly_ = false;
    most_rows_ = 0;
    aborts_on_error_ = false;
    facts_.lock_timeout = -1;
    facts_.identity.reset();
    facts_.identity_insert.clear();
}

void Backend::set_option(const Tokens& s, Variables& variables, Sink& sink) {
    if (s.size() < 3) throw syntax(s, s.size());
    if (s[1].kind == Token::Kind::variable) {
        const auto found = variables.find(lower(s[1].text));
        if (found == variables.end())
            throw SqlError(137, "Must declare the scalar variable \"" + s[1].text + "\".", 15, 2);
        if (!s[2].is_symbol("=")) throw syntax(s, 2);
        found->second.value = convert(evaluate(rest(s, 3), variables), found->second.type);
        return;
    }
    if (s[1].is("TRANSACTION")) {
        if (!is_word(s, 2, "ISOLATION") || !is_word(s, 3, "LEVEL") || s.size() < 5) throw syntax(s, 2);
        facts_.isolation = s[4].keyword + (s.size() > 5 ? " " + s[5].keyword : "");
        static constexpr std::array<std::string_view, 5> kLevels = {"READ UNCOMMITTED", "READ COMMITTED",
                                                                    "REPEATABLE READ", "SNAPSHOT", "SERIALIZABLE"};
        if (std::find(kLevels.begin(), kLevels.end(), facts_.isolation) == kLevels.end()) throw syntax(s, 4);
    } else if (s[1].is("NOCOUNT")) {
        counts_ = !switched_on(s, 2);
    } else if (s[1].is("XACT_ABORT")) {
        aborts_on_error_ = switched_on(s, 2);
    } else if (s[1].is("IMPLICIT_TRANSACTIONS")) {
        begins_implicitly_ = switched_on(s, 2);
    } else if (s[1].is("ROWCOUNT")) {
        most_rows_ = number_of(evaluate(rest(s, 2), variables));
    } else if (s[1].is("DATEFIRST")) {
        facts_.date_first = number_of(evaluate(rest(s, 2), variables));
    } else if (s[1].is("LANGUAGE")) {
        facts_.language = s[2].text;
        facts_.date_first = facts_.language == "us_english" ? 7 : 1;
        sink.info(SqlError(5703, "Changed language setting to " + facts_.language + ".", 10));
    } else if (s[1].is("LOCK_TIMEOUT")) {
        facts_.lock_timeout = number_of(evaluate(rest(s, 2), variables));
    } else if (s[1].is("IDENTITY_INSERT")) {
        std::size_t at = 2;
        const std::string table = lower(object_name(s, at));
        if (switched_on(s, at)) {
            facts_.identity_insert = {table};
        } else {
            facts_.identity_insert.erase(table);
        }
    } else if (std::find(kIgnored.begin(), kIgnored.end(), s[1].keyword) == kIgnored.end()) {
        throw SqlError(195, "'" + s[1].text + "' is not a recognized SET option.", 15, 5);
    }
    sink.done(Command::none, std::nullopt);
}

void Backend::declare(const Tokens& s, Variables& variables) {
    for (const Tokens& one : split_list(rest(s, 1))) {
        if (one.size() < 2 || one[0].kind != Token::Kind::variable) throw syntax(one.empty() ? s : one, 0);
        std::size_t at = is_word(one, 1, "AS") ? 2 : 1;
        const std::string name = lower(one[0].text);
        if (variables.contains(name)) {
            throw SqlError(134,
                           "The variable name '" + one[0].text +
                               "' has already been declared. Variable names must be unique within a query batch or "
                               "stored procedure.",
                           15);
        }
        TypedValue variable{type_at(one, at), Null()};
        if (at < one.size()) {
            if (!one[at].is_symbol("=")) throw syntax(one, at);
            variable.value = convert(evaluate(rest(one, at + 1), variables), variable.type);
        }
        variables[name] = std::move(variable);
    }
}

void Backend::raise(const Tokens& s, const Variables& variables, Sink& sink) {
    const bool is_throw = s.front().is("THROW");
    Tokens inner = s.size() > 1 ? rest(s, 1) : Tokens();
    if (!is_throw) {
        if (inner.empty() || !inner[0].is_symbol("(")) throw syntax(s, 1);
        const std::size_t end = closing(inner, 0);
        inner = Tokens(inner.begin() + 1, inner.begin() + static_cast<std::ptrdiff_t>(std::min(end, inner.size())));
    }
    const std::vector<Tokens> arguments = split_list(inner);
    if (arguments.size() != 3)
        throw not_supported(s.front().text + " with " + std::to_string(arguments.size()) + " arguments");
    const auto value = [&](std::size_t i) { return evaluate(arguments[i], variables); };
    if (is_throw) {
        SqlError error(number_of(value(0)), text_of(value(1)), 16, number_of(value(2)));
        error.line = s.front().line;
        if (error.number < 50000)
            error = SqlError(35100, "Error number in the THROW statement is outside the valid range.");
        error.ends_batch = true;
        throw error;
    }
    SqlError error(50000, text_of(value(0)), number_of(value(1)), number_of(value(2)));
    if (error.severity > 10) throw error;
    sink.info(error);
    sink.done(Command::none, std::nullopt);
}

void Backend::wait_for(const Tokens& s, const Variables& variables, Sink& sink) {
    if (!is_word(s, 1, "DELAY")) throw not_supported("WAITFOR other than DELAY");
    const auto time = parse_moment(text_of(evaluate(rest(s, 2), variables)));
    if (!time) throw SqlError(148, "Incorrect time syntax in time string used with WAITFOR.", 15);
    if (sink.wait(std::chrono::milliseconds(time->ticks / (kTicksPerSecond / 1000)))) throw Interrupted();
    sink.done(Command::none, std::nullopt);
}

// EXEC sp_describe_... @sql, @declarations; EXEC sp_executesql @sql, @declarations, @name = @value [OUTPUT], ...
void Backend::call(const Tokens& s, Variables& variables, Sink& sink) {
    std::size_t at = 1;
    std::string result;  // the variable that the procedure's status goes to
    if (s.size() > 3 && s[1].kind == Token::Kind::variable && s[2].is_symbol("=")) {
        result = lower(s[1].text);
        at = 3;
    }
    const std::size_t begin = at;
    const std::string procedure =
        at < s.size() && lower(s[at].text) == "sys" ? (at += 2, s.at(at).text) : object_name(s, at);
    const std::string name = lower(procedure);
    const bool describes = name == "sp_describe_first_result_set" || name == "sp_describe_undeclared_parameters";
    const std::optional<Stored> stored = find_procedure(handle_.get(), name);
    if (name != "sp_executesql" && !describes && !stored)
        throw SqlError(2812, "Could not find stored procedure '" + procedure + "'.", 16, 62);
    if (at == begin + 2) ++at;
    std::vector<Argument> arguments;
    std::vector<std::string> targets;
    for (Tokens one : split_list(at < s.size() ? rest(s, at) : Tokens())) {
        Argument argument;
        if (one.size() > 2 && one[1].is_symbol("=")) {
            argument.name = one[0].text;
            one.erase(one.begin(), one.begin() + 2);
        }
        if (one.size() == 2 && (one[1].is("OUTPUT") || one[1].is("OUT"))) {
            argument.is_output = true;
            one.pop_back();
        }
        if (one.size() != 1) throw syntax(one.empty() ? s : one, 0);
        targets.push_back(lower(one[0].text));
        const auto variable = variables.find(targets.back());
        const Rewriter rewriter(*catalog_, facts_, variables);
        argument.value = {rewriter.infer(one, {}).value_or(Type{Kind::nvarchar, kMax}),
                          variable != variables.end() ? variable->second.value : evaluate(one, variables)};
        arguments.push_back(std::move(argument));
    }
    const auto give = [&](bool is_good, std::vector<Argument>& values, std::size_t own) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (values[i].is_output) variables.at(targets[i + own]).value = values[i].value.value;
        }
        if (!result.empty()) variables.at(result).value = std::int64_t{is_good ? 0 : facts_.error};
    };
    if (stored) {
        const int before = facts_.transactions;
        give(execute_sql(stored->body, stored->parameters, arguments, sink), arguments, 0);
        if (facts_.transactions != before) {
            throw SqlError(266,
                           "Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT "
                           "statements. Previous count = " +
                               std::to_string(before) + ", current count = " + std::to_string(facts_.transactions) +
                               ".");
        }
        return;
    }
    if (arguments.empty())
        throw SqlError(214, "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.", 16, 2);
    const std::string sql = text_of(arguments[0].value.value);
    const std::string declarations = arguments.size() > 1 ? text_of(arguments[1].value.value) : "";
    if (describes) {
        name == "sp_describe_first_result_set" ? describe_result(sql, declarations, sink)
                                               : describe_parameters(sql, declarations, sink);
        return;
    }
    const std::size_t own = std::min<std::size_t>(2, arguments.size());
    std::vector<Argument> values(arguments.begin() + static_cast<std::ptrdiff_t>(own), arguments.end());
    give(execute_sql(sql, declarations, values, sink), values, own);
}

void Backend::use(const std::string& database, Sink& sink) {
    if (facts_.transactions > 0) throw not_supported("USE in a transaction");
    Sqlite handle = open_sqlite(database_file(folder_, database));
    catalog_.reset();
    handle_ = std::move(handle);
    catalog_.emplace(handle_.get());
    const std::string before = std::exchange(facts_.database, database);
    sink.database(database, before);
    sink.done(Command::none, std::nullopt);
}

}  // namespace kdeps::testing::tds
