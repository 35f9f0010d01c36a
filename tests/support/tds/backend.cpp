// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/backend.hpp"

#include <algorithm>

#include "tests/support/tds/convert.hpp"

namespace kdeps::testing::tds {

namespace {

// Rows that are looked at before the type of a column that only has values is settled.
constexpr std::size_t kLookahead = 1000;

Type type_of_values(const std::vector<std::vector<Value>>& rows, std::size_t column) {
    std::optional<Type> out;
    for (const auto& row : rows) {
        const Value& value = row[column];
        if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            const bool is_big = *integer < INT32_MIN || *integer > INT32_MAX;
            if (!out || (is_big && out->kind == Kind::integer)) out = Type{is_big ? Kind::bigint : Kind::integer};
        } else if (std::holds_alternative<double>(value)) {
            if (!out || is_integer(out->kind)) out = Type{Kind::floating};
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            if (!out || out->kind != Kind::nvarchar) out = Type{Kind::nvarchar, 4000};
            if (utf16_units(*text) > 4000) out->length = kMax;
        } else if (const auto* blob = std::get_if<Blob>(&value)) {
            if (!out) out = Type{Kind::varbinary, 8000};
            if (blob->bytes.size() > 8000) out->length = kMax;
        }
    }
    return out.value_or(Type{Kind::integer});
}

}  // namespace

std::filesystem::path database_file(const std::filesystem::path& folder, const std::string& database) {
    std::string name;
    for (const char c : lower(database)) {
        name += c == '/' || c == '\0' || c == '.' ? '_' : c;
    }
    const std::filesystem::path file = folder / (name + ".db");
    if (!std::filesystem::exists(file)) {
        throw SqlError(911,
                       "Database '" + database + "' does not exist. Make sure that the name is entered correctly.");
    }
    return file;
}

bool Backend::define_procedure(const std::string& sql, Sink& sink) {
    const std::size_t start = sql.find_first_not_of(" \t\r\n");
    if (start == std::string::npos || !lower(sql.substr(start, 10)).starts_with("create pro")) return false;
    std::size_t as = lower(sql).find(" as ");
    if (as == std::string::npos) as = lower(sql).find("\nas\n");
    if (as == std::string::npos) throw SqlError(102, "Incorrect syntax near 'PROCEDURE'.", 15);
    const Tokens head = tokenize(sql.substr(0, as));
    std::size_t at = 2;
    const std::string name = lower(object_name(head, at));
    std::string parameters;
    for (; at < head.size(); ++at) parameters += (parameters.empty() ? "" : " ") + head[at].text;
    run_sqlite(handle_.get(),
               "CREATE TABLE IF NOT EXISTS \"tds$procedures\" (name TEXT PRIMARY KEY, parameters TEXT, body TEXT)");
    run_sqlite(handle_.get(), "INSERT OR REPLACE INTO \"tds$procedures\" VALUES (?1, ?2, ?3)",
               {name, parameters, sql.substr(as + 4)});
    sink.done(Command::none, std::nullopt);
    return true;
}

bool ends_statement_only(int number) {
    return number == 2627 || number == 2601 || number == 547 || number == 515 || number == 2628 || number == 544 ||
           number == 50000 || number == 8115 || number == 3903 || number == 1222;
}

Backend::Backend(std::filesystem::path folder, SessionFacts facts, Faults& faults)
    : folder_(std::move(folder)),
      facts_(std::move(facts)),
      faults_(faults),
      handle_(open_sqlite(database_file(folder_, facts_.database))) {
    catalog_.emplace(handle_.get());
}

bool Backend::run(const std::string& sql, Variables& variables, Sink& sink) {
    bool is_good = true;
    try {
        if (define_procedure(sql, sink)) return true;
        const List list = split(tokenize(sql));
        for (std::size_t i = 0; i < list.size();) {
            try {
                i = run_one(list, i, true, variables, sink);
            } catch (const Returned&) {
                return is_good;
            } catch (SqlError& error) {
                is_good = false;
                facts_.error = error.number;
                facts_.row_count = 0;
                if (error.line == 1) error.line = list[i].front().line;
                const bool is_victim = error.number == 1205;
                // A value that cannot be converted dooms the transaction, as with the original.
                const bool dooms = error.number == 245 || error.number == 241 || error.number == 8114;
                if ((is_victim || aborts_on_error_ || dooms) && facts_.transactions > 0) {
                    if (sqlite3_get_autocommit(handle_.get()) == 0) run_sqlite(handle_.get(), "ROLLBACK");
                }
                notice_rollback(sink);
                sink.failed(error);
                if (is_victim || error.ends_batch || aborts_on_error_ || !ends_statement_only(error.number))
                    return false;
                ++i;
            }
            if (sink.is_interrupted() && !faults_.is_deaf()) throw Interrupted();
        }
    } catch (const SqlError& error) {
        sink.failed(error);
        return false;
    }
    return is_good;
}

