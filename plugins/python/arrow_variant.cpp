// SPDX-License-Identifier: Apache-2.0
#include "arrow_variant.hpp"

#include <algorithm>
#include <kdeps/cpp/row_builder.hpp>

namespace kdeps::python {

using columns::ColumnBuilder;
using columns::Type;

namespace {

// The cells of a variant column whose cells have one type, or are NULL.
void append_single(const ArrowSchema& schema, const ArrowArray& array, std::int64_t first, std::int64_t count,
                   ColumnBuilder& out) {
    const Type type = out.type();
    std::int64_t child = 0;
    while (child < schema.n_children && columns::type_of(*schema.children[child]) != type) ++child;
    const auto* ids = static_cast<const std::int8_t*>(array.buffers[0]) + array.offset + first;
    const auto* places = static_cast<const std::int32_t*>(array.buffers[1]) + array.offset + first;
    const ArrowArray* cells = child < schema.n_children ? array.children[child] : nullptr;
    const auto* valid = cells == nullptr || cells->n_buffers == 0 || cells->null_count == 0
                            ? nullptr
                            : static_cast<const std::uint8_t*>(cells->buffers[0]);
    // `write` gets the place of a cell in the buffers of the child.
    const auto each = [&](auto write) {
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t at = ids[i] == child && cells != nullptr ? places[i] + cells->offset : -1;
            if (at < 0 || (valid != nullptr && (valid[at / 8] >> (at % 8) & 1) == 0)) {
                out.null();
            } else {
                write(at);
            }
        }
    };
    const void* data = cells == nullptr || cells->n_buffers < 2 ? nullptr : cells->buffers[1];
    const auto each_integer = [&](auto zero) {
        const auto* values = static_cast<const decltype(zero)*>(data);
        each([&](std::int64_t at) { out.integer(static_cast<std::int64_t>(values[at])); });
    };
    const auto each_text = [&] {
        const auto* offsets = static_cast<const std::int32_t*>(data);
        const auto* bytes = cells == nullptr ? nullptr : static_cast<const char*>(cells->buffers[2]);
        each([&](std::int64_t at) {
            out.text({bytes + offsets[at], static_cast<std::size_t>(offsets[at + 1] - offsets[at])});
        });
    };
    switch (type) {
        case Type::null: each([](std::int64_t) {}); break;
        case Type::boolean:
            each([&](std::int64_t at) {
                out.boolean((static_cast<const std::uint8_t*>(data)[at / 8] >> (at % 8) & 1) != 0);
            });
            break;
        case Type::int8: each_integer(std::int8_t{}); break;
        case Type::int16: each_integer(std::int16_t{}); break;
        case Type::int32:
        case Type::date: each_integer(std::int32_t{}); break;
        case Type::uint8: each_integer(std::uint8_t{}); break;
        case Type::uint16: each_integer(std::uint16_t{}); break;
        case Type::uint32: each_integer(std::uint32_t{}); break;
        case Type::float32: each([&](std::int64_t at) { out.number(static_cast<const float*>(data)[at]); }); break;
        case Type::float64: each([&](std::int64_t at) { out.number(static_cast<const double*>(data)[at]); }); break;
        case Type::text:
        case Type::bytes:
        case Type::decimal:
        case Type::json: each_text(); break;
        default: each_integer(std::int64_t{}); break;
    }
}

// The child of a variant column that is all of it, in order: its memory serves as it is.
ArrowArray* whole_child(const ArrowSchema& schema, const ArrowArray& column, const ArrowArray& batch, Type type) {
    if (column.offset + batch.offset != 0) return nullptr;
    const auto* ids = static_cast<const std::int8_t*>(column.buffers[0]);
    const auto* places = static_cast<const std::int32_t*>(column.buffers[1]);
    for (std::int64_t child = 0; child < schema.n_children; ++child) {
        ArrowArray& cells = *column.children[child];
        if (columns::type_of(*schema.children[child]) != type || cells.length != batch.length || type == Type::null)
            continue;
        bool is_whole = true;
        for (std::int64_t i = 0; i < batch.length; ++i) is_whole = is_whole && ids[i] == child && places[i] == i;
        return is_whole ? &cells : nullptr;
    }
    return nullptr;
}

}  // namespace

std::optional<Type> single_type(const TableParts& parts, std::int64_t column) {
    const ArrowSchema& schema = *parts.schema->children[column];
    std::optional<Type> found;
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        const auto has_cells = [&](const columns::Array& batch) {
            return batch->children[column]->children[i]->length > 0;
        };
        const Type type = columns::type_of(*schema.children[i]);
        if (type == Type::null || std::none_of(parts.batches.begin(), parts.batches.end(), has_cells)) continue;
        if (found && *found != type) return std::nullopt;
        // The long forms have no builder; they stay what they are.
        if (type == Type::large_text || type == Type::large_bytes) return std::nullopt;
        found = type;
    }
    return found.value_or(Type::null);
}

void take_single(const ArrowSchema& schema, ArrowArray& column, const ArrowArray& batch, Type type, ArrowArray* out) {
    if (ArrowArray* whole = whole_child(schema, column, batch, type)) {
        *out = *whole;
        whole->release = nullptr;
        return;
    }
    ColumnBuilder builder(type);
    append_single(schema, column, batch.offset, batch.length, builder);
    builder.finish(out);
}

}  // namespace kdeps::python
