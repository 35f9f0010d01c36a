// SPDX-License-Identifier: Apache-2.0
#include "postgres_connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "postgres_name.hpp"
#include "postgres_statement.hpp"

namespace kdeps::postgres {
namespace {

constexpr const char* kIsoDates = "SET datestyle = ISO";
// Until the end of the transaction, also of one that only a sync ends.
constexpr const char* kIsoDatesHere = "SELECT pg_catalog.set_config('datestyle', 'ISO', true)";

std::string_view isolation_words(std::uint32_t isolation) {
    switch (isolation) {
        case KDEPS_ISOLATION_READ_UNCOMMITTED: return " ISOLATION LEVEL READ UNCOMMITTED";
        case KDEPS_ISOLATION_READ_COMMITTED: return " ISOLATION LEVEL READ COMMITTED";
        // PostgreSQL's repeatable read is snapshot isolation.
        case KDEPS_ISOLATION_REPEATABLE_READ:
        case KDEPS_ISOLATION_SNAPSHOT: return " ISOLATION LEVEL REPEATABLE READ";
        case KDEPS_ISOLATION_SERIALIZABLE: return " ISOLATION LEVEL SERIALIZABLE";
        default: return "";
    }
}

// All that DISCARD ALL does, but for what this driver has prepared.  First what the limits of a step were, then what
// they limited.
constexpr std::array kUndo{
    "RESET SESSION AUTHORIZATION", "RESET ALL", "CLOSE ALL", "UNLISTEN *", "DISCARD TEMP", "DISCARD SEQUENCES",
};
constexpr const char* kUnlock = "SELECT pg_catalog.pg_advisory_unlock_all()";
// PREPARE as a command: what a protocol prepared belongs to this driver, or to a pooler.
constexpr const char* kFindPrepared =
    "SELECT pg_catalog.quote_ident(name) AS kdeps_prepared FROM pg_catalog.pg_prepared_statements WHERE from_sql";

// What the server reports whenever it changes, and a step might leave behind.
constexpr std::array kReported{"application_name", "client_encoding",       "DateStyle", "IntervalStyle",
                               "is_superuser",     "session_authorization", "TimeZone",  "search_path"};

constexpr std::size_t kMostSurroundings = 256;

Oid parse_oid(std::string_view text) {
    Oid oid = 0;
    std::from_chars(text.data(), text.data() + text.size(), oid);
    return oid;
}

}  // namespace

void ForgetfulServers::add(const std::string& address) {
    const std::lock_guard lock(mutex_);
    addresses_.insert(address);
}

bool ForgetfulServers::has(const std::string& address) const {
    const std::lock_guard lock(mutex_);
    return addresses_.contains(address);
}

Connection::Connection(const Call& call, const Options& options, ForgetfulServers& forgetful)
    : link_(call, options.parameters, options.connect_timeout),
      forgetful_(forgetful),
      address_(options.address()),
      is_one_shot_(options.is_one_shot || forgetful.has(address_)) {
    const auto setting = [&](const char* name) {
        const char* value = PQparameterStatus(link_.get(), name);
        return value == nullptr ? std::string_view() : std::string_view(value);
    };
    // "15.6 (Debian 15.6-1)": what stands in parentheses is the packager's.
    const std::string_view version = setting("server_version");
    server_ = "PostgreSQL " + std::string(version.substr(0, version.find(' ')));
    // The text forms of dates are read as ISO; only a role or a database that is set up otherwise pays this round trip.
    needs_iso_dates_ = !setting("DateStyle").starts_with("ISO");
    if (needs_iso_dates_ && !is_one_shot_) {
        open_exchange(call, Effect::none);
        run_alone(kIsoDates, "setting the date style failed");
    }
    opened_with_ = session_parameters();
}

std::vector<std::string> Connection::session_parameters() const {
    std::vector<std::string> out;
    for (const char* name : kReported) {
        const char* value = PQparameterStatus(link_.get(), name);
        out.emplace_back(value == nullptr ? "" : value);
    }
    return out;
}

State Connection::state() const noexcept {
    State out;
    if (is_resetting_) {
        out.transaction = KDEPS_TRANSACTION_NONE;
        out.session = KDEPS_SESSION_UNTOUCHED;
        out.exchange = link_.is_broken() ? link_.progress() : KDEPS_EXCHANGE_ANSWERED;
        return out;
    }
    out.exchange = link_.progress();
    const std::uint32_t open = begun_ == Begun::ended ? KDEPS_TRANSACTION_OTHER : KDEPS_TRANSACTION_OPEN;
    switch (link_.transaction()) {
        case PQTRANS_IDLE:
            out.transaction = pending_begin_.empty() ? KDEPS_TRANSACTION_NONE : KDEPS_TRANSACTION_OPEN;
            break;
        case PQTRANS_INTRANS: out.transaction = open; break;
        case PQTRANS_INERROR:
            out.transaction = begun_ == Begun::ended ? KDEPS_TRANSACTION_OTHER : KDEPS_TRANSACTION_FAILED;
            break;
        default: break;
    }
    if (is_untouched_) {
        out.session = KDEPS_SESSION_UNTOUCHED;
    } else {
        // A setting that is reported has changed; much else is not reported.
        for (std::size_t i = 0; i < kReported.size(); ++i) {
            const char* value = PQparameterStatus(link_.get(), kReported[i]);
            if (opened_with_[i] != (value == nullptr ? "" : value)) out.session = KDEPS_SESSION_TOUCHED;
        }
    }
    return out;
}

void Connection::ping(Call& call) {
    call.check();
    finish_reset(call);
    link_.start(call, Effect::none);
    link_.sync();
    link_.drain();
}

void Connection::reset(Call& call) {
    if (is_resetting_) return;
    pending_begin_.clear();
    link_.start_cleanup(call);
    prefaces_ = 0;
    has_begun_ = false;
    begun_with_.clear();
    begun_ = Begun::none;
    if (link_.transaction() != PQTRANS_IDLE) {
        link_.query("ROLLBACK");
        link_.sync();
    }
    queue_undo();
    link_.sync();
    is_resetting_ = true;
    is_untouched_ = true;
    link_.send_ahead();
}

// Prepared, it is done in half of the time (28 us instead of 60 us; a DO block takes 85 us).
void Connection::queue_undo() {
    const auto for_each = [&](auto visit) {
        for (const char* sql : kUndo) visit(sql);
        visit(kUnlock);
        if (needs_iso_dates_ && !is_one_shot_) visit(kIsoDates);
        // A session of a pooler goes back to its own encoding, and the pooler would take that for the client's wish.
        visit(is_one_shot_ ? "SET client_encoding = 'UTF8'" : kFindPrepared);
    };
    if (is_one_shot_) return for_each([&](const char* sql) { link_.query(sql); });
    if (undo_names_.empty()) {
        for_each([&](const char* sql) {
            undo_names_.push_back(new_name(sql, {}));
            link_.prepare(undo_names_.back(), sql, {});
        });
    }
    const Parameters none;
    for (const std::string& name : undo_names_) link_.execute(name, none, false);
}

// Gives what failed, or null.
Result Connection::read_undo() {
    Result failed;
    while (link_.is_in_exchange()) {
        Result result = link_.next();
        if (result == nullptr) continue;
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_FATAL_ERROR && failed == nullptr) {
            failed = std::move(result);
        } else if (status == PGRES_TUPLES_OK && std::string_view(PQfname(result.get(), 0)) == "kdeps_prepared") {
            for (int row = 0; row < PQntuples(result.get()); ++row) {
                const std::string_view name = value_of(result.get(), row, 0);
                names_.emplace(name);
                forgotten_.emplace_back(name);
            }
        }
    }
    link_.take_tags();
    return failed;
}

