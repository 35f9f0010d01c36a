// SPDX-License-Identifier: Apache-2.0
#include "query.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <kdeps/cpp/stream.hpp>

#include "json_text.hpp"
#include "write_cell.hpp"

namespace kdeps::sql {

namespace {

constexpr std::size_t kLargestText = std::size_t{1} << 30;

std::string counted(std::size_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// Text and numbers that are integers become such: "10", 10.0.
void make_integer(kdeps_cell& cell) {
    constexpr double kMost = 9'007'199'254'740'992.0;  // 2^53: all integers up to it are exact
    if (cell.kind == KDEPS_DOUBLE && cell.as.d >= -kMost && cell.as.d <= kMost && std::trunc(cell.as.d) == cell.as.d) {
        cell = {KDEPS_INT, 0, {.i = static_cast<std::int64_t>(cell.as.d)}};
        return;
    }
    if (cell.kind != KDEPS_STRING && cell.kind != KDEPS_DECIMAL) return;
    std::string_view text = to_view(cell.as.s);
    if (const std::size_t point = text.find('.'); cell.kind == KDEPS_DECIMAL && point != std::string_view::npos &&
                                                  text.find_first_not_of('0', point + 1) == std::string_view::npos)
        text = text.substr(0, point);
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc() && end == text.data() + text.size()) cell = {KDEPS_INT, 0, {.i = number}};
}

}  // namespace

void Bound::add(kdeps_cell cell, bool wants_integer) {
    if (wants_integer) make_integer(cell);
    cells.push_back(cell);
}

void Bound::add(const Call& call, const Value& value, bool wants_integer) {
    // One question for most: a container has no cell.
    if (const kdeps_cell cell = value.cell(); cell.kind != KDEPS_NULL) {
        add(cell, wants_integer);
        return;
    }
    switch (value.kind()) {
        case KDEPS_LIST:
            if (takes_lists) {
                if (const auto list = list_of_cells(value)) {
                    cells.push_back(*list);
                    break;
                }
            }
            [[fallthrough]];
        case KDEPS_MAP:
        case KDEPS_TABLE:
            append_json(call, value, texts.emplace_back());
            add({KDEPS_STRING, 0, {.s = to_str(texts.back())}}, false);
            break;
        default: add(value.cell(), wants_integer); break;
    }
}

// Nothing for one with a map in it, which is JSON.
std::optional<kdeps_cell> Bound::list_of_cells(const Value& list) {
    std::vector<kdeps_cell> out;
    out.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
        const Value value = list.at(i);
        if (value.is_map() || value.is_table()) return std::nullopt;
        const auto cell = value.is_list() ? list_of_cells(value) : std::optional(value.cell());
        if (!cell) return std::nullopt;
        out.push_back(*cell);
    }
    const std::vector<kdeps_cell>& kept = elements.emplace_back(std::move(out));
    kdeps_cell cell{KDEPS_LIST, 0, {}};
    cell.as.s = {reinterpret_cast<const char*>(kept.data()), kept.size()};
    return cell;
}

Query::Query(const Call& call, const Config& owner, const kdeps_driver* driver)
    : query_(owner["query"]),
      params_(owner["params"]),
      batch_(owner["paramsBatch"]),
      name_(owner["name"].string()),
      driver_(driver) {
    if (batch_.is_null()) batch_ = {};
    if (params_.is_null()) params_ = {};
    if (query_.get() == nullptr || query_.source().find_first_not_of(" \t\r\n;") == std::string_view::npos) {
        call.report(KDEPS_FAULT_ERROR, query_.get() == nullptr ? owner : query_,
                    "query is required. Example: SELECT * FROM users WHERE id = $1");
        return;
    }
    has_named_ = params_.is_map() || (batch_.is_list() && batch_.size() > 0 && batch_.at(0).is_map());
    for (std::size_t i = 0; i < query_.part_count(); ++i) {
        const Part part = query_.part(i);
        if (part.expression.get() == nullptr) continue;
        const std::size_t end = i + 1 < query_.part_count() ? query_.part(i + 1).offset : query_.source().size();
        holes_.push_back({part.offset, end, part.expression.called() == "identifier"});
        hole_values_.push_back(part.expression);
    }
    if (driver_ != nullptr) {
        text_ = read(*driver_, driver_->lexis);
        report(call);
    }
}

