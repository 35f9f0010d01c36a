// SPDX-License-Identifier: Apache-2.0
// Makes Arrow columns row by row.  A driver names its columns once, then writes cells and ends rows; finish() gives the
// batch away.
#pragma once

#include <array>
#include <cstdlib>
#include <cstring>
#include <kdeps/cpp/arrow.hpp>
#include <kdeps/cpp/columns.hpp>
#include <kdeps/cpp/error.hpp>
#include <kdeps/cpp/layout.hpp>
#include <memory>

namespace kdeps::columns {

// Bytes of one Arrow buffer.  Grows by doubling; malloc, so that ownership can be handed on without a destructor.
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          room_(std::exchange(other.room_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(room_, other.room_);
        return *this;
    }
    ~Buffer() { std::free(data_); }

    std::size_t size() const { return size_; }
    char* data() { return data_; }

    void append(const void* bytes, std::size_t count) {
        if (count > 0) {
            std::memcpy(grow(count), bytes, count);
        }
    }
    template <typename T>
    void push(T value) {
        std::memcpy(grow(sizeof(T)), &value, sizeof(T));
    }
    // Room for `count` more bytes, which count as written.
    char* grow(std::size_t count) {
        if (size_ + count > room_) {
            constexpr std::size_t kFirst = 256;
            const std::size_t wanted = std::max({kFirst, room_ * 2, size_ + count});
            auto* moved = static_cast<char*>(std::realloc(data_, wanted));
            if (moved == nullptr) {
                throw std::bad_alloc();
            }
            data_ = moved;
            room_ = wanted;
        }
        char* at = data_ + size_;
        size_ += count;
        return at;
    }
    void shrink(std::size_t size) { size_ = size; }

private:
    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t room_ = 0;
};

// The cells of one column, of one type.
class ColumnBuilder {
public:
    explicit ColumnBuilder(Type type) : type_(type) {}

    Type type() const { return type_; }
    std::int64_t size() const { return size_; }
    std::size_t bytes() const {
        std::size_t sum = values_.size() + text_.size() + valid_.size() + ids_.size();
        for (const ColumnBuilder& child : children_) sum += child.bytes();
        return sum;
    }

    void null() {
        if (type_ == Type::variant) {
            variant(Type::null).null();
            return;
        }
        ++null_count_;
        mark(false);
        if (is_variable()) {
            end_text();
        } else if (type_ == Type::boolean) {
            bit(false);
        } else if (type_ != Type::null) {
            std::memset(values_.grow(width()), 0, width());
        }
        ++size_;
    }

    void boolean(bool value) {
        if (type_ == Type::variant) {
            variant(Type::boolean).boolean(value);
            return;
        }
        mark(true);
        bit(value);
        ++size_;
    }

    // For every integer, date, time and timestamp type; the value must fit.
    void integer(std::int64_t value) {
        switch (type_) {
            case Type::variant: variant(Type::int64).integer(value); return;
            case Type::int8:
            case Type::uint8: fixed(static_cast<std::int8_t>(value)); break;
            case Type::int16:
            case Type::uint16: fixed(static_cast<std::int16_t>(value)); break;
            case Type::int32:
            case Type::uint32:
            case Type::date: fixed(static_cast<std::int32_t>(value)); break;
            default: fixed(value); break;
        }
    }

    void number(double value) {
        if (type_ == Type::variant) {
            variant(Type::float64).number(value);
        } else if (type_ == Type::float32) {
            fixed(static_cast<float>(value));
        } else {
            fixed(value);
        }
    }

    // For text, bytes, decimal and JSON columns; a variant takes it as text.
    void text(std::string_view value) {
        if (type_ == Type::variant) {
            variant(Type::text).text(value);
            return;
        }
        text_.append(value.data(), value.size());
        mark(true);
        end_text();
        ++size_;
    }

    // Room for a text whose size is known; the caller writes it.
    char* text_room(std::size_t count) {
        char* at = text_.grow(count);
        mark(true);
        end_text();
        ++size_;
        return at;
    }

    // A cell of another type in a variant column.
    ColumnBuilder& variant(Type type) {
        std::size_t i = 0;
        while (i < children_.size() && children_[i].type_ != type) {
            ++i;
        }
        if (i == children_.size()) {
            children_.emplace_back(type);
        }
        ids_.push(static_cast<std::int8_t>(i));
        values_.push(static_cast<std::int32_t>(children_[i].size()));
        ++size_;
        return children_[i];
    }

    // In a variant, room for every type that a batch may hold, so that batches of one stream have one schema.
    void set_variants(const std::vector<Type>& types) {
        for (const Type type : types) {
            children_.emplace_back(type);
        }
    }