// What fails here has done nothing for the caller, who may take another connection.
void Connection::finish_reset(const Call& call) {
    if (!is_resetting_) return;
    is_resetting_ = false;
    try {
        link_.continue_with(call);
        Result failed = read_undo();
        const std::string_view state =
            failed == nullptr ? std::string_view() : error_field(failed.get(), PG_DIAG_SQLSTATE);
        if (state == "42P05" || state == "26000") {
            if (state == "42P05") {
                give_up_names();
            } else {
                note_missing_name();
            }
            queue_undo();
            link_.sync();
            failed = read_undo();
        }
        if (failed != nullptr) throw error_of(failed.get(), {.doing = "the session could not be reset"});
    } catch (Error& error) {
        link_.give_up_quietly();
        error.damage = KDEPS_DAMAGE_CONNECTION;
        if (call.state() != KDEPS_OK) throw;
        Error lost = lost_error(error.message, Loss::before_anything_was_sent);
        lost.detail = error.detail;
        throw lost;
    }
}

std::unique_ptr<Statement> Connection::prepare(Call& call, std::string_view sql) {
    return std::make_unique<Statement>(*this, call, sql);
}

void Connection::begin(Call& call, std::uint32_t isolation, bool is_read_only) {
    call.check();
    if (!is_idle()) {
        Error error(KDEPS_INVALID_STATE, "a transaction is open on this connection already");
        error.sqlstate = "25001";
        throw error;
    }
    pending_begin_ = "BEGIN";
    pending_begin_ += isolation_words(isolation);
    if (is_read_only) pending_begin_ += " READ ONLY";
    begun_ = Begun::open;
    is_read_only_ = is_read_only;
}

