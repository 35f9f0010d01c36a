// SPDX-License-Identifier: Apache-2.0
#include "result.hpp"

#include <chrono>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "result_text.hpp"
#include "write_cell.hpp"

namespace kdeps::sql {

namespace {

// What of a schema is needed to know the size of its batches.
struct Shape {
    explicit Shape(const ArrowSchema& schema) : format(schema.format[0]) {
        children.reserve(static_cast<std::size_t>(schema.n_children));
        for (std::int64_t i = 0; i < schema.n_children; ++i) children.emplace_back(*schema.children[i]);
    }

    char format;
    std::vector<Shape> children;
};

template <typename Offset>
std::size_t text_bytes(const ArrowArray& array, std::size_t rows) {
    const auto* offsets = static_cast<const Offset*>(array.buffers[1]) + array.offset;
    return rows * sizeof(Offset) + static_cast<std::size_t>(offsets[rows] - offsets[0]);
}

// The bytes that a column of a batch holds.
std::size_t bytes_of(const Shape& shape, const ArrowArray& array) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < shape.children.size(); ++i) sum += bytes_of(shape.children[i], *array.children[i]);
    const auto rows = static_cast<std::size_t>(array.length);
    const bool has_text = array.n_buffers > 2 && rows > 0;
    switch (shape.format) {
        case 'u':
        case 'z':
            if (has_text) return sum + text_bytes<std::int32_t>(array, rows);
            break;
        case 'U':
        case 'Z':
            if (has_text) return sum + text_bytes<std::int64_t>(array, rows);
            break;
        case '+': return sum;
        default: break;
    }
    return sum + rows * 8;
}

// A copy that owns everything; names can be changed in it.
void copy_schema(const ArrowSchema& from, const std::string& name, ArrowSchema* out) {
    auto owned = std::make_unique<columns::detail::OwnedSchema>();
    owned->format = from.format;
    owned->name = name;
    if (const auto extension = columns::metadata_value(from, columns::kExtensionKey); !extension.empty()) {
        owned->metadata = columns::detail::metadata(columns::kExtensionKey, extension);
    }
    owned->children.resize(static_cast<std::size_t>(from.n_children));
    for (std::size_t i = 0; i < owned->children.size(); ++i) {
        const ArrowSchema& child = *from.children[i];
        copy_schema(child, child.name == nullptr ? "" : child.name, &owned->children[i]);
    }
    columns::detail::give_schema(std::move(owned), out);
    out->flags = from.flags;
}

std::string_view name_of(const ArrowSchema& column) { return column.name == nullptr ? "" : column.name; }

bool has_double_names(const ArrowSchema& schema) {
    constexpr std::int64_t kFew = 16;
    if (schema.n_children > kFew) {
        std::unordered_set<std::string_view> seen;
        for (std::int64_t i = 0; i < schema.n_children; ++i) {
            if (!seen.insert(name_of(*schema.children[i])).second) return true;
        }
        return false;
    }
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        for (std::int64_t k = 0; k < i; ++k) {
            if (name_of(*schema.children[i]) == name_of(*schema.children[k])) return true;
        }
    }
    return false;
}

// Several columns of one name: the second gets _2, the third _3 (rules §5).
std::vector<std::string> unique_names(const ArrowSchema& schema) {
    std::vector<std::string> names;
    std::unordered_set<std::string> taken;
    for (std::int64_t i = 0; i < schema.n_children; ++i) taken.emplace(name_of(*schema.children[i]));
    std::unordered_map<std::string_view, int> given;
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
        const std::string_view name = name_of(*schema.children[i]);
        int& number = ++given[name];
        std::string unique(name);
        while (number > 1 && (unique = std::string(name) + "_" + std::to_string(number), taken.contains(unique)))
            ++number;
        names.push_back(std::move(unique));
    }
    return names;
}

// Passes a driver's stream on within the limits.
class LimitedRows final : public BatchSource {
public:
    // `failure` gets the first error: who reads a stream sees only its text, and the category and the SQLSTATE would be
    // lost.
    LimitedRows(columns::Stream rows, const Call& call, const ResultLimits& limits, const Ending& ending, Taken& taken,
                std::optional<Error>& failure)
        : rows_(std::move(rows)), call_(call), limits_(limits), ending_(ending), taken_(taken), failure_(failure) {}

    void schema(ArrowSchema* out) override {
        kept([&] { give_schema(out); });
    }

    bool next(ArrowArray* out) override {
        bool is_given = false;
        kept([&] { is_given = give_next(out); });
        return is_given;
    }

private:
    template <typename Work>
    void kept(Work work) {
        try {
            work();
        } catch (const Error& error) {
            if (!failure_) failure_ = error;
            throw;
        }
    }