    // The type that all cells of a variant column have (null where there is none), or variant if they differ.
    Type uniform_type() const {
        Type found = Type::null;
        for (const ColumnBuilder& child : children_) {
            if (child.type_ != Type::null && child.size_ > 0) {
                if (found != Type::null) return Type::variant;
                found = child.type_;
            }
        }
        return found;
    }

    // Makes a variant column whose cells have one type a column of that type.
    void collapse() {
        const Type found = uniform_type();
        if (type_ != Type::variant || found == Type::variant) return;
        ColumnBuilder plain(found);
        ColumnBuilder* from = nullptr;
        for (ColumnBuilder& child : children_) {
            if (child.type_ == found) from = &child;
        }
        if (from != nullptr && from->size_ == size_) {
            plain = std::move(*from);  // not one NULL among them
        } else {
            const auto* ids = reinterpret_cast<const std::int8_t*>(ids_.data());
            std::int64_t next = 0;
            for (std::int64_t i = 0; i < size_; ++i) {
                if (from == nullptr || children_[static_cast<std::size_t>(ids[i])].type_ == Type::null) {
                    plain.null();
                } else {
                    plain.copy(*from, next++);
                }
            }
        }
        *this = std::move(plain);
    }

    void schema(const std::string& name, ArrowSchema* out) const;
    // The cells so far; the builder is empty afterwards.
    void finish(ArrowArray* out);

private:
    struct Owned {
        std::array<Buffer, 3> buffers;
        std::array<const void*, 3> pointers{};
        std::vector<ArrowArray> children;
        std::vector<ArrowArray*> child_pointers;
    };

    bool is_variable() const {
        return type_ == Type::text || type_ == Type::bytes || type_ == Type::decimal || type_ == Type::json;
    }

    std::size_t width() const {
        switch (type_) {
            case Type::int8:
            case Type::uint8: return 1;
            case Type::int16:
            case Type::uint16: return 2;
            case Type::int32:
            case Type::uint32:
            case Type::float32:
            case Type::date: return 4;
            default: return 8;
        }
    }

    std::int32_t offset() const {
        if (text_.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
            throw Error(KDEPS_EXHAUSTED, "a batch of rows is larger than 2 GiB");
        }
        return static_cast<std::int32_t>(text_.size());
    }

    template <typename T>
    void fixed(T value) {
        mark(true);
        values_.push(value);
        ++size_;
    }

    // The first offset stands before the first text.
    void end_text() {
        if (values_.size() == 0) values_.push<std::int32_t>(0);
        values_.push(offset());
    }

    // There is no bitmap before the first NULL.
    void mark(bool is_valid) {
        if (type_ == Type::null || (is_valid && null_count_ == 0)) return;
        if (!is_valid && null_count_ == 1 && size_ > 0) {
            const auto whole = static_cast<std::size_t>(size_ / 8);
            if (whole > 0) std::memset(valid_.grow(whole), 0xFF, whole);
            if (size_ % 8 != 0) valid_.push(static_cast<std::uint8_t>((1U << size_ % 8) - 1));
        }
        set_bit(valid_, is_valid);
    }
    void bit(bool value) { set_bit(values_, value); }
    // Bit size_ of a bitmap.
    void set_bit(Buffer& bits, bool value) {
        const auto i = static_cast<unsigned>(size_ % 8);
        if (i == 0) bits.push<std::uint8_t>(0);
        if (value)
            bits.data()[size_ / 8] = static_cast<char>(static_cast<unsigned char>(bits.data()[size_ / 8]) | 1U << i);
    }

    void copy(ColumnBuilder& from, std::int64_t i) {
        if (is_variable()) {
            const auto* offsets = reinterpret_cast<const std::int32_t*>(from.values_.data()) + i;
            text({from.text_.data() + offsets[0], static_cast<std::size_t>(offsets[1] - offsets[0])});
        } else if (type_ == Type::boolean) {
            boolean((static_cast<unsigned char>(from.values_.data()[i / 8]) >> (i % 8) & 1U) != 0);
        } else {
            mark(true);
            values_.append(from.values_.data() + static_cast<std::size_t>(i) * width(), width());
            ++size_;
        }
    }

    static void release(ArrowArray* array) {
        auto* owned = static_cast<Owned*>(array->private_data);
        for (ArrowArray& child : owned->children) {
            if (child.release != nullptr) child.release(&child);
        }
        delete owned;
        array->release = nullptr;
    }

