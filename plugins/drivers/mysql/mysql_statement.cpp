// SPDX-License-Identifier: Apache-2.0
#include "mysql_statement.hpp"

#include <array>
#include <limits>
#include <new>
#include <utility>

#include "mysql_rows.hpp"

namespace kdeps::mysql {

namespace {

constexpr auto kCloseTime = std::chrono::milliseconds(500);

// The server's ~0 is unknown; what does not fit a signed number neither.
std::int64_t count_or_unknown(unsigned long long count) {
    return count > static_cast<unsigned long long>(std::numeric_limits<std::int64_t>::max())
               ? -1
               : static_cast<std::int64_t>(count);
}

std::int64_t insert_id(unsigned long long id) { return id == 0 ? -1 : count_or_unknown(id); }

// As long as a text with a zone is sent by what is known of the columns; DDL on this connection ends it at once.
constexpr auto kPlacesLast = std::chrono::seconds(1);

}  // namespace

Statement::Statement(Connection& connection, const Call& call, std::string_view sql)
    : connection_(connection), sql_(sql), words_(StatementWords::of(sql)), bulk_(BulkTarget::of(sql)) {
    call.check();
    connection_.expect_to_fit(sql_.size() + 1);
    const Operation operation(connection_.limits(call, OnStop::interrupt));
    connection_.ready();
    prepare(operation);
}

Statement::~Statement() {
    const Operation operation({.at_most = kCloseTime});
    statement_.reset();
}

void Statement::prepare(const Operation& operation) {
    statement_.reset(mysql_stmt_init(connection_.client()));
    if (statement_ == nullptr) throw std::bad_alloc();
    generation_ = connection_.generation();
    is_stale_ = false;
    if (mysql_stmt_prepare(statement_.get(), sql_.data(), sql_.size()) != 0) {
        const NativeError native = native_error(statement_.get());
        is_unprepared_ = native.code == ER_UNSUPPORTED_PS;
        if (is_unprepared_) return;
        Error error = connection_.failure(operation, native);
        error.sql_offset = syntax_error_offset(native, sql_);
        throw error;
    }
    gives_columns_ = mysql_stmt_field_count(statement_.get()) > 0;
    learn_json_columns(mariadb_stmt_fetch_fields(statement_.get()), mysql_stmt_field_count(statement_.get()));
    if (const std::size_t count = mysql_stmt_param_count(statement_.get()); parameters_.size() != count) {
        parameters_ = Parameters(count);
    }
}

// From what just came: later executions do not repeat the format.
void Statement::learn_json_columns(const MYSQL_FIELD* fields, std::size_t count) {
    json_columns_.clear();
    for (std::size_t i = 0; i < count; ++i) {
        json_columns_.push_back(has_json_format(fields[i]));
    }
}

std::vector<ResultColumn> Statement::result_columns(const MYSQL_FIELD* fields, std::size_t count) const {
    std::vector<ResultColumn> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(
            result_column(fields[i], i < json_columns_.size() && json_columns_[i], connection_.session().is_utc()));
    }
    return out;
}

bool Statement::adopt_columns() {
    const MYSQL* client = connection_.client();
    MYSQL_STMT* statement = statement_.get();
    if (client->field_count == 0 || client->fields == nullptr) return false;
    new_fields_.assign(client->fields, client->fields + client->field_count);
    new_binds_.assign(client->field_count, {});
    new_names_.clear();
    new_names_.reserve(new_fields_.size());
    for (MYSQL_FIELD& field : new_fields_) {
        // The connection's texts end with its next command.
        char* name = new_names_.emplace_back(field.name == nullptr ? "" : field.name).data();
        const MYSQL_FIELD known = field;
        field = {};
        field.name = name;
        field.name_length = static_cast<unsigned int>(new_names_.back().size());
        field.type = known.type;
        field.length = known.length;
        field.flags = known.flags;
        field.decimals = known.decimals;
        field.charsetnr = known.charsetnr;
    }
    statement->fields = new_fields_.data();
    statement->bind = new_binds_.data();
    statement->field_count = client->field_count;
    statement->last_errno = 0;
    learn_json_columns(client->fields, client->field_count);
    is_stale_ = true;
    return true;
}

std::shared_ptr<RowReader> Statement::reader() {
    const MYSQL* client = connection_.client();
    // INSERT ... RETURNING and CALL tell their columns with the execution only.
    if (!gives_columns_) learn_json_columns(client->fields, client->field_count);
    if (reader_ == nullptr || !reader_->fits(statement_.get(), client->fields, client->field_count, json_columns_,
                                             connection_.session().is_utc())) {
        reader_ = std::make_shared<RowReader>(statement_.get(), result_columns(client->fields, client->field_count));
    }
    reader_->bind();
    return reader_;
}