std::size_t Backend::run_one(const List& list, std::size_t i, bool is_live, Variables& variables, Sink& sink) {
    if (i >= list.size()) throw SqlError(102, "Incorrect syntax near the end of the statement.", 15);
    const Tokens& statement = list[i];
    if (!statement.front().is("IF")) {
        if (is_live) execute(statement, variables, sink);
        return i + 1;
    }
    bool is_true = false;
    if (is_live) {
        const Value value = evaluate(Tokens(statement.begin() + 1, statement.end()), variables);
        is_true = !is_null(value) && std::get<std::int64_t>(convert(value, {Kind::bit})) != 0;
    }
    std::size_t next = run_one(list, i + 1, is_live && is_true, variables, sink);
    if (next < list.size() && list[next].front().is("ELSE"))
        next = run_one(list, next + 1, is_live && !is_true, variables, sink);
    return next;
}

void Backend::execute(const Tokens& statement, Variables& variables, Sink& sink) {
    std::string text;
    for (const Token& token : statement) text += (text.empty() ? "" : " ") + token.text;
    if (auto error = faults_.take_error(text)) throw *error;

    const Token& verb = statement.front();
    if (verb.is("SELECT") || verb.is("WITH") || verb.is("INSERT") || verb.is("UPDATE") || verb.is("DELETE")) {
        if (begins_implicitly_ && facts_.transactions == 0) begin(sink);
        query(statement, variables, sink);
    } else if (verb.is("CREATE") || verb.is("DROP") || verb.is("TRUNCATE")) {
        define(statement, sink);
    } else {
        control(statement, variables, sink);
    }
}

SqliteStatement Backend::prepare(const std::string& sql, const Variables& variables) {
    SqliteStatement statement = prepare_sqlite(handle_.get(), sql);
    if (statement == nullptr) throw SqlError(102, "Incorrect syntax near the end of the statement.", 15);
    for (int i = sqlite3_bind_parameter_count(statement.get()); i > 0; --i) {
        const TypedValue& variable = variables.at(sqlite3_bind_parameter_name(statement.get(), i));
        bind_value(statement.get(), i, to_storage(variable.value, variable.type, TooLong::cut));
    }
    return statement;
}

SqlError Backend::failure() {
    if (has_timed_out_) return {1222, "Lock request time out period exceeded.", 16, 45};
    return last_error(handle_.get(), facts_.database);
}

// A step that the client can interrupt, also while it waits for a lock.
int Backend::step(sqlite3_stmt* statement, Sink& sink) {
    struct Watch {
        Backend& backend;
        Sink& sink;
        std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
        bool looks(std::chrono::milliseconds time) {
            try {
                const bool is_told = time.count() == 0 ? sink.is_interrupted() : sink.wait(time);
                backend.is_interrupted_ |= is_told && !backend.faults_.is_deaf();
            } catch (const std::exception&) {
                backend.is_interrupted_ = true;  // the client is gone; the next use of its socket tells
            }
            return backend.is_interrupted_;
        }
    } watch{*this, sink};
    is_interrupted_ = false;
    has_timed_out_ = false;
    sqlite3_progress_handler(
        handle_.get(), 20000,
        [](void* w) { return static_cast<Watch*>(w)->looks(std::chrono::milliseconds(0)) ? 1 : 0; }, &watch);
    sqlite3_busy_handler(
        handle_.get(),
        [](void* w, int) {
            auto& self = *static_cast<Watch*>(w);
            if (self.looks(std::chrono::milliseconds(5)) && !self.backend.faults_.is_deaf()) return 0;
            const int timeout = self.backend.facts_.lock_timeout;
            self.backend.has_timed_out_ =
                timeout >= 0 && std::chrono::steady_clock::now() - self.start > std::chrono::milliseconds(timeout);
            return self.backend.has_timed_out_ ? 0 : 1;
        },
        &watch);
    const int result = sqlite3_step(statement);
    sqlite3_progress_handler(handle_.get(), 0, nullptr, nullptr);
    sqlite3_busy_timeout(handle_.get(), 5000);
    if (result == SQLITE_ROW || result == SQLITE_DONE) return result;
    if (is_interrupted_) {
        sqlite3_reset(statement);
        notice_rollback(sink);
        throw Interrupted();
    }
    throw failure();
}