    Type type_;
    std::int64_t size_ = 0;
    std::int64_t null_count_ = 0;
    Buffer valid_;   // bitmap
    Buffer values_;  // numbers; offsets of text; places in the children of a variant
    Buffer text_;
    Buffer ids_;  // of a variant: which child
    std::vector<ColumnBuilder> children_;
};

inline void ColumnBuilder::schema(const std::string& name, ArrowSchema* out) const {
    auto owned = std::make_unique<detail::OwnedSchema>();
    owned->name = name;
    owned->format = detail::format_of(type_);
    if (type_ == Type::decimal) owned->metadata = detail::metadata(kExtensionKey, kDecimalExtension);
    if (type_ == Type::json) owned->metadata = detail::metadata(kExtensionKey, kJsonExtension);
    if (type_ == Type::variant) {
        owned->format = "+ud:";
        owned->children.resize(children_.size());
        for (std::size_t i = 0; i < children_.size(); ++i) {
            owned->format += (i == 0 ? "" : ",") + std::to_string(i);
            children_[i].schema(std::to_string(i), &owned->children[i]);
        }
    }
    detail::give_schema(std::move(owned), out);
}

inline void ColumnBuilder::finish(ArrowArray* out) {
    auto owned = std::make_unique<Owned>();
    *out = {};
    out->length = size_;
    if (type_ == Type::variant) {
        owned->buffers[0] = std::move(ids_);
        owned->buffers[1] = std::move(values_);
        out->n_buffers = 2;
        owned->children.resize(children_.size());
        for (std::size_t i = 0; i < children_.size(); ++i) {
            children_[i].finish(&owned->children[i]);
            owned->child_pointers.push_back(&owned->children[i]);
        }
        out->n_children = static_cast<std::int64_t>(children_.size());
        out->children = owned->child_pointers.data();
    } else if (type_ == Type::null) {
        out->null_count = size_;
    } else {
        if (is_variable() && values_.size() == 0) values_.push<std::int32_t>(0);
        out->null_count = null_count_;
        out->n_buffers = is_variable() ? 3 : 2;
        owned->buffers[0] = std::move(valid_);
        owned->buffers[1] = std::move(values_);
        owned->buffers[2] = std::move(text_);
    }
    for (std::size_t i = 0; i < owned->buffers.size(); ++i) {
        // A buffer of no bytes still needs an address.
        owned->pointers[i] = owned->buffers[i].data() == nullptr ? "" : owned->buffers[i].data();
    }
    if (type_ != Type::variant && out->null_count == 0 && out->n_buffers > 0) {
        owned->pointers[0] = nullptr;  // no bitmap: every cell is valid
    }
    out->buffers = owned->pointers.data();
    out->private_data = owned.release();
    out->release = release;

    size_ = null_count_ = 0;
    valid_ = Buffer();
    values_ = Buffer();
    text_ = Buffer();
    ids_ = Buffer();
}

class RowBuilder {
public:
    explicit RowBuilder(Layout layout) : layout_(std::move(layout)) {
        columns_.reserve(layout_.columns().size());
        for (const Column& column : layout_.columns()) {
            columns_.emplace_back(column.type);
        }
    }
    explicit RowBuilder(std::vector<Column> columns) : RowBuilder(Layout(std::move(columns))) {}

    // The builder of column i: exactly one cell is written to each column of a row.
    ColumnBuilder& operator[](std::size_t i) { return columns_[i]; }
    std::size_t column_count() const { return columns_.size(); }
    void end_row() { ++rows_; }

    std::int64_t rows() const { return rows_; }
    std::size_t bytes() const {
        std::size_t sum = 0;
        for (const ColumnBuilder& column : columns_) sum += column.bytes();
        return sum;
    }

    void schema(ArrowSchema* out) const {
        layout_.schema(out);
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            // Only its builder knows of which types a variant is, or has become.
            if (layout_.columns()[i].type != Type::variant) continue;
            out->children[i]->release(out->children[i]);
            columns_[i].schema(layout_.columns()[i].name, out->children[i]);
        }
    }

    // The rows so far as one batch; the builder is empty afterwards.
    void finish(ArrowArray* out) {
        struct Batch {
            explicit Batch(std::size_t columns) : children(columns) { pointers.reserve(columns); }
            std::vector<ArrowArray> children;
            std::vector<ArrowArray*> pointers;
            const void* no_bitmap = nullptr;
        };
        auto batch = std::make_unique<Batch>(columns_.size());
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            columns_[i].finish(&batch->children[i]);
            batch->pointers.push_back(&batch->children[i]);
        }
        *out = {};
        out->length = rows_;
        out->n_buffers = 1;
        out->buffers = &batch->no_bitmap;
        out->n_children = static_cast<std::int64_t>(columns_.size());
        out->children = batch->pointers.data();
        out->private_data = batch.release();
        out->release = [](ArrowArray* array) {
            auto* owned = static_cast<Batch*>(array->private_data);
            for (ArrowArray& child : owned->children) {
                if (child.release != nullptr) child.release(&child);
            }
            delete owned;
            array->release = nullptr;
        };
        rows_ = 0;
    }

private:
    Layout layout_;
    std::vector<ColumnBuilder> columns_;
    std::int64_t rows_ = 0;
};

}  // namespace kdeps::columns
