// SPDX-License-Identifier: Apache-2.0
#include "postgres_statement.hpp"

namespace kdeps::postgres {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

// The words of a statement, upper case, with those in texts and names too.
template <typename Visit>
void for_each_word(std::string_view sql, Visit visit) {
    std::size_t i = 0;
    while (i < sql.size()) {
        std::size_t end = i;
        while (end < sql.size() && is_letter(sql[end])) ++end;
        if (end > i) visit(upper(sql.substr(i, end - i)));
        i = std::max(end, i + 1);
    }
}

// The first word, after comments and opening parentheses.
std::string first_word(std::string_view sql) {
    while (!sql.empty()) {
        if (sql.starts_with("--")) {
            sql.remove_prefix(std::min(sql.find('\n'), sql.size()));
        } else if (sql.starts_with("/*")) {
            int depth = 0;
            do {
                const bool opens = sql.starts_with("/*");
                const bool closes = sql.starts_with("*/");
                depth += opens ? 1 : closes ? -1 : 0;
                sql.remove_prefix(opens || closes ? 2 : 1);
            } while (depth > 0 && !sql.empty());
        } else if (is_letter(sql[0])) {
            std::size_t end = 1;
            while (end < sql.size() && is_letter(sql[end])) ++end;
            return upper(sql.substr(0, end));
        } else {
            sql.remove_prefix(1);
        }
    }
    return {};
}

// COPY from or to the client speaks another protocol than statements.
void refuse_copy(std::string_view sql) {
    if (first_word(sql) != "COPY") return;
    for_each_word(sql, [](const std::string& word) {
        if (word == "STDIN" || word == "STDOUT") {
            Error error(
                KDEPS_UNSUPPORTED,
                "COPY from STDIN or to STDOUT cannot run as a statement; use INSERT with paramsBatch, or SELECT");
            error.sqlstate = "0A000";
            throw error;
        }
    });
}

}  // namespace

bool only_reads(std::string_view sql) {
    const std::string word = first_word(sql);
    if (word != "WITH") return word == "SELECT" || word == "VALUES" || word == "TABLE" || word == "SHOW";
    bool is_found = false;
    for_each_word(sql, [&](const std::string& inner) {
        is_found = is_found || inner == "INSERT" || inner == "UPDATE" || inner == "DELETE" || inner == "MERGE";
    });
    return !is_found;
}