void Backend::query(const Tokens& statement, Variables& variables, Sink& sink) {
    const Rewriter rewriter(*catalog_, facts_, variables);
    const Query query = rewriter.query(statement);
    const SqliteStatement prepared = prepare(query.sql, variables);
    std::int64_t changed = 0;
    const bool gives_rows = sqlite3_column_count(prepared.get()) > 0;
    if (gives_rows) {
        changed = rows(prepared.get(), query, variables, sink);
    } else {
        while (step(prepared.get(), sink) == SQLITE_ROW) {
        }
        changed = sqlite3_changes64(handle_.get());
    }
    if (query.command == Command::insert && changed > 0) {
        const auto columns = catalog_->columns(query.table);
        if (std::any_of(columns.begin(), columns.end(), [](const DeclaredColumn& c) { return c.is_identity; })) {
            facts_.identity = sqlite3_last_insert_rowid(handle_.get());
        }
    }
    notice_rollback(sink);
    count(query.command, changed, sink);
}

void Backend::count(Command command, std::int64_t rows, Sink& sink) {
    facts_.row_count = rows;
    facts_.error = 0;
    sink.done(command, counts_ ? std::optional(rows) : std::nullopt);
}

std::vector<ResultColumn> Backend::result_columns(sqlite3_stmt* statement, const Query& query,
                                                  std::vector<bool>& is_known) const {
    const auto count = static_cast<std::size_t>(sqlite3_column_count(statement));
    const auto star = static_cast<std::size_t>(
        std::find_if(query.items.begin(), query.items.end(), [](const Item& i) { return i.is_star; }) -
        query.items.begin());
    std::vector<ResultColumn> out(count);
    is_known.assign(count, false);
    for (std::size_t i = 0; i < count; ++i) {
        const int index = static_cast<int>(i);
        // Items count from the left up to a star, and from the right behind it.
        const std::size_t behind = count - i;
        const Item* item = i < star && i < query.items.size() ? &query.items[i]
                           : star < query.items.size() && behind <= query.items.size() - star - 1
                               ? &query.items[query.items.size() - behind]
                               : nullptr;
        if (item != nullptr && item->is_star) item = nullptr;
        out[i].name = item != nullptr && item->name ? *item->name : sqlite3_column_name(statement, index);
        const char* table = sqlite3_column_table_name(statement, index);
        const char* origin = sqlite3_column_origin_name(statement, index);
        std::optional<DeclaredColumn> declared;
        if (table != nullptr && origin != nullptr) declared = catalog_->column(table, origin);
        if (declared) {
            out[i].type = declared->type;
            out[i].is_nullable = declared->is_nullable;
            out[i].is_identity = declared->is_identity;
            is_known[i] = true;
        } else if (item != nullptr && item->type) {
            out[i].type = *item->type;
            is_known[i] = true;
        }
    }
    return out;
}