StatementText Query::read(const kdeps_driver& driver, std::uint32_t lexis) const {
    return read_statement(query_.source(), holes_, driver, lexis, has_named_);
}

// With sql_mode ANSI_QUOTES or NO_BACKSLASH_ESCAPES, which the session tells when it is there.
bool Query::is_right_elsewhere() const {
    if (!text_->dialect.is_mysql()) return false;
    for (const std::uint32_t without : {KDEPS_LEXIS_BACKSLASH, KDEPS_LEXIS_DOUBLE_QUOTE_TEXT,
                                        KDEPS_LEXIS_BACKSLASH | KDEPS_LEXIS_DOUBLE_QUOTE_TEXT}) {
        if (read(*driver_, driver_->lexis & ~without).faults.empty()) return true;
    }
    return false;
}

void Query::report(const Call& call) const {
    const bool is_certain = text_->faults.empty() || !is_right_elsewhere();
    for (const TextFault& fault : text_->faults) {
        call.report(is_certain ? KDEPS_FAULT_ERROR : KDEPS_FAULT_WARNING, query_,
                    fault.message + (is_certain ? "" : ", unless its session has another sql_mode"), fault.offset);
    }
    for (const TextFault& warning : text_->warnings)
        call.report(KDEPS_FAULT_WARNING, query_, warning.message, warning.offset);
    if (text_->faults.empty()) check_params(call, *text_);
}

// A placeholder in quotes is text, which is what most often is missed.
std::string Query::quoted_hint(const StatementText& text, std::string_view name) const {
    for (const std::string& found : text.quoted) {
        const bool is_it = name.empty() ? found[0] == '?' || (found[0] == '$' && found[1] >= '0' && found[1] <= '9')
                                        : (found[0] == ':' || found[0] == '@') && found.substr(1) == name;
        if (!is_it) continue;
        std::string example = "'%' || " + found + " || '%'";
        if (text.dialect.is_mysql()) example = "CONCAT('%', " + found + ", '%')";
        if (text.dialect.is_transact_sql()) example = "'%' + " + found + " + '%'";
        return "; " + found + " in quotes is text, not a placeholder. Example: LIKE " + example;
    }
    return {};
}

void Query::check_params(const Call& call, const StatementText& text) const {
    const Config& given = is_batch() ? batch_ : params_;
    // A set of the batch stands for params.
    const Config set = is_batch() && batch_.is_list() && batch_.size() > 0 ? batch_.at(0) : given;
    const bool is_unknown = set.is_evaluated() || (is_batch() && !batch_.is_list());
    if (is_unknown) return;
    if (!text.names.empty() && !set.is_map()) {
        call.report(KDEPS_FAULT_ERROR, set.get() == nullptr ? query_ : set,
                    "the query has the placeholder '" + text.names[0] +
                        "', so params must be a map. Example: params: {" + text.names[0] + ": …}");
    } else if (!text.names.empty()) {
        std::vector<std::string> keys;
        for (std::size_t i = 0; i < set.size(); ++i) keys.emplace_back(set.key(i));
        for (const std::string& name : text.names) {
            if (!set.has(name))
                call.report(KDEPS_FAULT_ERROR, set,
                            "params has no value for the placeholder '" + name + "'" + call.did_you_mean(name, keys));
        }
        for (const std::string& key : keys) {
            if (std::find(text.names.begin(), text.names.end(), key) == text.names.end()) {
                call.report(KDEPS_FAULT_WARNING, set[key],
                            "params has '" + key + "', which the query does not use" +
                                call.did_you_mean(key, text.names) + quoted_hint(text, key));
            }
        }
    } else if (set.is_map() && !is_batch()) {
        std::string hint;
        for (std::size_t i = 0; i < set.size() && hint.empty(); ++i) hint = quoted_hint(text, set.key(i));
        call.report(KDEPS_FAULT_ERROR, set,
                    "params is a map, but the query has no :name placeholders" +
                        (hint.empty() ? "; write params as a list" : hint));
    } else if (set.is_list() || set.get() == nullptr) {
        const std::size_t size = set.size();
        if (size != text.positions) {
            call.report(KDEPS_FAULT_ERROR, set.get() == nullptr ? query_ : set,
                        "the query has " + counted(text.positions, "placeholder") + ", params has " +
                            counted(size, "value") + (text.positions < size ? quoted_hint(text, {}) : ""));
        }
    }
}

