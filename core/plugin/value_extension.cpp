// SPDX-License-Identifier: Apache-2.0
// "kdeps.value/1": values of a run and nodes of configuration, through the same handles.
#include "core/plugin/call.hpp"
#include "core/plugin/host.hpp"

namespace kdeps::plugin {

namespace {

using value::Kind;
using value::Value;
using workflow::ConfigValue;

kdeps_kind kind_of(const Value& value) {
    switch (value.kind()) {
        case Kind::null: return KDEPS_NULL;
        case Kind::boolean: return KDEPS_BOOL;
        case Kind::integer: return KDEPS_INT;
        case Kind::floating: return KDEPS_DOUBLE;
        case Kind::decimal: return KDEPS_DECIMAL;
        case Kind::string: return KDEPS_STRING;
        case Kind::bytes: return KDEPS_BYTES;
        case Kind::list: return KDEPS_LIST;
        case Kind::map: return KDEPS_MAP;
        case Kind::table: return KDEPS_TABLE;
        case Kind::object: break;
    }
    return KDEPS_STRING;
}

kdeps_kind kind(kdeps_value handle) {
    if (handle == nullptr) {
        return KDEPS_NULL;
    }
    if (handle->config == nullptr) {
        return kind_of(handle->value());
    }
    switch (handle->config->kind()) {
        case ConfigValue::Kind::expression: return KDEPS_EXPRESSION;
        case ConfigValue::Kind::templ: return KDEPS_TEMPLATE;
        case ConfigValue::Kind::list: return KDEPS_LIST;
        case ConfigValue::Kind::map: return KDEPS_MAP;
        case ConfigValue::Kind::literal: break;
    }
    return kind_of(handle->config->literal());
}

const Value* scalar(kdeps_value handle) {
    if (handle->config == nullptr) {
        return &handle->value();
    }
    return handle->config->kind() == ConfigValue::Kind::literal ? &handle->config->literal() : nullptr;
}

kdeps_status cell(kdeps_value handle, kdeps_cell* out) {
    kdeps_cell result{};
    if (handle != nullptr) {
        const Value* value = scalar(handle);
        if (value == nullptr) {
            return KDEPS_INVALID_ARGUMENT;
        }
        result.kind = kind_of(*value);
        switch (value->kind()) {
            case Kind::null: break;
            case Kind::boolean: result.as.i = value->boolean() ? 1 : 0; break;
            case Kind::integer: result.as.i = value->integer(); break;
            case Kind::floating: result.as.d = value->floating(); break;
            case Kind::decimal:
            case Kind::string:
            case Kind::bytes: result.as.s = to_str(value->text()); break;
            case Kind::list:
            case Kind::map:
            case Kind::table:
            case Kind::object: return KDEPS_INVALID_ARGUMENT;
        }
    }
    *out = result;
    return KDEPS_OK;
}

std::size_t size(kdeps_value handle) {
    if (handle == nullptr) {
        return 0;
    }
    if (handle->config != nullptr) {
        const auto kind = handle->config->kind();
        return kind == ConfigValue::Kind::list || kind == ConfigValue::Kind::map ? handle->more->children.size() : 0;
    }
    if (const value::List* list = handle->open_list()) {
        return list->size();
    }
    if (const value::Map* map = handle->open_map()) {
        return map->size();
    }
    const Value& value = handle->value();
    const Kind kind = value.kind();
    return kind == Kind::list || kind == Kind::map || kind == Kind::table ? value.size() : 0;
}

kdeps_value at(kdeps_call* call, kdeps_value handle, std::size_t i) {
    if (i >= size(handle)) {
        return nullptr;
    }
    return handle->config != nullptr ? handle->more->children[i].get() : call->keep(handle->value().at(i));
}

kdeps_str key_at(kdeps_value handle, std::size_t i) {
    if (handle == nullptr) {
        return {"", 0};
    }
    if (handle->config != nullptr) {
        return i < size(handle) && handle->config->kind() == ConfigValue::Kind::map ? to_str(handle->config->key(i))
                                                                                    : kdeps_str{"", 0};
    }
    const Value& value = handle->value();
    if (value.kind() == Kind::table) {
        return i < value.table()->column_count() ? to_str(value.table()->column_name(i)) : kdeps_str{"", 0};
    }
    return value.kind() == Kind::map && i < value.size() ? to_str(value.key_at(i)) : kdeps_str{"", 0};
}

kdeps_value find(kdeps_call* call, kdeps_value handle, kdeps_str key) {
    if (handle == nullptr) {
        return nullptr;
    }
    if (handle->config != nullptr) {
        if (handle->config->kind() == ConfigValue::Kind::map) {
            for (std::size_t i = 0; i < handle->more->children.size(); ++i) {
                if (handle->config->key(i) == to_view(key)) {
                    return handle->more->children[i].get();
                }
            }
        }
        return nullptr;
    }
    const Value& value = handle->value();
    if (value.kind() != Kind::map) {
        return nullptr;
    }
    auto found = value.find(to_view(key));
    return found ? call->keep(std::move(*found)) : nullptr;
}

kdeps_value new_cell(kdeps_call* call, const kdeps_cell* cell) {
    switch (cell->kind) {
        case KDEPS_BOOL: return call->keep(Value(cell->as.i != 0));
        case KDEPS_INT: return call->keep(Value(cell->as.i));
        case KDEPS_DOUBLE: return call->keep(Value(cell->as.d));
        case KDEPS_DECIMAL:
            return call->keep(value::is_number_text(to_view(cell->as.s))
                                  ? Value::decimal(std::string(to_view(cell->as.s)))
                                  : Value(to_view(cell->as.s)));
        case KDEPS_STRING: return call->keep(Value(to_view(cell->as.s)));
        case KDEPS_BYTES: return call->keep(Value::bytes(std::string(to_view(cell->as.s))));
        default: break;
    }
    return call->keep(Value());
}

kdeps_value new_list(kdeps_call* call) {
    kdeps_value handle = call->keep(Value());
    handle->more = std::make_unique<kdeps_value_::More>();
    handle->more->open = value::List();
    return handle;
}

kdeps_value new_map(kdeps_call* call) {
    kdeps_value handle = call->keep(Value());
    handle->more = std::make_unique<kdeps_value_::More>();
    handle->more->open = value::Map();
    return handle;
}

Value element_value(kdeps_value element) {
    if (element == nullptr) {
        return {};
    }
    const Value* value = scalar(element);
    return value == nullptr ? Value() : *value;
}

kdeps_status push(kdeps_value list, kdeps_value element) {
    value::List* open = list == nullptr ? nullptr : list->open_list();
    if (open == nullptr) {
        return KDEPS_INVALID_STATE;
    }
    open->push_back(element_value(element));
    return KDEPS_OK;
}

kdeps_status put(kdeps_value map, kdeps_str key, kdeps_value element) {
    value::Map* open = map == nullptr ? nullptr : map->open_map();
    if (open == nullptr) {
        return KDEPS_INVALID_STATE;
    }
    open->set(to_view(key), element_value(element));
    return KDEPS_OK;
}

kdeps_status open_table(kdeps_call* call, kdeps_value handle, ArrowArrayStream* out) {
    if (handle != nullptr && handle->config == nullptr && handle->value().kind() == Kind::list &&
        value::export_list_rows(handle->value().list(), out)) {
        return KDEPS_OK;
    }
    return call->guard([&] {
        if (handle == nullptr || handle->config != nullptr || handle->value().kind() != Kind::table) {
            throw Error(Status::invalid_argument, "the value is not a table");
        }
        value::Table::export_stream(handle->value().table(), out);
    });
}

kdeps_status new_table(kdeps_call* call, ArrowArrayStream* moved, kdeps_value* out) {
    return call->guard([&] { *out = call->keep(Value::table(value::Table::from_stream(moved))); });
}

}  // namespace

const kdeps_values kValueExtension = {
    sizeof(kdeps_values), 0,        kind, cell, size, at, key_at, find, new_cell, new_list, new_map, push, put,
    open_table,           new_table};

}  // namespace kdeps::plugin