    void give_schema(ArrowSchema* out) {
        columns::Schema schema = read_schema();
        if (!has_double_names(*schema)) {
            schema.move_to(out);
            return;
        }
        const std::vector<std::string> names = unique_names(*schema);
        copy_schema(*schema, "", out);
        for (std::size_t i = 0; i < names.size(); ++i) {
            auto* owned = static_cast<columns::detail::OwnedSchema*>(out->children[i]->private_data);
            owned->name = names[i];
            out->children[i]->name = owned->name.c_str();
        }
    }

    bool give_next(ArrowArray* out) {
        if (is_over_) return false;
        if (!shape_) read_schema();
        if (limits_.max_rows && taken_.rows >= *limits_.max_rows) {
            // Exactly max_rows were read: only asking tells whether there are more.
            if (drop_rest() || is_truncated_) report_truncation();
            return false;
        }
        columns::Array batch = read_batch();
        if (!batch) {
            is_over_ = taken_.is_read = true;
            return false;
        }
        taken_.bytes += bytes_of(*shape_, *batch);
        if (taken_.bytes > limits_.max_bytes) {
            batch = {};
            drop_rest();
            throw too_large(limits_);
        }
        taken_.rows += static_cast<std::size_t>(batch->length);
        if (limits_.max_rows && taken_.rows > *limits_.max_rows) {
            batch.get()->length -= static_cast<std::int64_t>(taken_.rows - *limits_.max_rows);
            taken_.rows = *limits_.max_rows;
            is_truncated_ = true;
        }
        batch.move_to(out);
        return true;
    }

    // Ends the statement: what may write is read to its end, what only reads is told to stop if it is not nearly done.
    // Were there rows?
    bool drop_rest() {
        constexpr auto kPatience = std::chrono::milliseconds(20);
        const auto end = std::chrono::steady_clock::now() + kPatience;
        bool has_rows = false;
        is_over_ = true;
        while (!ending_.may_be_cut || std::chrono::steady_clock::now() < end) {
            const columns::Array batch = read_batch();
            if (!batch) {
                taken_.is_read = true;
                return has_rows;
            }
            has_rows = has_rows || batch->length > 0;
        }
        ending_.driver->cancel(ending_.connection);
        rows_ = {};
        return true;
    }

    columns::Array read_batch() {
        ArrowArray raw{};
        expect(rows_->get_next(rows_.get(), &raw));
        return columns::Array(&raw);
    }

    void expect(int failed) {
        if (failed == 0) return;
        // The driver has recorded the error, with its SQLSTATE.
        kdeps_error error{};
        error.struct_size = sizeof(error);
        if (call_.host().get()->last_error(call_.get(), &error) != 0) throw Error(error);
        throw Error(KDEPS_INTERNAL, "the rows cannot be read");
    }

    columns::Schema read_schema() {
        ArrowSchema raw{};
        expect(rows_->get_schema(rows_.get(), &raw));
        columns::Schema schema(&raw);
        if (!shape_) shape_.emplace(*schema);
        return schema;
    }

    void report_truncation() {
        if (std::exchange(taken_.is_truncated, true)) return;
        call_.log(KDEPS_LOG_WARNING,
                  "truncated: the result was cut off after maxRows (" + std::to_string(*limits_.max_rows) + ")");
        call_.host().count("kdeps_sql_truncated_results", {"resource", call_.resource()}, 1);
    }

    columns::Stream rows_;
    std::optional<Shape> shape_;
    const Call call_;
    const ResultLimits limits_;
    const Ending ending_;
    Taken& taken_;
    std::optional<Error>& failure_;
    bool is_truncated_ = false;
    bool is_over_ = false;
};

// Hands on what was collected, and lets go of each batch that was given.
class CollectedRows final : public BatchSource {
public:
    CollectedRows(columns::Schema schema, std::deque<columns::Array> batches)
        : schema_(std::move(schema)), batches_(std::move(batches)) {}

    void schema(ArrowSchema* out) override { copy_schema(*schema_, "", out); }
    bool next(ArrowArray* out) override {
        if (batches_.empty()) return false;
        batches_.front().move_to(out);
        batches_.pop_front();
        return true;
    }

private:
    columns::Schema schema_;
    std::deque<columns::Array> batches_;
};

bool is_same(const ArrowSchema& a, const ArrowSchema& b) {
    if (std::string_view(a.format) != b.format || name_of(a) != name_of(b) || a.n_children != b.n_children ||
        columns::metadata_value(a, columns::kExtensionKey) != columns::metadata_value(b, columns::kExtensionKey))
        return false;
    for (std::int64_t i = 0; i < a.n_children; ++i) {
        if (!is_same(*a.children[i], *b.children[i])) return false;
    }
    return true;
}