const StatementText& Query::look(const kdeps_driver& driver, std::uint32_t lexis) const {
    if (text_ && &driver == driver_ && lexis == driver.lexis) return *text_;
    const std::lock_guard lock(late_->mutex);
    for (const Late::Text& known : late_->texts) {
        if (known.driver == &driver && known.lexis == lexis) return known.text;
    }
    return late_->texts.emplace_back(Late::Text{&driver, lexis, read(driver, lexis)}).text;
}

const StatementText& Query::text_for(const kdeps_driver& driver, std::uint32_t lexis) const {
    const StatementText& text = look(driver, lexis);
    if (text.faults.empty()) return text;
    throw Error(KDEPS_INVALID_ARGUMENT, "query at " + std::string(query_.location()) + ": " + text.faults[0].message);
}

std::string Query::sql(const Call& call, const StatementText& text, const kdeps_driver& driver,
                       const Bound& bound) const {
    if (!text.lists.empty()) return expand_lists(text.pieces[0].sql, text.lists, bound.lists, text.dialect);
    std::string out;
    for (const StatementText::Piece& piece : text.pieces) {
        out += piece.sql;
        if (!piece.has_identifier) continue;
        const Value name = call.evaluate(hole_values_[piece.hole]);
        if (!name.is_string() || name.string().empty() || name.string().find('\0') != std::string_view::npos) {
            throw Error(KDEPS_INVALID_ARGUMENT,
                        "identifier() needs the name of a table or column, a text that is not empty");
        }
        out += quote_identifier(name.string(), driver);
    }
    return out;
}

Value Query::value_of(const Call& call, const Parameter& parameter, const Value& params) const {
    switch (parameter.source) {
        case Parameter::Source::position: return params.at(parameter.position);
        case Parameter::Source::name: return params[parameter.name];
        case Parameter::Source::hole: return call.evaluate(hole_values_[parameter.hole]);
        case Parameter::Source::text: break;
    }
    std::string text;
    for (const LiteralPiece& piece : parameter.pieces) {
        if (piece.is_hole) {
            const Value value = call.evaluate(hole_values_[piece.hole]);
            if (parameter.may_be_list && value.is_list()) {
                throw Error(KDEPS_INVALID_ARGUMENT,
                            "a list inside quotes is one text; write IN ({{ … }}) without the quotes");
            }
            append_text(call, value, text);
        } else {
            text += piece.text;
        }
    }
    if (parameter.is_day && !is_day(text))
        throw Error(KDEPS_INVALID_ARGUMENT,
                    "a DATE or TIMESTAMP literal of the query has no day of the calendar. Example: 2024-02-29");
    return call.string(text);
}

void Query::bind(const Call& call, const StatementText& text, Bound& out) const {
    out.takes_lists = text.takes_lists;
    Value params;
    if (params_.get() != nullptr) {
        params = call.evaluate(params_);
        if (!text.names.empty() && !params.is_map()) {
            throw Error(KDEPS_INVALID_ARGUMENT,
                        "params must be a map, as the query has the placeholder '" + text.names[0] + "'");
        }
        if (text.names.empty() && text.positions != params.size()) {
            throw Error(KDEPS_INVALID_ARGUMENT, "the query has " + counted(text.positions, "placeholder") +
                                                    ", params has " + counted(params.size(), "value"));
        }
    }
    const auto value = [&](const Parameter& parameter) {
        if (parameter.source == Parameter::Source::name && !params.has(parameter.name)) {
            throw Error(KDEPS_INVALID_ARGUMENT, "params has no value for the placeholder '" + parameter.name + "'");
        }
        return value_of(call, parameter, params);
    };
    if (!text.lists.empty()) {
        std::vector<Value> values;
        for (const Parameter& parameter : text.parameters) values.push_back(value(parameter));
        bind_lists(call, text, values, out);
        return;
    }
    for (const Parameter& parameter : text.parameters)
        out.add(call, checked(parameter, value(parameter)), parameter.wants_integer);
}

