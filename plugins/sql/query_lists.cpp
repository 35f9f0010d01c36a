// SPDX-License-Identifier: Apache-2.0
// Values that are lists, of a query's parameters.
#include <algorithm>
#include <optional>

#include "json_text.hpp"
#include "query.hpp"

namespace kdeps::sql {

namespace {

bool is_container(const Value& value) { return value.is_list() || value.is_map() || value.is_table(); }

// A list of scalars, or the only column of a table.
class Elements {
public:
    Elements(const Value& list, const std::string& name) : list_(list) {
        if (!list.is_table()) return;
        for (std::size_t i = 0; i < list.size(); ++i) values_.push_back(only_column(list.at(i), name));
    }

    std::size_t size() const { return list_.size(); }
    Value at(std::size_t i) const { return list_.is_table() ? values_[i] : list_.at(i); }

    std::string json(const Call& call) const {
        std::string out = "[";
        for (std::size_t i = 0; i < size(); ++i) {
            if (i > 0) out += ',';
            append_json(call, at(i), out);
        }
        return out + "]";
    }

private:
    static Value only_column(const Value& row, const std::string& name) {
        if (row.size() == 1) return row[row.key(0)];
        throw Error(KDEPS_INVALID_ARGUMENT, name +
                                                " is a table of several columns, but IN takes one; write for example "
                                                "map(get('rows'), .id)");
    }

    const Value& list_;
    std::vector<Value> values_;
};

}  // namespace

std::string Query::name_of(const Parameter& parameter) const {
    switch (parameter.source) {
        case Parameter::Source::position: return "params[" + std::to_string(parameter.position) + "]";
        case Parameter::Source::name: return "params." + parameter.name;
        default: return "{{ " + std::string(hole_values_[parameter.hole].source()) + " }}";
    }
}

Value Query::checked(const Parameter& parameter, Value value) const {
    if (!parameter.is_compared && !parameter.may_be_list) return value;
    if (value.cell().kind != KDEPS_NULL || !is_container(value)) return value;
    const std::string name = name_of(parameter);
    if (value.is_map())
        throw Error(KDEPS_INVALID_ARGUMENT,
                    name + " is a map, which no column is compared with; name one of its values");
    throw Error(KDEPS_INVALID_ARGUMENT, name + " is a list; write IN (…) to compare with its elements");
}

// All elements of a list become parameters of their own, unless the database takes it as one array, or they are more
// than a statement may have.
void Query::bind_lists(const Call& call, const StatementText& text, const std::vector<Value>& values,
                       Bound& out) const {
    const Dialect& dialect = text.dialect;
    std::vector<std::optional<Elements>> lists(values.size());
    std::size_t total = values.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Parameter& parameter = text.parameters[i];
        if (parameter.source == Parameter::Source::text || !parameter.may_be_list || !is_container(values[i]) ||
            values[i].is_map()) {
            checked(parameter, values[i]);
            continue;
        }
        lists[i].emplace(values[i], name_of(parameter));
        const auto can_be = [&](ListForm form) {
            return std::all_of(text.lists.begin(), text.lists.end(), [&](const ListPlace& place) {
                const bool has_it = std::any_of(place.items.begin(), place.items.end(),
                                                [&](const ListPlace::Item& item) { return item.parameter == i; });
                return !has_it || has_form(place, form, dialect);
            });
        };
        bool has_bytes = false;
        for (std::size_t element = 0; element < lists[i]->size(); ++element) {
            const Value value = lists[i]->at(element);
            has_bytes = has_bytes || value.kind() == KDEPS_BYTES;
            if (is_container(value)) {
                throw Error(KDEPS_INVALID_ARGUMENT, name_of(parameter) + ": element " + std::to_string(element) +
                                                        " is a list or a map; IN takes texts, numbers and booleans");
            }
        }
        const std::size_t count = lists[i]->size();
        BoundList list{i, ListForm::elements, rounded_up(count), 0};
        if (can_be(ListForm::array) && !has_bytes) {
            list.form = ListForm::array;
        } else if (total + count > dialect.most_parameters() && can_be(ListForm::json) && !has_bytes) {
            list.form = ListForm::json;
        } else if (count == 0 && dialect.is_postgres()) {
            throw Error(KDEPS_INVALID_ARGUMENT,
                        name_of(parameter) + " is an empty list beside other values of IN; write them in one list");
        } else {
            list.count = std::min(
                list.count, std::max(count, dialect.most_parameters() - std::min(total, dialect.most_parameters())));
            total += list.count;
        }
        out.lists.push_back(list);
    }
    if (total > dialect.most_parameters()) {
        throw Error(KDEPS_INVALID_ARGUMENT,
                    "the lists of IN make " + std::to_string(total) + " parameters, but the database takes at most " +
                        std::to_string(dialect.most_parameters()) +
                        " in a statement; put them into a table and join it, or split the list");
    }

    auto list = out.lists.begin();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool wants_integer = text.parameters[i].wants_integer;
        if (!lists[i]) {
            out.add(call, values[i], wants_integer);
            continue;
        }
        const Elements& elements = *lists[i];
        if (list->form == ListForm::array && values[i].is_list()) {
            out.add(call, values[i], false);
        } else if (list->form != ListForm::elements || (elements.size() == 0 && dialect.is_numbered())) {
            out.texts.push_back(elements.json(call));
            out.add({KDEPS_STRING, 0, {.s = to_str(out.texts.back())}}, false);
        } else {
            const std::size_t here = dialect.is_numbered() ? 1 : list->count;
            for (std::size_t element = 0; element < here; ++element)
                out.add(call, elements.at(std::min(element, elements.size() - 1)), wants_integer);
        }
        ++list;
    }
    if (!dialect.is_numbered()) return;
    for (BoundList& bound : out.lists) {
        bound.first_extra = out.cells.size();
        const Elements& elements = *lists[bound.parameter];
        for (std::size_t element = 1; bound.form == ListForm::elements && element < bound.count; ++element)
            out.add(call, elements.at(std::min(element, elements.size() - 1)),
                    text.parameters[bound.parameter].wants_integer);
    }
}

}  // namespace kdeps::sql
