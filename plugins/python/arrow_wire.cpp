// SPDX-License-Identifier: Apache-2.0
#include "arrow_wire.hpp"

#include <cstring>

#include "arrow_layout.hpp"

namespace kdeps::python {

namespace {

constexpr std::uint64_t kAbsent = UINT64_MAX;

[[noreturn]] void broken(const char* why) {
    throw std::runtime_error(std::string("a table in a message is broken: ") + why);
}

// Metadata of a schema: counted pairs of counted texts.
std::string_view metadata_of(const char* metadata) {
    if (metadata == nullptr) return {};
    const char* at = metadata;
    const auto number = [&] {
        std::int32_t out = 0;
        std::memcpy(&out, at, sizeof(out));
        at += sizeof(out);
        return out;
    };
    for (std::int32_t texts = 2 * number(); texts > 0; --texts) {
        const std::int32_t size = number();
        at += size;
    }
    return {metadata, static_cast<std::size_t>(at - metadata)};
}

void write_schema(const ArrowSchema& schema, Writer& out) {
    out.text(schema.format);
    out.text(schema.name == nullptr ? "" : schema.name);
    out.text(metadata_of(schema.metadata));
    out.put(schema.flags);
    out.put(static_cast<std::uint64_t>(schema.n_children));
    for (std::int64_t i = 0; i < schema.n_children; ++i) write_schema(*schema.children[i], out);
    out.put<std::uint8_t>(schema.dictionary != nullptr);
    if (schema.dictionary != nullptr) write_schema(*schema.dictionary, out);
}

void write_array(const ArrowSchema& schema, const ArrowArray& array, Packet& packet) {
    const Layout layout = layout_of(schema.format);
    if (!layout.is_known || static_cast<std::int64_t>(layout.count) != array.n_buffers) {
        throw std::runtime_error("column '" + std::string(schema.name == nullptr ? "" : schema.name) +
                                 "' has the Arrow format '" + schema.format + "', which cannot be handed over");
    }
    Writer& out = packet.body;
    out.put(array.length);
    out.put(array.null_count);
    out.put(array.offset);
    for (std::size_t i = 0; i < layout.count; ++i) {
        if (array.buffers[i] == nullptr) {
            out.put(kAbsent);
            out.put<std::uint64_t>(0);
            continue;
        }
        const std::size_t size = buffer_size(layout, i, array.length + array.offset, array);
        out.put(static_cast<std::uint64_t>(packet.add(array.buffers[i], size)));
        out.put(static_cast<std::uint64_t>(size));
    }
    for (std::int64_t i = 0; i < schema.n_children; ++i) write_array(*schema.children[i], *array.children[i], packet);
    if (schema.dictionary != nullptr) write_array(*schema.dictionary, *array.dictionary, packet);
}

// What a struct of ours points to.
template <typename Struct>
struct Held {
    std::shared_ptr<const void> owner;
    std::string texts[3];
    std::vector<const void*> buffers;
    std::vector<Struct> children;
    std::vector<Struct*> places;
    Struct dictionary{};
};

template <typename Struct>
void release(Struct* released) {
    auto* held = static_cast<Held<Struct>*>(released->private_data);
    for (Struct& child : held->children) {
        if (child.release != nullptr) child.release(&child);
    }
    if (held->dictionary.release != nullptr) held->dictionary.release(&held->dictionary);
    delete held;
    released->release = nullptr;
}

// The struct owns what it has even if reading a child throws: its caller releases it.
template <typename Struct>
Held<Struct>* begin(Struct* out, std::shared_ptr<const void> owner, std::size_t children) {
    auto* held = new Held<Struct>();
    held->owner = std::move(owner);
    held->children.resize(children);
    for (Struct& child : held->children) held->places.push_back(&child);
    *out = {};
    out->n_children = static_cast<std::int64_t>(children);
    out->children = held->places.empty() ? nullptr : held->places.data();
    out->private_data = held;
    out->release = release<Struct>;
    return held;
}

constexpr int kDeepest = 64;

void read_schema(Reader& in, ArrowSchema* out, int depth) {
    if (depth > kDeepest) broken("it is nested too deeply");
    const std::string_view format = in.text();
    const std::string_view name = in.text();
    const std::string_view metadata = in.text();
    const auto flags = in.take<std::int64_t>();
    Held<ArrowSchema>* held = begin(out, nullptr, in.count());
    held->texts[0] = format;
    held->texts[1] = name;
    held->texts[2] = metadata;
    out->format = held->texts[0].c_str();
    out->name = held->texts[1].c_str();
    out->metadata = metadata.empty() ? nullptr : held->texts[2].data();
    out->flags = flags;
    for (ArrowSchema& child : held->children) read_schema(in, &child, depth + 1);
    if (in.take<std::uint8_t>() != 0) {
        read_schema(in, &held->dictionary, depth + 1);
        out->dictionary = &held->dictionary;
    }
}

template <typename Offset>
void check_offsets(const void* buffer, std::int64_t rows, std::size_t data) {
    const auto* offsets = static_cast<const Offset*>(buffer);
    if (offsets[0] < 0) broken("an offset is negative");
    for (std::int64_t i = 0; i < rows; ++i) {
        if (offsets[i + 1] < offsets[i]) broken("its offsets are not in order");
    }
    if (static_cast<std::size_t>(offsets[rows]) > data) broken("an offset leads out of its buffer");
}

std::size_t child_rows(const ArrowArray& array, std::int64_t i) {
    return static_cast<std::size_t>(array.children[i]->length);
}

void check_variant(const ArrowArray& array, std::int64_t rows) {
    const auto* ids = static_cast<const std::int8_t*>(array.buffers[0]);
    const auto* places = static_cast<const std::int32_t*>(array.buffers[1]);
    for (std::int64_t i = array.offset; i < rows; ++i) {
        if (ids[i] < 0 || ids[i] >= array.n_children) broken("a cell has no type");
        if (places[i] < 0 || static_cast<std::size_t>(places[i]) >= child_rows(array, ids[i]))
            broken("a cell leads out of its column");
    }
}

void read_array(const ArrowSchema& schema, Reader& in, const std::shared_ptr<const Memory>& memory, ArrowArray* out) {
    const Layout layout = layout_of(schema.format);
    if (!layout.is_known) broken("a type is not known");
    Held<ArrowArray>* held = begin(out, memory, static_cast<std::size_t>(schema.n_children));
    out->length = in.take<std::int64_t>();
    out->null_count = in.take<std::int64_t>();
    out->offset = in.take<std::int64_t>();
    constexpr std::int64_t kMostRows = std::int64_t{1} << 40;
    if (out->length < 0 || out->offset < 0 || out->length > kMostRows || out->offset > kMostRows) broken("its length");
    const std::int64_t rows = out->length + out->offset;
    held->buffers.resize(layout.count);
    out->n_buffers = static_cast<std::int64_t>(layout.count);
    out->buffers = held->buffers.data();
    for (std::size_t i = 0; i < layout.count; ++i) {
        const auto offset = in.take<std::uint64_t>();
        const auto size = in.take<std::uint64_t>();
        const bool is_data = layout.buffers[i].growth == Growth::data32 || layout.buffers[i].growth == Growth::data64;
        if (offset == kAbsent) {
            if (layout.buffers[i].growth != Growth::validity && !is_data && rows > 0) broken("a buffer is missing");
            continue;
        }
        if (memory == nullptr || offset > memory->size() || size > memory->size() - offset) {
            if (size > 0) broken("a buffer leads out of its memory");
        }
        static constexpr std::int64_t kNothing = 0;
        held->buffers[i] =
            memory == nullptr || size == 0 ? static_cast<const void*>(&kNothing) : memory->data() + offset;
        if (!is_data) {
            if (size < buffer_size(layout, i, rows, *out)) broken("a buffer is too small");
        } else if (rows > 0) {
            layout.buffers[i].growth == Growth::data32 ? check_offsets<std::int32_t>(held->buffers[1], rows, size)
                                                       : check_offsets<std::int64_t>(held->buffers[1], rows, size);
        }
    }
    for (std::int64_t i = 0; i < schema.n_children; ++i) read_array(*schema.children[i], in, memory, out->children[i]);
    if (schema.dictionary != nullptr) {
        read_array(*schema.dictionary, in, memory, &held->dictionary);
        out->dictionary = &held->dictionary;
    }
    const std::string_view format = schema.format;
    if (format.starts_with("+ud:")) check_variant(*out, rows);
    if (format == "+s") {
        for (std::int64_t i = 0; i < out->n_children; ++i) {
            if (out->children[i]->length < rows) broken("a column is too short");
        }
    }
    if ((format == "+l" || format == "+m") && rows > 0)
        check_offsets<std::int32_t>(out->buffers[1], rows, child_rows(*out, 0));
    if (format == "+L" && rows > 0) check_offsets<std::int64_t>(out->buffers[1], rows, child_rows(*out, 0));
}

template <typename Struct>
void share(const Struct& from, const std::shared_ptr<const void>& owner, Struct* out) {
    Held<Struct>* held = begin(out, owner, static_cast<std::size_t>(from.n_children));
    const Struct mine = *out;
    *out = from;
    out->children = mine.children;
    out->private_data = mine.private_data;
    out->release = mine.release;
    for (std::size_t i = 0; i < held->children.size(); ++i) share(*from.children[i], owner, &held->children[i]);
    if (from.dictionary != nullptr) {
        share(*from.dictionary, owner, &held->dictionary);
        out->dictionary = &held->dictionary;
    }
}

struct OpenTable {
    std::shared_ptr<const SharedTable> table;
    std::int64_t skip;
    std::int64_t left;
    std::size_t next = 0;
};

// The rows are cut in the columns: some readers add the offset of a struct to its columns, some do not.
void cut(ArrowArray* batch, std::int64_t skip, std::int64_t count) {
    if (skip == 0 && count == batch->length) return;
    batch->length = count;
    batch->null_count = 0;
    for (std::int64_t i = 0; i < batch->n_children; ++i) {
        ArrowArray& column = *batch->children[i];
        column.offset += skip;
        column.length = count;
        if (column.null_count != 0) column.null_count = -1;
    }
}

}  // namespace

std::shared_ptr<const SharedTable> SharedTable::read(Reader& body, std::shared_ptr<const Memory> memory) {
    std::shared_ptr<SharedTable> table(new SharedTable());
    table->memory_ = std::move(memory);
    read_schema(body, table->schema_.get(), 0);
    if (std::string_view(table->schema_->format) != "+s") broken("it is no table");
    for (std::size_t left = body.count(); left > 0; --left) {
        columns::Array batch;
        read_array(*table->schema_, body, table->memory_, batch.get());
        if (batch->offset != 0) broken("a batch has an offset");
        table->row_count_ += batch->length;
        table->batches_.push_back(std::move(batch));
    }
    return table;
}

void SharedTable::open(std::shared_ptr<const SharedTable> table, std::int64_t first, std::int64_t count,
                       ArrowArrayStream* out) {
    *out = {};
    out->private_data = new OpenTable{std::move(table), first, count, 0};
    out->get_schema = [](ArrowArrayStream* stream, ArrowSchema* schema) {
        const auto& open = *static_cast<OpenTable*>(stream->private_data);
        share(open.table->schema(), std::static_pointer_cast<const void>(open.table), schema);
        return 0;
    };
    out->get_next = [](ArrowArrayStream* stream, ArrowArray* array) {
        auto& open = *static_cast<OpenTable*>(stream->private_data);
        *array = {};
        while (open.left > 0 && open.next < open.table->batch_count()) {
            const ArrowArray& batch = open.table->batch(open.next++);
            const std::int64_t skip = std::min(open.skip, batch.length);
            const std::int64_t rows = std::min(batch.length - skip, open.left);
            open.skip -= skip;
            open.left -= rows;
            if (rows == 0) continue;
            share(batch, std::static_pointer_cast<const void>(open.table), array);
            cut(array, skip, rows);
            break;
        }
        return 0;
    };
    out->get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
    out->release = [](ArrowArrayStream* stream) {
        delete static_cast<OpenTable*>(stream->private_data);
        stream->release = nullptr;
    };
}

TableParts read_parts(columns::Stream& stream) {
    const auto check = [&](int failed) {
        if (failed != 0) {
            const char* why = stream->get_last_error(stream.get());
            throw std::runtime_error(std::string("the rows of a table cannot be read: ") +
                                     (why == nullptr ? std::strerror(failed) : why));
        }
    };
    TableParts parts;
    check(stream->get_schema(stream.get(), parts.schema.get()));
    while (true) {
        columns::Array batch;
        check(stream->get_next(stream.get(), batch.get()));
        if (!batch) return parts;
        if (batch->length > 0) parts.batches.push_back(std::move(batch));
    }
}

void write_table(const TableParts& parts, Packet& packet) {
    write_schema(*parts.schema, packet.body);
    packet.body.put(static_cast<std::uint64_t>(parts.batches.size()));
    for (const columns::Array& batch : parts.batches) {
        if (batch->offset == 0) {
            write_array(*parts.schema, *batch, packet);
            continue;
        }
        // Its offset goes into the columns.
        ArrowArray copy = *batch;
        std::vector<ArrowArray> columns;
        std::vector<ArrowArray*> places;
        for (std::int64_t i = 0; i < copy.n_children; ++i) columns.push_back(*copy.children[i]);
        for (ArrowArray& column : columns) {
            column.offset += copy.offset;
            column.length = copy.length;
            if (column.null_count != 0) column.null_count = -1;
            places.push_back(&column);
        }
        copy.offset = 0;
        copy.children = places.data();
        write_array(*parts.schema, copy, packet);
    }
}

}  // namespace kdeps::python