bool is_stale_plan(const PGresult* failed) {
    const std::string_view state = error_field(failed, PG_DIAG_SQLSTATE);
    // 0A000 has many causes; this one is told by where it was raised, in every language.
    return state == "26000" ||
           (state == "0A000" && error_field(failed, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery");
}

void expect_count(std::size_t wanted, std::size_t given) {
    if (wanted == given) return;
    Error error(KDEPS_INVALID_ARGUMENT, "the statement has " + std::to_string(wanted) +
                                            " parameters, but the number of values given is " + std::to_string(given));
    error.sqlstate = "08P01";
    throw error;
}

Statement::Statement(Connection& connection, const Call& call, std::string_view sql)
    : connection_(connection), sql_(sql), name_(connection.new_name()), only_reads_(only_reads(sql)) {
    if (sql.find('\0') != std::string_view::npos) {
        throw Error(KDEPS_INVALID_ARGUMENT, "the statement's text holds a zero byte");
    }
    refuse_copy(sql_);
    if (!connection_.is_one_shot()) prepare(call);
    copy_ = CopyTarget::of(sql);
}

Statement::~Statement() { connection_.forget(std::move(name_)); }

void Statement::prepare(const Call& call, Exchange exchange) {
    description_ = connection_.describe(call, name_, sql_, exchange);
    reader_.emplace(description_.columns, connection_.types());
    is_stale_ = false;
}

void Statement::prepare_again(const Call& call) {
    connection_.forget(std::exchange(name_, connection_.new_name()));
    prepare(call);
}

void Statement::open_exchange(const Call& call) {
    if (connection_.is_one_shot()) {
        prepare(call, Exchange::stays_open);
    } else {
        connection_.open_exchange(call, Effect::none);
    }
}

void Statement::describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns) {
    call.check();
    if (connection_.is_one_shot()) prepare(call);
    if (parameters != nullptr) {
        std::vector<columns::Column> types;
        for (std::size_t i = 0; i < description_.parameters.size(); ++i) {
            types.push_back(
                {"$" + std::to_string(i + 1), column_of(connection_.types().of(description_.parameters[i]).kind)});
        }
        columns::Layout(std::move(types)).schema(parameters);
    }
    if (columns != nullptr) {
        reader_->layout().schema(columns);
    }
}

void Statement::bind(std::span<const kdeps_cell> parameters) {
    expect_count(description_.parameters.size(), parameters.size());
    parameters_.clear();
    for (std::size_t at = 0; at < parameters.size(); ++at) {
        parameters_.add(parameters[at], connection_.types().of(description_.parameters[at]), connection_.types());
    }
    parameters_.seal();
}

void Statement::send_now(const Call& call, std::span<const kdeps_cell> parameters) {
    Link& link = connection_.link();
    was_alone_ = connection_.is_idle();
    if (connection_.is_one_shot()) {
        open_exchange(call);
        try {
            bind(parameters);
        } catch (...) {
            link.drain();
            throw;
        }
    } else {
        if (is_stale_) prepare_again(call);
        bind(parameters);  // before anything is sent
        open_exchange(call);
    }
    if (was_alone_ && !only_reads_) link.may_commit();
    link.execute(name_, parameters_, reader_->is_binary());
    link.sync();
}

bool Statement::send(Call& call, std::span<const kdeps_cell> parameters) {
    if (is_stale_ || connection_.is_one_shot()) return false;
    send_now(call, parameters);
    is_sent_ = true;
    return true;
}

Outcome Statement::execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows) {
    constexpr int kMostRuns = 3;  // a table may be altered again in between, but not for ever
    for (int i = 0;; ++i) {
        if (!std::exchange(is_sent_, false)) send_now(call, parameters);
        if (const auto outcome = run(call, rows)) return *outcome;
        if (i + 1 == kMostRuns) {
            Error error(KDEPS_CONFLICT, "the statement failed: the tables that it uses are altered all the time");
            error.sqlstate = "0A000";
            error.retry = KDEPS_RETRY_SAME;
            throw error;
        }
    }
}

std::optional<Outcome> Statement::run(const Call& call, ArrowArrayStream* rows) {
    Link& link = connection_.link();
    connection_.read_preface();
    if (!description_.columns.empty()) {
        auto source = std::make_unique<RowStream>(
            connection_, call, *reader_,
            was_alone_ && only_reads_ ? RowStream::EarlyEnd::cancel : RowStream::EarlyEnd::read_on);
        if (Result failed = source->begin(); failed != nullptr) {
            end_failed(call, std::move(failed));
            return std::nullopt;
        }
        make_stream(std::move(source), call, rows);
        return Outcome{};
    }
    Outcome outcome;
    Result result = link.next();
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) {
        end_failed(call, std::move(result));
        return std::nullopt;
    }
    outcome.rows_affected = affected_of(result.get());
    // A constraint that is checked at the commit fails here.
    if (Result failed = link.drain(); failed != nullptr)
        connection_.fail(std::move(failed), "the statement failed", sql_);
    return outcome;
}

void Statement::end_failed(const Call& call, Result failed) {
    if (is_stale_plan(failed.get())) {
        is_stale_ = true;
        connection_.link().drain();
        if (connection_.begin_again(call)) return;
        Error error = error_of(
            failed.get(), {.doing = "the statement must be prepared again, which a failed transaction does not allow",
                           .transaction = connection_.link().transaction()});
        error.status = KDEPS_CONFLICT;
        error.retry = KDEPS_RETRY_SAME;
        throw error;
    }
    connection_.fail(std::move(failed), "the statement failed", sql_);
}

}  // namespace kdeps::postgres
