// SPDX-License-Identifier: Apache-2.0
#include "core/value/table.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <kdeps/cpp/arrow.hpp>
#include <kdeps/cpp/columns.hpp>
#include <stdexcept>

#include "core/base/base.hpp"
#include "core/value/arrow_share.hpp"
#include "core/value/json.hpp"

namespace kdeps::value {

namespace {

// The first rows may be much larger than the rest.
constexpr std::size_t kMostAhead = std::size_t{64} << 20;

}  // namespace

struct Table::Batch {
    columns::Array array;
    std::vector<columns::ColumnReader> readers;
    std::size_t first_row = 0;
};

struct Table::Arrow {
    columns::Schema schema;
};

Table::Table() : arrow_(std::make_unique<Arrow>()) {}
Table::~Table() = default;

TablePtr Table::from_stream(ArrowArrayStream* moved) {
    columns::Stream stream(moved);
    const auto check = [&](int code) {
        if (code != 0) {
            const char* text = stream.get()->get_last_error(stream.get());
            throw Error(Status::bad_data,
                        std::string("cannot read the result set: ") + (text != nullptr ? text : std::strerror(code)));
        }
    };
    std::shared_ptr<Table> table(new Table());
    check(stream.get()->get_schema(stream.get(), table->arrow_->schema.get()));
    const ArrowSchema& schema = *table->arrow_->schema;
    if (std::string_view(schema.format) != "+s") {
        throw Error(Status::bad_data, "a result set must be a stream of structs");
    }
    table->set_columns(schema);
    while (true) {
        auto batch = std::make_unique<Batch>();
        check(stream.get()->get_next(stream.get(), batch->array.get()));
        if (!batch->array) {
            break;
        }
        if (batch->array->n_children != schema.n_children) {
            throw Error(Status::bad_data, "a batch of the result set does not fit its schema");
        }
        if (batch->array->length == 0) {
            continue;
        }
        try {
            batch->readers.reserve(table->names_.size());
            for (std::int64_t i = 0; i < schema.n_children; ++i) {
                batch->readers.emplace_back(*schema.children[i], *batch->array->children[i]);
            }
        } catch (const std::invalid_argument& error) {
            throw Error(Status::bad_data, error.what());
        }
        batch->first_row = table->row_count_;
        table->row_count_ += static_cast<std::size_t>(batch->array->length);
        table->batches_.push_back(std::move(batch));
    }
    return table;
}

void Table::set_columns(const ArrowSchema& schema) {
    names_.reserve(static_cast<std::size_t>(schema.n_children));
    key_ends_.reserve(static_cast<std::size_t>(schema.n_children));
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        names_.emplace_back(schema.children[i]->name == nullptr ? "" : schema.children[i]->name);
        json_keys_ += i == 0 ? '{' : ',';
        columns::append_json_string(names_.back(), json_keys_);
        json_keys_ += ':';
        key_ends_.push_back(json_keys_.size());
    }
    if (names_.size() > kFewColumns) {
        for (std::size_t i = 0; i < names_.size(); ++i) index_.emplace(names_[i], i);
    }
}

std::optional<std::size_t> Table::column_index(std::string_view name) const {
    if (names_.size() <= kFewColumns) {
        const auto found = std::find(names_.begin(), names_.end(), name);
        return found == names_.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - names_.begin()));
    }
    const auto found = index_.find(name);
    return found == index_.end() ? std::nullopt : std::optional(found->second);
}

Table::Place Table::place(std::size_t row) const {
    const auto after =
        std::upper_bound(batches_.begin(), batches_.end(), row,
                         [](std::size_t wanted, const auto& batch) { return wanted < batch->first_row; });
    const Batch* batch = std::prev(after)->get();
    return {batch, static_cast<std::int64_t>(row - batch->first_row)};
}

Value Table::cell(std::size_t row, std::size_t column) const {
    const Place at = place(row);
    const columns::ColumnReader& reader = at.batch->readers[column];
    std::string scratch;
    const kdeps_cell cell = reader.cell(at.row, scratch);
    const auto text = [&] { return std::string(cell.as.s.data, cell.as.s.size); };
    switch (cell.kind) {
        case KDEPS_BOOL: return cell.as.i != 0;
        case KDEPS_INT: return cell.as.i;
        case KDEPS_DOUBLE: return cell.as.d;
        case KDEPS_DECIMAL: return Value::decimal(text());
        case KDEPS_BYTES: return Value::bytes(text());
        case KDEPS_STRING:
            if (reader.type_at(at.row) == columns::Type::json) {
                return parse_json({cell.as.s.data, cell.as.s.size});
            }
            return Value(text());
        default: return {};
    }
}

void Table::append_row(const Batch& batch, std::int64_t row, std::string& out) const {
    std::size_t begin = 0;
    for (std::size_t column = 0; column < key_ends_.size(); ++column) {
        out.append(json_keys_, begin, key_ends_[column] - begin);
        begin = key_ends_[column];
        batch.readers[column].append_json(row, out);
    }
    out += key_ends_.empty() ? "{}" : "}";
}

void Table::append_json(std::string& out) const {
    out += '[';
    const std::size_t start = out.size();
    for (const auto& batch : batches_) {
        // What grows step by step is copied at each step: the rows so far tell how large the rest is, about.
        if (batch->first_row > 0) {
            const std::size_t written = out.size() - start;
            const std::size_t left = row_count_ - batch->first_row;
            const std::size_t expected = left * (written / batch->first_row + 1) + written / 16;
            out.reserve(out.size() + std::min(expected, kMostAhead));
        }
        for (std::int64_t row = 0; row < batch->array->length; ++row) {
            if (row > 0 || batch->first_row > 0) {
                out += ',';
            }
            append_row(*batch, row, out);
        }
    }
    out += ']';
}

void Table::append_row_json(std::size_t row, std::string& out) const {
    const Place at = place(row);
    append_row(*at.batch, at.row, out);
}

void Table::export_stream(const TablePtr& table, ArrowArrayStream* out) {
    struct State {
        TablePtr table;
        std::size_t next = 0;
    };
    *out = {};
    out->private_data = new State{table};
    out->get_schema = [](ArrowArrayStream* stream, ArrowSchema* schema) {
        const auto& state = *static_cast<State*>(stream->private_data);
        share_schema(*state.table->arrow_->schema, state.table, schema);
        return 0;
    };
    out->get_next = [](ArrowArrayStream* stream, ArrowArray* array) {
        auto& state = *static_cast<State*>(stream->private_data);
        if (state.next == state.table->batches_.size()) {
            *array = {};
        } else {
            share_array(*state.table->batches_[state.next++]->array, state.table, array);
        }
        return 0;
    };
    out->get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
    out->release = [](ArrowArrayStream* stream) {
        delete static_cast<State*>(stream->private_data);
        stream->release = nullptr;
    };
}

}  // namespace kdeps::value