// Sets that are lists of as many scalars as there are placeholders, in the statement's order, are already what is
// wanted.  Nothing for others, which are read one by one and told what is wrong with them.
std::optional<Batch> Query::bind_rows(const Call& call, const StatementText& text, const Value& sets) const {
    if (!sets.is_list() || !text.names.empty() || text.positions != text.parameters.size()) return std::nullopt;
    for (std::size_t i = 0; i < text.parameters.size(); ++i) {
        const Parameter& parameter = text.parameters[i];
        if (parameter.source != Parameter::Source::position || parameter.position != i || parameter.wants_integer)
            return std::nullopt;
    }
    ArrowArrayStream raw{};
    if (call.host().values().open_table(call.get(), sets.get(), &raw) != KDEPS_OK) return std::nullopt;
    Batch out{columns::Stream(&raw), sets.size()};
    ArrowSchema schema{};
    if (out.sets->get_schema(out.sets.get(), &schema) != 0) return std::nullopt;
    const columns::Schema owned(&schema);
    return owned->n_children == static_cast<std::int64_t>(text.positions) ? std::optional(std::move(out))
                                                                          : std::nullopt;
}

Batch Query::bind_batch(const Call& call, const StatementText& text) const {
    const Value sets = call.evaluate(batch_);
    if (sets.is_null()) return {};
    if (!sets.is_list() && !sets.is_table()) {
        throw Error(KDEPS_INVALID_ARGUMENT, "paramsBatch must be a list of parameter lists or objects, or a table");
    }
    if (std::optional<Batch> batch = bind_rows(call, text, sets)) return std::move(*batch);
    std::vector<columns::Column> columns;
    for (std::size_t i = 0; i < text.parameters.size(); ++i)
        columns.push_back({std::to_string(i + 1), columns::Type::variant});
    columns::RowBuilder rows(columns);
    std::size_t bytes = 0;
    Bound bound;
    const std::size_t count = sets.size();
    for (std::size_t s = 0; s < count; ++s) {
        const auto refuse = [&](const std::string& why) {
            Error error(KDEPS_INVALID_ARGUMENT, "paramsBatch[" + std::to_string(s) + "]: " + why);
            error.batch_set = static_cast<std::int64_t>(s);
            return error;
        };
        if (s % 1024 == 0) call.check();
        const Value set = sets.at(s);
        if (!set.is_list() && !set.is_map()) throw refuse("a set must be a list or an object");
        if (text.names.empty() && set.size() != text.positions) {
            throw refuse("the query has " + counted(text.positions, "placeholder") + ", the set has " +
                         counted(set.size(), "value"));
        }
        bound.clear();
        for (const Parameter& parameter : text.parameters) {
            if (parameter.source == Parameter::Source::name && !(set.is_map() && set.has(parameter.name))) {
                throw refuse("no value for the placeholder '" + parameter.name + "'");
            }
            bound.add(call, value_of(call, parameter, set), parameter.wants_integer);
        }
        for (std::size_t i = 0; i < bound.cells.size(); ++i) write_cell(bound.cells[i], rows[i]);
        rows.end_row();
        if (s % 1024 == 0) bytes = rows.bytes();
        if (bytes > kLargestText) throw refuse("the batch is larger than 1 GiB; split it");
    }
    Batch out;
    out.count = count;
    for (std::size_t i = 0; i < columns.size(); ++i) rows[i].collapse();
    ArrowArrayStream stream{};
    make_stream(std::make_unique<BuiltRows>(std::move(rows)), call, &stream);
    out.sets = columns::Stream(&stream);
    return out;
}

}  // namespace kdeps::sql
