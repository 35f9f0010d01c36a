// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/drivers/postgres_sets.hpp"

#include <kdeps/cpp/row_builder.hpp>
#include <stdexcept>

namespace kdeps::testing {
namespace {

template <class... Visits>
struct Overloaded : Visits... {
    using Visits::operator()...;
};

void put(const Parameter& parameter, columns::ColumnBuilder& out) {
    std::visit(Overloaded{[&](std::nullptr_t) { out.null(); }, [&](bool value) { out.boolean(value); },
                          [&](int value) { out.integer(value); }, [&](std::int64_t value) { out.integer(value); },
                          [&](double value) { out.number(value); }, [&](const std::string& value) { out.text(value); },
                          [&](const Decimal& value) { out.variant(columns::Type::decimal).text(value.digits); },
                          [&](const Bytes& value) { out.variant(columns::Type::bytes).text(value.bytes); },
                          [&](const List&) { throw std::logic_error("a batch has no lists"); }},
               parameter);
}

// A stream of one batch, made by hand: what the sql plugin gives for `paramsBatch`.
struct OneBatch {
    ArrowSchema schema{};
    ArrowArray array{};

    ~OneBatch() {
        if (schema.release != nullptr) schema.release(&schema);
        if (array.release != nullptr) array.release(&array);
    }
    static OneBatch& of(ArrowArrayStream* stream) { return *static_cast<OneBatch*>(stream->private_data); }
};

}  // namespace

void make_sets(const std::vector<Set>& sets, ArrowArrayStream* out) {
    std::vector<columns::Column> columns;
    for (std::size_t i = 0; i < (sets.empty() ? 0 : sets[0].size()); ++i) {
        columns.push_back({std::to_string(i), columns::Type::variant});
    }
    columns::RowBuilder rows(columns);
    for (const Set& set : sets) {
        for (std::size_t i = 0; i < set.size(); ++i) put(set[i], rows[i]);
        rows.end_row();
    }
    auto batch = std::make_unique<OneBatch>();
    rows.schema(&batch->schema);
    rows.finish(&batch->array);
    *out = {};
    out->private_data = batch.release();
    out->get_schema = [](ArrowArrayStream* stream, ArrowSchema* schema) {
        *schema = std::exchange(OneBatch::of(stream).schema, {});
        return 0;
    };
    out->get_next = [](ArrowArrayStream* stream, ArrowArray* array) {
        *array = std::exchange(OneBatch::of(stream).array, {});
        return 0;
    };
    out->get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
    out->release = [](ArrowArrayStream* stream) {
        delete &OneBatch::of(stream);
        stream->release = nullptr;
    };
}

}  // namespace kdeps::testing
