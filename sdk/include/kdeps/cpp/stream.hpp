// SPDX-License-Identifier: Apache-2.0
// A result set as a driver gives it: a source of batches behind the Arrow C stream interface.
#pragma once

#include <cerrno>
#include <kdeps/cpp/call.hpp>
#include <kdeps/cpp/row_builder.hpp>

KDEPS_SDK_BEGIN

// Used by one thread, within the call that made it.
class BatchSource {
public:
    virtual ~BatchSource() = default;
    // Both throw Error.
    virtual void schema(ArrowSchema* out) = 0;
    // False at the end, and *out is not written.
    virtual bool next(ArrowArray* out) = 0;
};

namespace detail {

struct StreamState {
    std::unique_ptr<BatchSource> source;
    const kdeps_host* host;
    kdeps_call* call;
    std::string message;

    template <typename Work>
    int run(Work work) {
        if (guarded(host, call, work) == KDEPS_OK) {
            return 0;
        }
        kdeps_error error{};
        error.struct_size = sizeof(error);
        message = host->last_error(call, &error) != 0 ? std::string(to_view(error.message)) : "reading rows failed";
        return EIO;
    }
};

}  // namespace detail

// A source whose error goes to host->fail before the stream returns an errno, so that the SQLSTATE survives get_next.
inline void make_stream(std::unique_ptr<BatchSource> source, const Call& call, ArrowArrayStream* out) {
    using State = detail::StreamState;
    static const auto of = [](ArrowArrayStream* stream) -> State& {
        return *static_cast<State*>(stream->private_data);
    };

    out->private_data = new State{std::move(source), call.host().get(), call.get(), {}};
    out->get_schema = [](ArrowArrayStream* stream, ArrowSchema* schema) {
        return of(stream).run([&] { of(stream).source->schema(schema); });
    };
    out->get_next = [](ArrowArrayStream* stream, ArrowArray* array) {
        return of(stream).run([&] {
            if (!of(stream).source->next(array)) {
                *array = {};
            }
        });
    };
    out->get_last_error = [](ArrowArrayStream* stream) { return of(stream).message.c_str(); };
    out->release = [](ArrowArrayStream* stream) {
        delete &of(stream);
        stream->release = nullptr;
    };
}

// Rows that are all there.
class BuiltRows final : public BatchSource {
public:
    explicit BuiltRows(columns::RowBuilder rows) : rows_(std::move(rows)) {}

    void schema(ArrowSchema* out) override { rows_.schema(out); }
    bool next(ArrowArray* out) override {
        if (is_given_) return false;
        is_given_ = true;
        rows_.finish(out);
        return true;
    }

private:
    columns::RowBuilder rows_;
    bool is_given_ = false;
};

namespace detail {

inline void expect_rows(columns::Stream& stream, int failed) {
    if (failed == 0) return;
    const char* why = stream->get_last_error(stream.get());
    throw Error(KDEPS_BAD_DATA, why == nullptr ? "the rows cannot be read" : why);
}

}  // namespace detail

// What a stream's columns are called and of which types they are.  Throws Error.
inline columns::Schema schema_of(columns::Stream& stream) {
    ArrowSchema raw{};
    detail::expect_rows(stream, stream->get_schema(stream.get(), &raw));
    return columns::Schema(&raw);
}

// Reads a stream batch by batch: calls visit(column readers, rows) for each.  Throws Error.
template <typename Visit>
void for_each_batch(columns::Stream& stream, const columns::Schema& schema, Visit visit) {
    while (true) {
        ArrowArray raw{};
        detail::expect_rows(stream, stream->get_next(stream.get(), &raw));
        if (raw.release == nullptr) {
            return;
        }
        const columns::Array batch(&raw);
        std::vector<columns::ColumnReader> readers;
        readers.reserve(static_cast<std::size_t>(schema->n_children));
        for (std::int64_t i = 0; i < schema->n_children; ++i) {
            readers.emplace_back(*schema->children[i], *batch->children[i]);
        }
        visit(readers, batch->length);
    }
}

template <typename Visit>
void for_each_batch(columns::Stream& stream, Visit visit) {
    for_each_batch(stream, schema_of(stream), visit);
}

KDEPS_SDK_END