std::int64_t Backend::rows(sqlite3_stmt* statement, const Query& query, Variables& variables, Sink& sink) {
    std::vector<bool> is_known;
    std::vector<ResultColumn> columns = result_columns(statement, query, is_known);
    const bool assigns =
        std::any_of(query.items.begin(), query.items.end(), [](const Item& i) { return !i.assigns.empty(); });
    // Rows of a statement that changes something are complete before the first is sent: its constraints may still fail.
    const bool is_lazy =
        query.command == Command::select && std::find(is_known.begin(), is_known.end(), false) == is_known.end();
    const std::size_t ahead = is_lazy ? 0 : query.command == Command::select ? kLookahead : SIZE_MAX;

    std::vector<std::vector<Value>> first;
    std::int64_t count = 0;
    const auto read = [&] {
        std::vector<Value> row;
        for (int i = 0; i < static_cast<int>(columns.size()); ++i) row.push_back(column_value(statement, i));
        return row;
    };
    const auto send = [&](std::vector<Value> row) {
        for (std::size_t i = 0; i < row.size(); ++i) row[i] = convert(row[i], columns[i].type);
        ++count;
        if (!assigns) {
            sink.row(row);
            return;
        }
        for (std::size_t i = 0; i < row.size(); ++i) {
            TypedValue& variable = variables.at(query.items.at(i).assigns);
            variable.value = convert(row[i], variable.type);
        }
    };

    bool is_at_end = false;
    while (first.size() < ahead) {
        is_at_end = step(statement, sink) == SQLITE_DONE;
        if (is_at_end) break;
        first.push_back(read());
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!is_known[i]) columns[i].type = type_of_values(first, i);
    }
    // An error in the first row comes before the columns, as from a real server that compiles first.
    bool has_row = false;
    if (is_lazy) has_row = step(statement, sink) == SQLITE_ROW;
    if (!assigns) sink.columns(columns);
    for (auto& row : first) send(std::move(row));
    if (is_lazy) {
        is_at_end = !has_row;
        if (has_row) send(read());
    }
    while (!is_at_end && step(statement, sink) == SQLITE_ROW) {
        send(read());
        if (count % 256 == 0 && sink.is_interrupted() && !faults_.is_deaf()) throw Interrupted();
        if (most_rows_ > 0 && count >= most_rows_) break;
    }
    return count;
}

void Backend::define(const Tokens& statement, Sink& sink) {
    const Rewriter::Definition definition = Rewriter(*catalog_, facts_, {}).definition(statement);
    const bool is_open = sqlite3_get_autocommit(handle_.get()) == 0;
    run_sqlite(handle_.get(), "SAVEPOINT \"tds$define\"");
    try {
        for (const std::string& sql : definition.sql) {
            const SqliteStatement prepared = prepare_sqlite(handle_.get(), sql);
            while (step(prepared.get(), sink) == SQLITE_ROW) {
            }
        }
        if (!definition.removes_table.empty()) catalog_->remove(definition.removes_table);
        if (!definition.adds_table.empty()) catalog_->add(definition.adds_table, definition.columns);
        run_sqlite(handle_.get(), "RELEASE \"tds$define\"");
    } catch (...) {
        if (sqlite3_get_autocommit(handle_.get()) == 0) {
            run_sqlite(handle_.get(), is_open ? "ROLLBACK TO \"tds$define\"" : "ROLLBACK");
        }
        throw;
    }
    facts_.row_count = 0;
    sink.done(Command::none, std::nullopt);
}

Value Backend::evaluate(const Tokens& expression, const Variables& variables) {
    const Rewriter rewriter(*catalog_, facts_, variables);
    const SqliteStatement prepared = prepare("SELECT " + rewriter.expression(expression), variables);
    const int result = sqlite3_step(prepared.get());
    if (result == SQLITE_ROW) return column_value(prepared.get(), 0);
    throw failure();
}

bool Backend::execute_sql(const std::string& sql, const std::string& declarations, std::vector<Argument>& arguments,
                          Sink& sink) {
    Variables variables;
    std::vector<std::string> names;
    try {
        variables = declared_parameters(declarations, &names);
        std::set<std::string> given;
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            if (arguments[i].name.empty() && i >= names.size()) {
                throw SqlError(8144, "Procedure or function has too many arguments specified.", 16, 2);
            }
            const std::string name = arguments[i].name.empty() ? names[i] : lower(arguments[i].name);
            const auto found = variables.find(name);
            if (found == variables.end()) throw SqlError(8145, name + " is not a parameter for procedure .");
            found->second.value = convert(arguments[i].value.value, found->second.type);
            given.insert(name);
        }
        for (const std::string& name : names) {
            if (!given.contains(name)) {
                throw SqlError(8178, "The parameterized query '" + sql.substr(0, 40) + "' expects the parameter '" +
                                         name + "', which was not supplied.");
            }
        }
    } catch (const SqlError& error) {
        sink.failed(error);
        return false;
    }
    const bool is_good = run(sql, variables, sink);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (!arguments[i].is_output) continue;
        const TypedValue& variable = variables.at(arguments[i].name.empty() ? names[i] : lower(arguments[i].name));
        arguments[i].value.value = convert(variable.value, arguments[i].value.type);
    }
    return is_good;
}

}  // namespace kdeps::testing::tds