void Connection::commit(Call& call) {
    const Begun begun = std::exchange(begun_, Begun::none);
    if (!pending_begin_.empty()) {
        pending_begin_.clear();  // nothing ran in it
        return;
    }
    if (begun == Begun::ended) {
        Error error(KDEPS_INVALID_STATE,
                    "the commit failed: a statement has ended the transaction before, and what ran until then may be "
                    "committed");
        error.sqlstate = "25000";
        error.damage = KDEPS_DAMAGE_TRANSACTION;
        throw error;
    }
    open_exchange(call, Effect::commits);
    link_.query("COMMIT");
    link_.sync();
    read_preface();
    Result result = link_.next();
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail(std::move(result), "the commit failed");
    const bool is_rolled_back = std::string_view(PQcmdStatus(result.get())) == "ROLLBACK";
    link_.drain();
    link_.take_tags();
    if (is_rolled_back) {
        Error error(
            KDEPS_INVALID_STATE,
            "the commit failed: a statement of the transaction had failed before, so all of it was rolled back");
        error.sqlstate = "25P02";
        throw error;
    }
}

void Connection::rollback(Call& call) {
    begun_ = Begun::none;
    if (is_resetting_) return;
    if (!pending_begin_.empty()) {
        pending_begin_.clear();
        return;
    }
    if (link_.transaction() == PQTRANS_IDLE) return;
    link_.start_cleanup(call);
    prefaces_ = 0;
    has_begun_ = false;
    begun_with_.clear();
    run_alone("ROLLBACK", "the rollback failed");
    link_.take_tags();
}

void Connection::note_statement(std::string_view sql) {
    const Tags tags = link_.take_tags();
    is_untouched_ = false;
    if (tags.has_discarded) {
        names_.clear();
        forgotten_.clear();
        undo_names_.clear();
        ++generation_;
    }
    const PGTransactionStatusType transaction = link_.transaction();
    // Others cannot alter a table that a transaction has used, but it can itself.
    if (tags.has_defined && transaction != PQTRANS_IDLE) ++generation_;
    if (tags.has_set) is_read_only_ = false;
    if (begun_ != Begun::open) return;
    // ROLLBACK is also said of a savepoint; what chains says so.
    const auto chains = [&] {
        constexpr std::string_view kChain = "chain";
        return std::search(sql.begin(), sql.end(), kChain.begin(), kChain.end(),
                           [](char a, char b) { return (a | 0x20) == b; }) != sql.end();
    };
    if (tags.has_committed || transaction == PQTRANS_IDLE || (tags.has_rolled_back && chains())) begun_ = Begun::ended;
}

void Connection::run_alone(const char* sql, std::string_view doing) {
    link_.query(sql);
    link_.sync();
    read_preface();
    if (Result failed = link_.drain(); failed != nullptr) fail(std::move(failed), doing);
}

std::string Connection::new_name(const std::string& sql, const std::vector<Oid>& declared) {
    const std::string name = statement_name(sql, declared);
    // One that is to be deallocated is still there, and may be out of date.
    std::string out = name;
    for (int i = 2; names_.contains(out); ++i) out = name + "_" + std::to_string(i);
    names_.insert(out);
    return out;
}

void Connection::give_up_names() {
    if (is_one_shot_) return;
    is_one_shot_ = true;
    names_.clear();
    forgotten_.clear();
    forgetful_.add(address_);
    link_.warn(
        "a pooler between here and PostgreSQL does not keep prepared statements: each is prepared anew from now on; "
        "set max_prepared_statements in pgbouncer (1.21 or later), or statementCache: 0 for this connection");
}

void Connection::note_missing_name() {
    if (is_pooled_) return give_up_names();
    // Others may still be there, so no name is used again.
    undo_names_.clear();
    ++generation_;
}

