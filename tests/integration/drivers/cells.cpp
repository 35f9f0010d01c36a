// SPDX-License-Identifier: Apache-2.0
// Values for the driver.  Apart from the session, as the SDK's C++ side and the core do not go into one file.
#include <kdeps/cpp/row_builder.hpp>

#include "tests/integration/drivers/session.hpp"

namespace kdeps::testing {
namespace {

kdeps_str to_str(std::string_view text) { return {text.data(), text.size()}; }

void append(const Cell& cell, columns::ColumnBuilder& out) {
    const kdeps_cell value = cell.get();
    const auto text = [&] { return std::string_view(value.as.s.data, value.as.s.size); };
    switch (value.kind) {
        case KDEPS_NULL: out.null(); break;
        case KDEPS_BOOL: out.boolean(value.as.i != 0); break;
        case KDEPS_INT: out.integer(value.as.i); break;
        case KDEPS_DOUBLE: out.number(value.as.d); break;
        case KDEPS_STRING: out.text(text()); break;
        case KDEPS_BYTES: out.variant(columns::Type::bytes).text(text()); break;
        default: out.variant(columns::Type::decimal).text(text()); break;
    }
}

// The parameter stream of a batch: one batch of variant columns.
struct Sets {
    columns::RowBuilder rows;
    bool is_given = false;
};

}  // namespace

void make_parameter_stream(const std::vector<Cells>& sets, ArrowArrayStream* out) {
    const std::vector<columns::Column> columns(sets.at(0).size(), {"p", columns::Type::variant});
    auto state = std::make_unique<Sets>(Sets{columns::RowBuilder(columns)});
    for (const Cells& set : sets) {
        for (std::size_t i = 0; i < set.size(); ++i) append(set[i], state->rows[i]);
        state->rows.end_row();
    }
    out->private_data = state.release();
    out->get_schema = [](ArrowArrayStream* stream, ArrowSchema* schema) {
        static_cast<Sets*>(stream->private_data)->rows.schema(schema);
        return 0;
    };
    out->get_next = [](ArrowArrayStream* stream, ArrowArray* array) {
        auto& content = *static_cast<Sets*>(stream->private_data);
        *array = {};
        if (!std::exchange(content.is_given, true)) content.rows.finish(array);
        return 0;
    };
    out->get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
    out->release = [](ArrowArrayStream* stream) {
        delete static_cast<Sets*>(stream->private_data);
        stream->release = nullptr;
    };
}

kdeps_cell Cell::get() const {
    kdeps_cell out = cell_;
    if (out.kind >= KDEPS_DECIMAL) out.as.s = to_str(text_);
    return out;
}

Cell decimal(const char* digits) { return {KDEPS_DECIMAL, digits}; }
Cell bytes(std::string content) { return {KDEPS_BYTES, std::move(content)}; }

}  // namespace kdeps::testing
