// SPDX-License-Identifier: Apache-2.0
// `kdeps validate --live`: every statement is prepared by its database and described, and not run.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "lease.hpp"
#include "step.hpp"
#include "tokenizer.hpp"

namespace kdeps::sql {

namespace {

using columns::Type;

std::string type_name(const ArrowSchema& schema) {
    static constexpr std::pair<Type, const char*> kNames[] = {{Type::null, "any"},
                                                              {Type::boolean, "boolean"},
                                                              {Type::int8, "int8"},
                                                              {Type::int16, "int16"},
                                                              {Type::int32, "int32"},
                                                              {Type::int64, "int64"},
                                                              {Type::uint8, "uint8"},
                                                              {Type::uint16, "uint16"},
                                                              {Type::uint32, "uint32"},
                                                              {Type::uint64, "uint64"},
                                                              {Type::float32, "float32"},
                                                              {Type::float64, "float64"},
                                                              {Type::text, "text"},
                                                              {Type::large_text, "text"},
                                                              {Type::bytes, "bytes"},
                                                              {Type::large_bytes, "bytes"},
                                                              {Type::date, "date"},
                                                              {Type::time, "time"},
                                                              {Type::timestamp, "timestamp"},
                                                              {Type::timestamp_utc, "timestamp with time zone"},
                                                              {Type::decimal, "decimal"},
                                                              {Type::json, "json"},
                                                              {Type::variant, "any"}};
    const Type type = columns::type_of(schema);
    const auto* found =
        std::find_if(std::begin(kNames), std::end(kNames), [&](const auto& one) { return one.first == type; });
    return found == std::end(kNames) ? schema.format : found->second;
}

Value described(const Call& call, const columns::Schema& schema) {
    const Value list = call.list();
    for (std::int64_t i = 0; i < schema->n_children; ++i) {
        const ArrowSchema& child = *schema->children[i];
        const Value one = call.map();
        call.put(one, "name", call.string(child.name == nullptr ? "" : child.name));
        call.put(one, "type", call.string(type_name(child)));
        call.push(list, one);
    }
    return list;
}

// What a message quotes, without what qualifies it: "Unknown column 'u.nam' in 'field list'" gives nam and field list.
std::vector<std::string> names_in(std::string_view message) {
    std::vector<std::string> out;
    const auto add = [&](std::string_view name) { out.emplace_back(name.substr(name.rfind('.') + 1)); };
    for (const char quote : {'\'', '"', '`'}) {
        for (std::size_t at = message.find(quote); at != std::string_view::npos;) {
            const std::size_t end = message.find(quote, at + 1);
            if (end == std::string_view::npos) break;
            add(message.substr(at + 1, end - at - 1));
            at = message.find(quote, end + 1);
        }
    }
    // SQLite quotes nothing: "no such table: users".
    if (const std::size_t at = message.find("no such "); at != std::string_view::npos) {
        const std::size_t colon = message.find(": ", at);
        if (colon != std::string_view::npos) {
            const std::string_view rest = message.substr(colon + 2);
            add(rest.substr(0, rest.find_first_of(" ;,")));
        }
    }
    std::erase(out, "");
    return out;
}

bool is_same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Where a name that the database complains of stands, if it gave no place.
std::optional<std::size_t> place_of(const std::vector<std::string>& names, std::string_view sql,
                                    const kdeps_driver& driver) {
    for (const std::string& name : names) {
        for (const Token& token : tokenize(sql, driver.lexis, {})) {
            std::string_view text = sql.substr(token.begin, token.end - token.begin);
            if (token.kind == TokenKind::name && text.size() > 2) text = text.substr(1, text.size() - 2);
            if ((token.kind == TokenKind::word || token.kind == TokenKind::name) && is_same(text, name))
                return token.begin;
        }
    }
    return std::nullopt;
}

bool is_missing(const Error& error) {
    return error.sqlstate == "42P01" || error.sqlstate == "42703" || error.sqlstate == "42S02" ||
           error.sqlstate == "42S22" || error.sqlstate == "42883" || error.sqlstate == "42704";
}

// Why a literal of params cannot be a value of the parameter's type; empty if it can, or if nobody knows.
std::string mismatch(const Config& literal, const ArrowSchema& parameter) {
    const Type type = columns::type_of(parameter);
    const bool is_integer = type >= Type::int8 && type <= Type::uint64;
    const bool is_number = is_integer || type == Type::float32 || type == Type::float64 || type == Type::decimal;
    const kdeps_cell cell = literal.cell();
    const auto wrong = [&](const char* what) { return std::string(what) + " is no " + type_name(parameter); };
    if (cell.kind == KDEPS_BOOL && is_number) return wrong("a boolean");
    if (cell.kind == KDEPS_DOUBLE && is_integer && cell.as.d != std::trunc(cell.as.d)) return wrong("a fraction");
    if (cell.kind == KDEPS_STRING && is_number) {
        std::string_view text = literal.string();
        const std::size_t begin = std::min(text.find_first_not_of(" \t\n"), text.size());
        text = text.substr(begin, text.find_last_not_of(" \t\n") + 1 - begin);
        if (text.starts_with('+')) text.remove_prefix(1);
        double number = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (failed == std::errc::invalid_argument || end != text.data() + text.size()) return wrong("this text");
        if (is_integer && text.find_first_of(".eE") != std::string_view::npos) return wrong("this text");
    }
    return "";
}

void check_literals(const Call& call, const Query& query, const StatementText& text,
                    const columns::Schema& parameters) {
    const Config& params = query.params();
    if (query.is_batch() || params.get() == nullptr || params.is_evaluated()) return;
    for (std::size_t i = 0; i < text.parameters.size(); ++i) {
        const Parameter& parameter = text.parameters[i];
        const bool is_named = parameter.source == Parameter::Source::name;
        if (!is_named && parameter.source != Parameter::Source::position) continue;
        const Config value = is_named ? params[parameter.name] : params.at(parameter.position);
        if (value.get() == nullptr || value.is_evaluated()) continue;
        const std::string why = mismatch(value, *parameters->children[i]);
        if (!why.empty())
            call.report(KDEPS_FAULT_ERROR, value, "parameter " + std::to_string(i + 1) + " of the query: " + why);
    }
}

}  // namespace

std::shared_ptr<Pool> Step::live_pool(const Call& call) const {
    if (named_ != nullptr) return named_->pool;
    return url_.is_string() ? connections_.for_url(call, url_.string(), url_pool_) : nullptr;
}

Value Step::check_live(const Call& call) {
    const Value list = call.list();
    const Config name = config_["connectionName"];
    const Config at = name.get() != nullptr && !name.is_null() ? name : config_["connection"];
    std::shared_ptr<Pool> pool;
    const auto look = [&](const Query& query, const std::string& note, Lease* lease) {
        const Value one = lease == nullptr ? call.map() : check_live(call, *lease, query);
        call.put(one, "location", call.string(query.source().location()));
        call.put(one, "name", call.string(query.name()));
        call.put(one, "on", call.string(pool == nullptr ? "" : pool->database().name));
        if (!note.empty()) call.put(one, "note", call.string(note));
        call.push(list, one);
    };
    std::size_t done = 0;
    std::string note = "its connection is known only when it runs";
    try {
        pool = live_pool(call);
        if (pool != nullptr && connections_.is_unreachable(pool.get())) {
            note = "its database does not answer";
        } else if (pool != nullptr) {
            Activity activity;
            Lease lease(call, pool, pool->options().connection_timeout, activity);
            if (named_ != nullptr && named_->options.is_read_only_on_get) {
                try {
                    lease.begin({.is_read_only = true});
                    lease.roll_back();
                } catch (const Error& error) {
                    call.report(KDEPS_FAULT_ERROR, at, "readOnlyOnGet: " + error.message);
                }
            }
            for (; done < queries_.size(); ++done) look(*queries_[done], "", &lease);
        }
    } catch (const Error& error) {
        connections_.note_unreachable(pool.get());
        note = "its database does not answer";
        call.report(KDEPS_FAULT_ERROR, at, error.message + "; statements on it were not checked");
    }
    for (; done < queries_.size(); ++done) look(*queries_[done], note, nullptr);
    return list;
}

Value Step::check_live(const Call& call, Lease& lease, const Query& query) const {
    const Value out = call.map();
    const auto skip = [&](const char* why) {
        call.put(out, "note", call.string(why));
        return out;
    };
    const StatementText* text_there = nullptr;
    try {
        text_there = &query.text_for(lease.driver(), lease.lexis());
    } catch (const Error& error) {
        call.report(KDEPS_FAULT_ERROR, query.source(), error.message);
        return skip("it has faults");
    }
    const StatementText& text = *text_there;
    if (text.has_identifiers()) return skip("a name in it is known only when it runs");
    const std::string& sql = text.pieces[0].sql;
    try {
        kdeps_statement* statement = lease.prepare(sql);
        ArrowSchema raw_parameters{};
        ArrowSchema raw_columns{};
        const kdeps_status status = lease.driver().describe(statement, call.get(), &raw_parameters, &raw_columns);
        if (status == KDEPS_UNSUPPORTED) return skip("its database tells nothing of it before it runs");
        lease.expect(status);
        const columns::Schema parameters(&raw_parameters);
        const columns::Schema columns(&raw_columns);
        call.put(out, "parameters", described(call, parameters));
        call.put(out, "columns", described(call, columns));
        const auto count = static_cast<std::size_t>(parameters->n_children);
        if (count == text.parameters.size()) {
            check_literals(call, query, text, parameters);
        } else {
            call.report(KDEPS_FAULT_ERROR, query.source(),
                        "the query has " + std::to_string(text.parameters.size()) +
                            " placeholders, but the database counts " + std::to_string(count));
        }
    } catch (const Error& error) {
        if (error.damage == KDEPS_DAMAGE_CONNECTION) throw;
        const std::vector<std::string> names = names_in(error.message);
        const auto place =
            error.sql_offset >= 0 ? static_cast<std::size_t>(error.sql_offset) : place_of(names, sql, lease.driver());
        std::string message = error.message;
        if (!error.sqlstate.empty()) message += " (SQLSTATE " + error.sqlstate + ")";
        const bool is_made_later = is_missing(error) && std::any_of(names.begin(), names.end(), [&](const auto& name) {
                                       return connections_.is_created(name);
                                   });
        if (is_made_later) message += "; a statement of the workflow creates it";
        call.report(is_made_later ? KDEPS_FAULT_NOTE : KDEPS_FAULT_ERROR, query.source(), message,
                    place ? text.source_of(*place) : 0);
        return skip(is_made_later ? "it needs what another statement creates" : "its database refuses it");
    }
    return out;
}

}  // namespace kdeps::sql
