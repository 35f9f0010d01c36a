// SPDX-License-Identifier: Apache-2.0
#include "postgres_statement.hpp"

#include <algorithm>
#include <array>

namespace kdeps::postgres {

bool is_stale_plan(const PGresult* failed) {
    const std::string_view state = error_field(failed, PG_DIAG_SQLSTATE);
    // 0A000 has many causes; this one is told by where it was raised, in every language.
    return state == "26000" ||
           (state == "0A000" && error_field(failed, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery");
}

bool Statement::is_out_of_date(const PGresult* failed) const {
    if (form_ == &unnamed_) return false;
    if (is_stale_plan(failed)) return true;
    // It was prepared well, and does not fit the tables any more with the types that its parameters had: it was
    // analysed again.  What a function or a procedure raises has a context.
    return (form_->has_run || !form_->description.parameters.empty()) &&
           error_field(failed, PG_DIAG_SQLSTATE).starts_with("42") &&
           !error_field(failed, PG_DIAG_STATEMENT_POSITION).empty() && error_field(failed, PG_DIAG_CONTEXT).empty() &&
           error_field(failed, PG_DIAG_INTERNAL_QUERY).empty();
}

void expect_count(std::size_t wanted, std::size_t given) {
    if (wanted == given) return;
    Error error(KDEPS_INVALID_ARGUMENT, "the statement has " + std::to_string(wanted) +
                                            " parameters, but the number of values given is " + std::to_string(given));
    error.sqlstate = "08P01";
    throw error;
}

Statement::Statement(Connection& connection, const Call& call, std::string_view sql)
    : connection_(connection), sql_(sql), generation_(connection.generation()) {
    if (sql.find('\0') != std::string_view::npos) {
        throw Error(KDEPS_INVALID_ARGUMENT, "the statement's text holds a zero byte");
    }
    // In a transaction the question would be its first query, and SET TRANSACTION wants to be that.
    if (connection_.is_idle()) ask_surroundings(call);
    Form& form = forms_.emplace_back();
    if (!connection_.is_one_shot()) {
        prepare(call, form);
        // Types that only the values tell may be what is missing.
        if (form.fault && sql_.find('$') == std::string::npos) throw Error(*form.fault);
    }
    copy_ = CopyTarget::of(sql);
}

Statement::~Statement() { drop_forms(); }

void Statement::ask_surroundings(const Call& call) {
    if (!surroundings_) surroundings_ = connection_.surroundings(call, sql_);
}

std::uint32_t Statement::effects() const noexcept {
    if (connection_.is_read_only()) return KDEPS_EFFECTS_READS;
    return !surroundings_ || surroundings_->may_write ? KDEPS_EFFECTS_WRITES : KDEPS_EFFECTS_UNKNOWN;
}

void Statement::drop_forms() {
    for (Form& form : forms_) connection_.forget(std::move(form.name));
    connection_.forget(std::move(witness_));
    witness_.clear();
    forms_.clear();
    form_ = nullptr;
    guard_ = Guard::not_asked;
    is_stale_ = false;
    generation_ = connection_.generation();
}

// A fault that another type of a parameter may mend is kept: the form is then of no use by itself.
void Statement::prepare(const Call& call, Form& form, Exchange exchange) {
    const auto mends = [](const Error& error) {
        // undetermined and ambiguous parameters, functions and operators that no type or several fit, types that do not
        // match
        constexpr std::array<std::string_view, 6> kStates{"42P18", "42P08", "42725", "42883", "42804", "42846"};
        return std::find(kStates.begin(), kStates.end(), error.sqlstate) != kStates.end();
    };
    form.fault.reset();
    try {
        if (exchange == Exchange::stays_open || connection_.is_one_shot()) {
            form.description = connection_.describe(call, "", sql_, form.declared, exchange);
        } else {
            form.name = connection_.new_name(sql_, form.declared);
            const bool may_fail = !form.declared.empty() || sql_.find('$') != std::string::npos;
            form.description = may_fail && !connection_.is_idle()
                                   ? connection_.try_describe(call, form.name, sql_, form.declared)
                                   : connection_.describe(call, form.name, sql_, form.declared, exchange);
        }
        form.reader.emplace(form.description.columns, connection_.types());
    } catch (const NamesAreNotKept&) {
        form.name.clear();
        note_lost_names(call);
    } catch (const Error& error) {
        connection_.release_name(form.name);
        form.name.clear();
        if (form.declared.empty() ? !mends(error) : error.damage == KDEPS_DAMAGE_CONNECTION) throw;
        if (connection_.is_failed() && !connection_.begin_again(call)) throw;
        form.fault = error;
    }
}

// Nothing has run, but a transaction may have failed by it.
void Statement::note_lost_names(const Call& call) {
    connection_.give_up_names();
    if (!connection_.is_failed() || connection_.begin_again(call)) return;
    Error error(KDEPS_CONFLICT, "the statement must be prepared again, which a failed transaction does not allow");
    error.sqlstate = "42P05";
    error.retry = KDEPS_RETRY_SAME;
    error.damage = KDEPS_DAMAGE_TRANSACTION;
    throw error;
}

void Statement::prepare_anew(const Call& call) {
    drop_forms();
    surroundings_.reset();
    if (connection_.is_idle()) ask_surroundings(call);
    Form& form = forms_.emplace_back();
    is_stale_ = true;  // until it is done
    if (!connection_.is_one_shot()) prepare(call, form);
    is_stale_ = false;
}

void Statement::describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns) {
    call.check();
    Form& form = forms_.front();
    if (connection_.is_one_shot()) prepare(call, form);
    if (form.fault) throw Error(*form.fault);
    if (parameters != nullptr) {
        std::vector<columns::Column> types;
        for (std::size_t i = 0; i < form.description.parameters.size(); ++i) {
            types.push_back(
                {"$" + std::to_string(i + 1), column_of(connection_.types().of(form.description.parameters[i]).kind)});
        }
        columns::Layout(std::move(types)).schema(parameters);
    }
    if (columns != nullptr) {
        form.reader->layout().schema(columns);
    }
}

void Statement::bind(const Form& form, std::span<const kdeps_cell> parameters) {
    const std::vector<Oid>& types = form.description.parameters;
    expect_count(types.size(), parameters.size());
    parameters_.clear();
    for (std::size_t at = 0; at < parameters.size(); ++at) {
        parameters_.add(parameters[at], connection_.types().of(types[at]), connection_.types());
    }
    parameters_.seal();
}

bool Statement::set_guard(const Call& call, const Form& form) {
    if (guard_ != Guard::not_asked || is_always_unnamed_) return true;
    ask_surroundings(call);
    if (!surroundings_->has_tables) {
        guard_ = Guard::not_needed;
    } else if (surroundings_->witness.empty()) {
        guard_ = Guard::parse_each_time;
    } else {
        witness_ = connection_.new_name(surroundings_->witness, {});
        bool is_current = false;
        try {
            is_current = connection_.prepare_witness(call, witness_, surroundings_->witness, sql_, form.declared,
                                                     form.description.parameters);
        } catch (const NamesAreNotKept&) {
            witness_.clear();
            note_lost_names(call);
            return false;
        }
        guard_ = Guard::witness;
        if (!is_current) {
            is_always_unnamed_ = connection_.is_pooled();
            prepare_anew(call);
            return false;
        }
    }
    return true;
}

void Statement::open_exchange(const Call& call, Form& form, bool is_guarded) {
    is_guard_sent_ = false;
    if (connection_.is_one_shot() || is_always_unnamed_ || (is_guarded && guard_ == Guard::parse_each_time)) {
        unnamed_.declared = form.declared;
        prepare(call, unnamed_, Exchange::stays_open);
        if (unnamed_.fault) throw Error(*unnamed_.fault);
        form_ = &unnamed_;
        return;
    }
    form_ = &form;
    connection_.open_exchange(call, Effect::none);
    if (is_guarded && guard_ == Guard::witness) {
        // In the same transaction as the statement, and before it: the tables are locked from here on.
        Parameters none;
        connection_.link().execute(witness_, none, false);
        is_guard_sent_ = true;
    }
}

// Without a transaction the statement is one, and what it does is committed with it.
Effect Statement::effect_alone(const Call& call) {
    if (!connection_.is_idle()) return Effect::none;
    ask_surroundings(call);
    return surroundings_->may_commit_within ? Effect::changes_in_parts : Effect::changes;
}

void Statement::open_one_shot(const Call& call, std::span<const kdeps_cell> parameters) {
    Form& plain = forms_.front();
    plain.fault.reset();
    unnamed_.declared.clear();
    prepare(call, unnamed_, Exchange::stays_open);
    form_ = &unnamed_;
    if (unnamed_.fault) {
        plain.fault = unnamed_.fault;
        open_exchange(call, form_of_undetermined(call, parameters), false);
        return;
    }
    std::vector<Oid> declared = declared_for(unnamed_.description.parameters, parameters);
    if (declared.empty()) return;
    connection_.link().drain();
    plain.description = unnamed_.description;
    Form& form = declared_form(call, std::move(declared));
    open_exchange(call, form.fault ? plain : form, false);
}

void Statement::send_now(const Call& call, std::span<const kdeps_cell> parameters) {
    Link& link = connection_.link();
    const auto bind_in_exchange = [&] {
        try {
            bind(*form_, parameters);
        } catch (...) {
            link.drain();
            throw;
        }
    };
    bool is_renewed = false;
    while (true) {
        if (connection_.is_one_shot()) {
            const Effect effect = effect_alone(call);
            open_one_shot(call, parameters);
            bind_in_exchange();
            link.expect_effect(effect);
            break;
        }
        if (is_stale_ || generation_ != connection_.generation()) prepare_anew(call);
        Form& form = form_for(call, parameters);
        if (connection_.is_one_shot()) continue;
        try {
            bind(form, parameters);  // before anything is sent
        } catch (const Error&) {
            // The column may be of another type meanwhile.
            const std::vector<Oid> types = form.description.parameters;
            if (std::exchange(is_renewed, true) || types.size() != parameters.size() || !form.has_run) throw;
            is_stale_ = true;
            continue;
        }
        const bool is_guarded = parameters_.needs_guard();
        if (is_guarded && !set_guard(call, form)) continue;
        const Effect effect = effect_alone(call);
        open_exchange(call, form, is_guarded);
        if (form_ == &unnamed_) bind_in_exchange();
        link.expect_effect(effect);
        break;
    }
    link.execute(form_->name, parameters_, form_->reader->is_binary());
    link.sync();
    connection_.note_touched();
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
        if (i + 1 < kMostRuns) continue;
        if (out_of_date_ && out_of_date_->sqlstate.starts_with("42")) throw Error(*out_of_date_);
        Error error(KDEPS_CONFLICT, "the statement failed: the tables that it uses are altered all the time");
        error.sqlstate = "0A000";
        error.retry = KDEPS_RETRY_SAME;
        throw error;
    }
}

std::optional<Outcome> Statement::run(const Call& call, ArrowArrayStream* rows) {
    Link& link = connection_.link();
    connection_.read_preface();
    if (std::exchange(is_guard_sent_, false)) {
        Result result = link.next();
        if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
            end_failed(call, std::move(result));
            return std::nullopt;
        }
        link.next();  // the null that ends the command
    }
    if (!form_->description.columns.empty()) {
        auto source = std::make_unique<RowStream>(
            connection_, call, *form_->reader,
            effects() == KDEPS_EFFECTS_READS ? RowStream::EarlyEnd::cancel : RowStream::EarlyEnd::read_on);
        if (Result failed = source->begin(); failed != nullptr) {
            end_failed(call, std::move(failed));
            return std::nullopt;
        }
        form_->has_run = true;
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
    Result failed = link.drain();
    connection_.note_statement(sql_);
    if (failed != nullptr) connection_.fail(std::move(failed), "the statement failed", sql_);
    form_->has_run = true;
    return outcome;
}

void Statement::end_failed(const Call& call, Result failed) {
    if (is_out_of_date(failed.get())) {
        is_stale_ = true;
        is_always_unnamed_ = connection_.is_pooled();
        connection_.link().drain();
        // This session would know it.
        if (error_field(failed.get(), PG_DIAG_SQLSTATE) == "26000" && generation_ == connection_.generation())
            connection_.note_missing_name();
        out_of_date_ = error_of(failed.get(), {.doing = "the statement failed", .sql = sql_});
        if (connection_.begin_again(call)) return;
        const std::string_view state = error_field(failed.get(), PG_DIAG_SQLSTATE);
        if (state.starts_with("42")) connection_.fail(std::move(failed), "the statement failed", sql_);
        Error error = error_of(
            failed.get(), {.doing = "the statement must be prepared again, which a failed transaction does not allow",
                           .transaction = connection_.link().transaction()});
        error.status = KDEPS_CONFLICT;
        error.retry = KDEPS_RETRY_SAME;
        throw error;
    }
    connection_.link().drain();
    connection_.note_statement(sql_);
    connection_.fail(std::move(failed), "the statement failed", sql_);
}

}  // namespace kdeps::postgres