void Statement::refresh(const Operation& operation) {
    connection_.ready();
    if (is_stale_ || generation_ != connection_.generation()) prepare(operation);
}

void Statement::expect_count(std::size_t given) const {
    if (given != parameters_.size()) {
        throw Error(KDEPS_INVALID_ARGUMENT, "the statement has " + std::to_string(parameters_.size()) +
                                                " placeholders, but " + std::to_string(given) + " values were given");
    }
}

bool Statement::wants_places(std::span<const kdeps_cell> cells) {
    if (!places_ || places_->count() != parameters_.size()) {
        places_.emplace(sql_, connection_.lexis(), parameters_.size());
    }
    bool is_wanted = false;
    bool has_moment = false;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (!places_->has_column(i) || !wants_place(cells[i])) continue;
        is_wanted = true;
        has_moment = has_moment || (cells[i].kind == KDEPS_STRING && cells[i].as.s.size >= 20 &&
                                    may_have_zone({cells[i].as.s.data, cells[i].as.s.size}));
    }
    if (!is_wanted || !places_->is_known()) return is_wanted;
    return has_moment && (catalog_ != connection_.catalog() || Clock::now() - learned_at_ > kPlacesLast);
}

// What cannot be asked is not known.
void Statement::learn_places() {
    catalog_ = connection_.catalog();
    learned_at_ = Clock::now();
    const auto failed = connection_.run(places_->query(connection_.client()));
    const BufferedResult rows(failed ? nullptr : mysql_store_result(connection_.client()));
    places_->learn(rows.get());
}

bool Statement::execute_bound() {
    if (parameters_.size() > 0 && mysql_stmt_bind_param(statement_.get(), parameters_.binds()) != 0) return false;
    return mysql_stmt_execute(statement_.get()) == 0;
}

std::optional<Error> Statement::run(const Operation& operation) {
    const bool was_sent = std::exchange(is_sent_, false);
    const bool may_commit = !connection_.is_in_transaction() || !words_.keeps_transaction;
    if (!was_sent) connection_.statement_begins(words_);
    bool is_done =
        was_sent ? connection_.client()->methods->db_read_execute_response(statement_.get()) == 0 : execute_bound();
    // A procedure may raise these errors itself, after it has done something: it is never run a second time.
    const bool may_run_again = words_.keeps_session;
    if (!is_done && may_run_again && is_stale_statement(native_error(statement_.get()))) {
        prepare(operation);
        is_done = execute_bound();
    }
    if (!is_done && mysql_stmt_errno(statement_.get()) == CR_NEW_STMT_METADATA) is_done = adopt_columns();
    if (parameters_.has_open_question()) {
        const bool is_refused =
            !is_done && may_run_again && native_error(statement_.get()).code == ER_TRUNCATED_WRONG_VALUE;
        if (is_done || is_refused) parameters_.settle(is_refused ? ZonedText::moment : ZonedText::text);
        if (is_refused) is_done = execute_bound();
    }
    has_rows_ = is_done && mysql_field_count(connection_.client()) > 0;
    if (is_done) {
        if (!has_rows_) connection_.statement_ends(false);
        return std::nullopt;
    }
    const NativeError native = native_error(statement_.get());
    Error error = connection_.statement_fails(operation, native);
    // Lost after it was sent: it may have taken effect.  CR_SERVER_GONE_ERROR is a connection that was found dead while
    // sending.
    if (error.damage == KDEPS_DAMAGE_CONNECTION && may_commit && !only_reads() && native.code != CR_SERVER_GONE_ERROR) {
        error.retry = KDEPS_RETRY_IN_DOUBT;
    }
    // A table without transactions keeps the rows before the one that failed, and nothing in the answer tells.
    const bool may_keep_rows =
        error.damage != KDEPS_DAMAGE_CONNECTION && operation.stopped() == KDEPS_OK && !only_reads();
    if (may_keep_rows && words_.keeps_session && !is_taken_back(operation)) connection_.session().is_sent();
    return error;
}