Value written(const Call& call, columns::Stream& rows, Format format) {
    switch (format) {
        case Format::csv: return call.string(to_csv(rows));
        case Format::table: return call.string(to_box(rows));
        case Format::json: break;
    }
    return call.table(rows);
}

columns::Stream stream_of(std::unique_ptr<BatchSource> source, const Call& call) {
    ArrowArrayStream stream{};
    make_stream(std::move(source), call, &stream);
    return columns::Stream(&stream);
}

}  // namespace

Error too_large(const ResultLimits& limits) {
    // Not EXHAUSTED: to try again would not help.
    return {KDEPS_INTERNAL, "the result is larger than maxResultBytes (" + std::to_string(limits.max_bytes) +
                                "); select less, set maxRows, or raise maxResultBytes of the connection"};
}

Value read_rows(const Call& call, columns::Stream rows, Format format, const ResultLimits& limits, const Ending& ending,
                Taken& taken) {
    std::optional<Error> failure;
    columns::Stream limited =
        stream_of(std::make_unique<LimitedRows>(std::move(rows), call, limits, ending, taken, failure), call);
    try {
        return written(call, limited, format);
    } catch (const Error&) {
        if (failure) throw Error(*failure);
        throw;
    }
}

void BatchRows::add(columns::Stream rows, const Ending& ending) {
    std::optional<Error> failure;
    columns::Stream limited =
        stream_of(std::make_unique<LimitedRows>(std::move(rows), call_, limits_, ending, taken_, failure), call_);
    try {
        Chunk chunk{schema_of(limited), {}};
        while (true) {
            ArrowArray raw{};
            if (limited->get_next(limited.get(), &raw) != 0) throw call_.error(KDEPS_INTERNAL);
            if (raw.release == nullptr) break;
            chunk.batches.emplace_back(&raw);
        }
        if (!chunks_.empty() && is_same(*chunks_.back().schema, *chunk.schema)) {
            for (columns::Array& batch : chunk.batches) chunks_.back().batches.push_back(std::move(batch));
        } else {
            chunks_.push_back(std::move(chunk));
        }
    } catch (const Error&) {
        if (failure) throw Error(*failure);
        throw;
    }
}

Value BatchRows::finish() {
    columns::Stream rows;
    if (chunks_.size() == 1) {
        Chunk& all = chunks_.front();
        rows = stream_of(std::make_unique<CollectedRows>(std::move(all.schema), std::move(all.batches)), call_);
    } else {
        rows = united();
    }
    return written(call_, rows, format_);
}

// Chunks whose columns differ in type (SQLite's follow their values): cell by cell, each with a type of its own.
columns::Stream BatchRows::united() {
    std::vector<columns::Column> names;
    const ArrowSchema& first = *chunks_.front().schema;
    for (std::int64_t i = 0; i < first.n_children; ++i)
        names.push_back({std::string(name_of(*first.children[i])), columns::Type::variant});
    columns::RowBuilder all(names);
    std::string scratch;
    for (const Chunk& chunk : chunks_) {
        if (chunk.schema->n_children != first.n_children)
            throw Error(KDEPS_UNSUPPORTED, "the sets of the batch give rows with different columns");
        for (const columns::Array& batch : chunk.batches) {
            std::vector<columns::ColumnReader> readers;
            for (std::int64_t i = 0; i < first.n_children; ++i)
                readers.emplace_back(*chunk.schema->children[i], *batch->children[i]);
            for (std::int64_t row = 0; row < batch->length; ++row) {
                for (std::size_t i = 0; i < readers.size(); ++i) write_cell(readers[i].cell(row, scratch), all[i]);
                all.end_row();
            }
        }
    }
    return stream_of(std::make_unique<BuiltRows>(std::move(all)), call_);
}

Value counts(const Call& call, const kdeps_outcome& outcome) {
    const Value out = call.map();
    call.put(out, "rowsAffected", call.integer(std::max<std::int64_t>(outcome.rows_affected, 0)));
    call.put(out, "lastInsertID", outcome.last_insert_id < 0 ? call.null() : call.integer(outcome.last_insert_id));
    call.put(out, "success", call.boolean(true));
    return out;
}

Value batch_counts(const Call& call, const std::vector<std::int64_t>& affected) {
    std::int64_t total = 0;
    const Value list = call.list();
    for (const std::int64_t count : affected) {
        total += std::max<std::int64_t>(count, 0);
        call.push(list, count < 0 ? call.null() : call.integer(count));
    }
    const Value out = call.map();
    call.put(out, "rowsAffected", call.integer(total));
    call.put(out, "batch", list);
    return out;
}

}  // namespace kdeps::sql
