// SPDX-License-Identifier: Apache-2.0
#include "postgres_connection.hpp"

#include <algorithm>
#include <charconv>

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

Oid parse_oid(std::string_view text) {
    Oid oid = 0;
    std::from_chars(text.data(), text.data() + text.size(), oid);
    return oid;
}

}  // namespace

Connection::Connection(const Call& call, const Options& options)
    : link_(call, options.parameters, options.connect_timeout), is_one_shot_(options.is_one_shot) {
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
}

void Connection::ping(Call& call) {
    link_.start(call, Effect::none);
    link_.sync();
    link_.drain();
}

void Connection::reset(Call& call) {
    pending_begin_.clear();
    link_.start_cleanup(call);
    has_preface_ = has_begun_ = false;
    begun_with_.clear();
    if (link_.transaction() != PQTRANS_IDLE) link_.query("ROLLBACK");
    link_.sync();
    // All that DISCARD ALL does, but for the prepared statements.
    for (const char* sql : {"CLOSE ALL", "UNLISTEN *", "SELECT pg_catalog.pg_advisory_unlock_all()",
                            "RESET SESSION AUTHORIZATION", "RESET ALL"}) {
        link_.query(sql);
    }
    // A session of a pooler goes back to its own encoding, and the pooler would take that for the client's wish.
    if (is_one_shot_) link_.query("SET client_encoding = 'UTF8'");
    if (needs_iso_dates_ && !is_one_shot_) link_.query(kIsoDates);
    link_.sync();
    if (Result failed = link_.drain(); failed != nullptr) fail(std::move(failed), "resetting the connection failed");
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
}

void Connection::commit(Call& call) {
    if (!pending_begin_.empty()) {
        pending_begin_.clear();  // nothing ran in it
        return;
    }
    open_exchange(call, Effect::commits);
    link_.query("COMMIT");
    link_.sync();
    read_preface();
    Result result = link_.next();
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail(std::move(result), "the commit failed");
    const bool is_rolled_back = std::string_view(PQcmdStatus(result.get())) == "ROLLBACK";
    link_.drain();
    if (is_rolled_back) {
        Error error(
            KDEPS_INVALID_STATE,
            "the commit failed: a statement of the transaction had failed before, so all of it was rolled back");
        error.sqlstate = "25P02";
        throw error;
    }
}

void Connection::rollback(Call& call) {
    if (!pending_begin_.empty()) {
        pending_begin_.clear();
        return;
    }
    if (link_.transaction() == PQTRANS_IDLE) return;
    link_.start_cleanup(call);
    has_preface_ = has_begun_ = false;
    begun_with_.clear();
    run_alone("ROLLBACK", "the rollback failed");
}

void Connection::run_alone(const char* sql, std::string_view doing) {
    link_.query(sql);
    link_.sync();
    read_preface();
    if (Result failed = link_.drain(); failed != nullptr) fail(std::move(failed), doing);
}

std::string Connection::new_name() { return is_one_shot_ ? "" : "kdeps_" + std::to_string(++names_); }

void Connection::open_exchange(const Call& call, Effect effect) {
    const bool was_idle = link_.transaction() == PQTRANS_IDLE;
    link_.start(call, effect);
    begun_with_.clear();
    has_preface_ = was_idle && !forgotten_.empty();
    if (has_preface_) {
        // Followed by a sync of their own: a failure is theirs alone.
        for (const std::string& name : std::exchange(forgotten_, {})) {
            link_.query(("DEALLOCATE " + name).c_str());
        }
        link_.sync();
    }
    if (!pending_begin_.empty()) {
        link_.query(pending_begin_.c_str());
        begun_with_ = std::exchange(pending_begin_, {});
        has_begun_ = true;
    }
}

void Connection::read_preface() {
    while (has_preface_) {
        const Result result = link_.next();
        has_preface_ = result == nullptr || PQresultStatus(result.get()) != PGRES_PIPELINE_SYNC;
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

Description Connection::describe(const Call& call, const std::string& name, const std::string& sql, Exchange exchange) {
    bool wants_iso_dates = false;
    while (true) {
        open_exchange(call, Effect::none);
        if (wants_iso_dates) link_.query(kIsoDatesHere);
        link_.prepare(name, sql);
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
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail(std::move(result), kDoing, sql);
    link_.next();
    result = link_.next();
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail(std::move(result), kDoing, sql);
    for (int i = 0; i < PQnparams(result.get()); ++i) out.parameters.push_back(PQparamtype(result.get(), i));
    for (int i = 0; i < PQnfields(result.get()); ++i)
        out.columns.push_back({PQfname(result.get(), i), PQftype(result.get(), i)});
    link_.next();
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