void Connection::open_exchange(const Call& call, Effect effect) {
    if (is_resetting_) {
        call.check();
        finish_reset(call);
    }
    const bool was_idle = link_.transaction() == PQTRANS_IDLE;
    link_.start(call, effect);
    begun_with_.clear();
    prefaces_ = 0;
    if (was_idle && !forgotten_.empty()) {
        // Each followed by a sync of its own: a failure is its alone.
        for (const std::string& name : std::exchange(forgotten_, {})) {
            link_.query(("DEALLOCATE " + name).c_str());
            link_.sync();
            release_name(name);
            ++prefaces_;
        }
    }
    if (!pending_begin_.empty()) {
        link_.query(pending_begin_.c_str());
        begun_with_ = std::exchange(pending_begin_, {});
        has_begun_ = true;
    }
}

void Connection::read_preface() {
    while (prefaces_ > 0) {
        const Result result = link_.next();
        if (result != nullptr && PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC && --prefaces_ == 0)
            link_.forgive();
    }
    if (std::exchange(has_begun_, false)) {
        Result result = link_.next();
        if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
            fail(std::move(result), "the transaction could not be begun");
        link_.next();
    }
}

void Connection::fail(Result failed, std::string_view doing, std::string_view sql) {
    link_.drain();
    Error error = error_of(failed.get(), {doing, sql, link_.transaction(), link_.stopped()});
    if (link_.is_broken()) error.damage = KDEPS_DAMAGE_CONNECTION;
    // Nobody has asked for a transaction that only reads: the server is a standby now, and another may be the primary.
    if (error.sqlstate == "25006" && !is_read_only()) error.damage = KDEPS_DAMAGE_CONNECTION;
    throw error;
}

bool Connection::begin_again(const Call& call) {
    if (link_.transaction() == PQTRANS_IDLE) return true;
    if (begun_with_.empty()) return false;
    const std::string begin = begun_with_;
    open_exchange(call, Effect::none);
    run_alone("ROLLBACK", "the rollback failed");
    pending_begin_ = begin;
    return true;
}

Description Connection::describe(const Call& call, const std::string& name, const std::string& sql,
                                 const std::vector<Oid>& declared, Exchange exchange) {
    bool wants_iso_dates = false;
    while (true) {
        open_exchange(call, Effect::none);
        if (wants_iso_dates) link_.query(kIsoDatesHere);
        link_.prepare(name, sql, declared);
        if (exchange == Exchange::ends) {
            link_.sync();
        } else {
            link_.flush_request();
        }
        read_preface();
        if (wants_iso_dates) {
            Result result = link_.next();
            if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
                fail(std::move(result), "setting the date style failed");
            link_.next();
        }
        Description out = read_description(sql);
        std::vector<Oid> unknown;
        const auto meet = [&](Oid oid) {
            if (!types_.knows(oid)) unknown.push_back(oid);
        };
        for (const Oid oid : out.parameters) meet(oid);
        for (const Description::Column& column : out.columns) meet(column.type);
        const bool is_ready = unknown.empty() && (wants_iso_dates || !needs_iso_dates_ || !has_text_format(out));
        if (exchange == Exchange::stays_open && is_ready) {
            expect_not_stopped();
            return out;
        }
        link_.drain();
        look_up(call, std::move(unknown));
        if (exchange == Exchange::ends) return out;
        // Once more, now that it is known what the exchange must hold.
        wants_iso_dates = needs_iso_dates_ && has_text_format(out);
    }
}

Description Connection::read_description(const std::string& sql) {
    constexpr std::string_view kDoing = "the statement could not be prepared";
    Description out;
    Result result = link_.next();
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
        // Names are made of the text, so it is not this session that has given it twice.
        if (error_field(result.get(), PG_DIAG_SQLSTATE) == "42P05") {
            link_.drain();
            throw NamesAreNotKept();
        }
        fail(std::move(result), kDoing, sql);
    }
    link_.next();
    result = link_.next();
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail(std::move(result), kDoing, sql);
    for (int i = 0; i < PQnparams(result.get()); ++i) out.parameters.push_back(PQparamtype(result.get(), i));
    for (int i = 0; i < PQnfields(result.get()); ++i)
        out.columns.push_back({PQfname(result.get(), i), PQftype(result.get(), i)});
    link_.next();
    return out;
}

Description Connection::try_describe(const Call& call, const std::string& name, const std::string& sql,
                                     const std::vector<Oid>& declared) {
    if (is_idle()) return describe(call, name, sql, declared, Exchange::ends);
    open_exchange(call, Effect::none);
    run_alone("SAVEPOINT kdeps_attempt", "the statement could not be prepared");
    begun_with_.clear();
    try {
        Description out = describe(call, name, sql, declared, Exchange::ends);
        open_exchange(call, Effect::none);
        run_alone("RELEASE SAVEPOINT kdeps_attempt", "the statement could not be prepared");
        return out;
    } catch (...) {
        if (!link_.is_broken()) {
            open_exchange(call, Effect::none);
            link_.query("ROLLBACK TO SAVEPOINT kdeps_attempt");
            run_alone("RELEASE SAVEPOINT kdeps_attempt", "the statement could not be prepared");
            link_.take_tags();
        }
        throw;
    }
}

