// SPDX-License-Identifier: Apache-2.0
#include "core/value/list_rows.hpp"

#include <cerrno>
#include <kdeps/cpp/row_builder.hpp>
#include <optional>

namespace kdeps::value {

namespace {

using columns::ColumnBuilder;
using columns::Type;

constexpr std::size_t kLargestText = std::size_t{1} << 30;

std::optional<Type> type_of(const Value& value) {
    switch (value.kind()) {
        case Kind::null: return Type::null;
        case Kind::boolean: return Type::boolean;
        case Kind::integer: return Type::int64;
        case Kind::floating: return Type::float64;
        case Kind::decimal: return Type::decimal;
        case Kind::string: return Type::text;
        case Kind::bytes: return Type::bytes;
        default: return std::nullopt;
    }
}

// The columns, or nothing if the rows have another shape.
std::optional<std::vector<columns::Column>> shape_of(const List& rows) {
    if (rows.empty() || rows[0].kind() != Kind::list || rows[0].size() == 0) return std::nullopt;
    std::vector<columns::Column> out(rows[0].size(), {"", Type::null});
    std::size_t bytes = 0;
    for (const Value& row : rows) {
        if (row.kind() != Kind::list || row.list().size() != out.size()) return std::nullopt;
        for (std::size_t i = 0; i < out.size(); ++i) {
            const Value& cell = row.list()[i];
            const std::optional<Type> type = type_of(cell);
            if (!type) return std::nullopt;
            if (*type >= Type::text) bytes += cell.text().size();
            if (*type == out[i].type || *type == Type::null) continue;
            out[i].type = out[i].type == Type::null ? *type : Type::variant;
        }
    }
    if (bytes > kLargestText) return std::nullopt;
    for (std::size_t i = 0; i < out.size(); ++i) out[i].name = std::to_string(i + 1);
    return out;
}

void write(const Value& value, ColumnBuilder& out) {
    switch (value.kind()) {
        case Kind::boolean: out.boolean(value.boolean()); break;
        case Kind::integer: out.integer(value.integer()); break;
        case Kind::floating: out.number(value.floating()); break;
        case Kind::null: out.null(); break;
        default: (out.type() == Type::variant ? out.variant(*type_of(value)) : out).text(value.text());
    }
}

// Rows that all have the types of the first one; nothing for others.  Most batches are like that, and to look at each
// cell, somewhere in memory, is what costs: here it is done once.
std::optional<columns::RowBuilder> uniform_rows(const List& rows) {
    if (rows.empty() || rows[0].kind() != Kind::list || rows[0].size() == 0) return std::nullopt;
    std::vector<columns::Column> shape;
    for (const Value& cell : rows[0].list()) {
        const std::optional<Type> type = type_of(cell);
        if (!type || *type == Type::null) return std::nullopt;
        shape.push_back({std::to_string(shape.size() + 1), *type});
    }
    columns::RowBuilder out(shape);
    std::size_t bytes = 0;
    for (const Value& row : rows) {
        if (row.kind() != Kind::list || row.list().size() != shape.size()) return std::nullopt;
        const Value* cell = row.list().data();
        for (std::size_t i = 0; i < shape.size(); ++i, ++cell) {
            const std::optional<Type> type = type_of(*cell);
            if (!type || (*type != shape[i].type && *type != Type::null)) return std::nullopt;
            if (*type >= Type::text) bytes += cell->text().size();
            write(*cell, out[i]);
        }
        out.end_row();
        if (bytes > kLargestText) return std::nullopt;
    }
    return out;
}

// All others: looked through for their types, then written.
std::optional<columns::RowBuilder> mixed_rows(const List& rows) {
    const auto shape = shape_of(rows);
    if (!shape) return std::nullopt;
    columns::RowBuilder out(*shape);
    for (const Value& row : rows) {
        for (std::size_t i = 0; i < shape->size(); ++i) write(row.list()[i], out[i]);
        out.end_row();
    }
    return out;
}

}  // namespace

bool export_list_rows(const List& rows, ArrowArrayStream* out) {
    struct State {
        columns::RowBuilder rows;
        bool is_given = false;
    };
    auto built = uniform_rows(rows);
    if (!built) built = mixed_rows(rows);
    if (!built) return false;
    auto state = std::make_unique<State>(State{std::move(*built)});
    *out = {};
    out->private_data = state.release();
    out->get_schema = [](ArrowArrayStream* stream, ArrowSchema* schema) {
        static_cast<State*>(stream->private_data)->rows.schema(schema);
        return 0;
    };
    out->get_next = [](ArrowArrayStream* stream, ArrowArray* array) {
        auto& held = *static_cast<State*>(stream->private_data);
        *array = {};
        if (!std::exchange(held.is_given, true)) held.rows.finish(array);
        return 0;
    };
    out->get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
    out->release = [](ArrowArrayStream* stream) {
        delete static_cast<State*>(stream->private_data);
        stream->release = nullptr;
    };
    return true;
}

}  // namespace kdeps::value