// The server tells how many parameters there are, not of which type.  CALL and what it does not prepare tell no columns
// before they run.
void Statement::describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns) {
    call.check();
    if (is_unprepared_) throw Error(KDEPS_UNSUPPORTED, "the server does not prepare statements of this kind");
    if (parameters != nullptr) {
        std::vector<columns::Column> types;
        for (std::size_t i = 0; i < parameters_.size(); ++i)
            types.push_back({std::to_string(i + 1), columns::Type::null});
        columns::Layout(std::move(types)).schema(parameters);
    }
    if (columns != nullptr) {
        columns::Layout(plain_columns(result_columns(mariadb_stmt_fetch_fields(statement_.get()),
                                                     mysql_stmt_field_count(statement_.get()))))
            .schema(columns);
    }
}

bool Statement::send(Call& call, std::span<const kdeps_cell> parameters) {
    // While the answer is not read, the server may stop reading what is sent; so much fits the socket's buffer at any
    // rate.
    constexpr std::size_t kMostBytes = 16 * 1024;
    expect_count(parameters.size());
    if (is_unprepared_ || is_stale_ || generation_ != connection_.generation() || connection_.must_be_readied() ||
        connection_.wants_mark(words_)) {
        return false;
    }
    if (wants_places(parameters)) return false;
    parameters_.set(parameters, *places_);
    if (parameters_.has_open_question() || parameters_.bytes() > kMostBytes) return false;
    connection_.session().exchange_begins();
    connection_.expect_open();
    const Operation operation(connection_.limits(call, OnStop::interrupt));
    connection_.statement_begins(words_);
    const auto wait_for_answer = [&](my_bool waits) {
        const my_bool skips = waits == 0 ? 1 : 0;
        mysql_optionsv(connection_.client(), MARIADB_OPT_SKIP_READ_RESPONSE, &skips);
    };
    wait_for_answer(0);
    const bool is_done = execute_bound();
    wait_for_answer(1);
    if (!is_done) throw connection_.statement_fails(operation, native_error(statement_.get()));
    is_sent_ = true;
    return true;
}

Outcome Statement::execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows) {
    expect_count(parameters.size());
    if (!is_sent_) call.check();  // what was sent must be received
    const Operation operation(connection_.limits(call, OnStop::interrupt));
    if (!is_sent_) {
        connection_.session().exchange_begins();
        refresh(operation);
        if (is_unprepared_) return execute_unprepared(call, operation, rows);
        if (wants_places(parameters)) learn_places();
        parameters_.set(parameters, *places_);
        connection_.expect_to_fit(parameters_.bytes());
    }
    if (auto failed = run(operation)) throw *failed;
    if (has_rows_) {
        auto pending = std::make_unique<PendingRows>(connection_, statement_.get(), call, only_reads());
        make_stream(std::make_unique<LazyRows>(connection_, call, std::move(pending), reader()), call, rows);
        return {};
    }
    return outcome();
}

Outcome Statement::outcome() const {
    return {count_or_unknown(mysql_stmt_affected_rows(statement_.get())),
            insert_id(mysql_stmt_insert_id(statement_.get()))};
}

// All results, of which the first one is kept.
std::optional<NativeError> Statement::read_unprepared(BufferedResult& first) {
    MYSQL* client = connection_.client();
    if (const auto failed = connection_.run(sql_)) return failed;
    for (bool is_first = true;; is_first = false) {
        BufferedResult result;
        if (mysql_field_count(client) > 0) {
            result.reset(mysql_store_result(client));
            if (result == nullptr) return native_error(client);
        }
        if (is_first) first = std::move(result);
        connection_.session().look();
        const int next = mysql_next_result(client);
        if (next > 0) return native_error(client);
        if (next < 0) return std::nullopt;
    }
}

Outcome Statement::execute_unprepared(const Call& call, const Operation& operation, ArrowArrayStream* rows) {
    MYSQL* client = connection_.client();
    const bool may_commit = !connection_.is_in_transaction() || !words_.keeps_transaction;
    connection_.statement_begins(words_);
    BufferedResult result;
    if (const auto failed = read_unprepared(result)) {
        Error error = connection_.statement_fails(operation, *failed);
        if (error.damage == KDEPS_DAMAGE_CONNECTION && may_commit && failed->code != CR_SERVER_GONE_ERROR) {
            error.retry = KDEPS_RETRY_IN_DOUBT;
        }
        throw error;
    }
    const Outcome outcome{count_or_unknown(mysql_affected_rows(client)), insert_id(mysql_insert_id(client))};
    connection_.statement_ends(false);
    if (result == nullptr) return outcome;
    make_stream(std::make_unique<BufferedRows>(call, std::move(result), connection_.session().is_utc()), call, rows);
    return {};
}

}  // namespace kdeps::mysql