bool Connection::prepare_witness(const Call& call, const std::string& name, const std::string& witness,
                                 const std::string& sql, const std::vector<Oid>& declared,
                                 const std::vector<Oid>& types) {
    open_exchange(call, Effect::none);
    link_.prepare(name, witness, {});
    link_.prepare("", sql, declared);
    link_.sync();
    read_preface();
    read_description(witness);
    const Description out = read_description(sql);
    link_.drain();
    return out.parameters == types;
}

Surroundings Connection::surroundings(const Call& call, const std::string& sql) {
    if (const auto found = surroundings_.find(sql); found != surroundings_.end()) return found->second;
    Parameters parameters;
    parameters.add_text(sql);
    parameters.seal();
    open_exchange(call, Effect::none);
    link_.query(Surroundings::kQuery, &parameters);
    link_.sync();
    read_preface();
    const Result result = link_.next();
    Surroundings out;
    if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) {
        out = Surroundings::of(result.get());
        is_pooled_ = is_pooled_ || (out.process_id != 0 && out.process_id != PQbackendPID(link_.get()));
    }
    if (const Result failed = link_.drain(); failed != nullptr || PQresultStatus(result.get()) != PGRES_TUPLES_OK)
        link_.warn("the catalog could not be asked about the statement, so it counts as one that may write");
    if (surroundings_.size() >= kMostSurroundings) surroundings_.clear();
    if (is_one_shot_) surroundings_.emplace(sql, out);  // else the statement keeps it
    return out;
}

bool Connection::has_text_format(const Description& description) const {
    return std::any_of(description.columns.begin(), description.columns.end(),
                       [this](const Description::Column& column) { return !types_.has_binary(column.type); });
}

// A request to stop that comes between two commands stops neither.
void Connection::expect_not_stopped() {
    const kdeps_status why = link_.stopped();
    if (why == KDEPS_OK) return;
    if (Result failed = link_.drain(); failed != nullptr) fail(std::move(failed), "the statement failed");
    Error error(why, why == KDEPS_TIMEOUT ? "the statement was stopped at its time limit"
                                          : "the statement was stopped because the run was cancelled");
    error.sqlstate = "57014";
    throw error;
}

void Connection::look_up(const Call& call, std::vector<Oid> oids) {
    // A domain leads to its base type and an array to its element, which may be new as well.
    std::vector<std::pair<Oid, Oid>> domains;
    while (!oids.empty()) {
        std::string list = "{";
        for (const Oid oid : oids) {
            list += (list.size() > 1 ? "," : "") + std::to_string(oid);
            types_.add(oid, {Kind::other, 0, "a type of the database"});
        }
        oids.clear();
        Parameters parameters;
        parameters.add_text(list + "}");
        parameters.seal();
        open_exchange(call, Effect::none);
        link_.query(Types::kLookUp, &parameters);
        link_.sync();
        read_preface();
        Result result = link_.next();
        if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
            fail(std::move(result), "the types of the statement could not be looked up");
        for (int row = 0; row < PQntuples(result.get()); ++row) {
            const Oid oid = parse_oid(value_of(result.get(), row, 0));
            const std::string_view type_type = value_of(result.get(), row, 1);
            const Oid base = parse_oid(value_of(result.get(), row, 2));
            const Oid element = parse_oid(value_of(result.get(), row, 3));
            Type type{Kind::other, 0, std::string(value_of(result.get(), row, 4))};
            if (type_type == "e") {
                type.kind = Kind::text;
            } else if (type_type == "d") {
                domains.emplace_back(oid, base);
                if (!types_.knows(base)) oids.push_back(base);
            } else if (element != 0) {
                type.kind = Kind::array;
                type.element = element;
                if (!types_.knows(element)) oids.push_back(element);
            }
            types_.add(oid, std::move(type));
        }
        link_.drain();
    }
    // A domain is as its base, which was found after it.
    for (auto domain = domains.rbegin(); domain != domains.rend(); ++domain) {
        const Type& base = types_.of(domain->second);
        types_.add(domain->first, {base.kind, base.element, types_.of(domain->first).name});
    }
}

}  // namespace kdeps::postgres
