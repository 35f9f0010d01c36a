// SPDX-License-Identifier: Apache-2.0
// The schemas of result sets.
#pragma once

#include <atomic>
#include <cstddef>
#include <kdeps/cpp/arrow.hpp>
#include <kdeps/cpp/columns.hpp>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace kdeps::columns {

struct Column {
    std::string name;
    Type type = Type::text;
};

namespace detail {

inline std::string metadata(std::string_view key, std::string_view value) {
    std::string out;
    const auto number = [&](std::size_t n) {
        const auto small = static_cast<std::int32_t>(n);
        out.append(reinterpret_cast<const char*>(&small), sizeof(small));
    };
    number(1);
    number(key.size());
    out += key;
    number(value.size());
    out += value;
    return out;
}

struct OwnedSchema {
    std::string format;
    std::string name;
    std::string metadata;
    std::vector<ArrowSchema> children;
    std::vector<ArrowSchema*> child_pointers;
};

inline void release_schema(ArrowSchema* schema) {
    auto* owned = static_cast<OwnedSchema*>(schema->private_data);
    for (ArrowSchema& child : owned->children) {
        if (child.release != nullptr) child.release(&child);
    }
    delete owned;
    schema->release = nullptr;
}

inline void give_schema(std::unique_ptr<OwnedSchema> owned, ArrowSchema* out) {
    *out = {};
    for (ArrowSchema& child : owned->children) {
        owned->child_pointers.push_back(&child);
    }
    out->format = owned->format.c_str();
    out->name = owned->name.c_str();
    out->metadata = owned->metadata.empty() ? nullptr : owned->metadata.data();
    out->flags = ARROW_FLAG_NULLABLE;
    out->n_children = static_cast<std::int64_t>(owned->children.size());
    out->children = owned->child_pointers.data();
    out->private_data = owned.release();
    out->release = release_schema;
}

inline const char* format_of(Type type) {
    switch (type) {
        case Type::null: return "n";
        case Type::boolean: return "b";
        case Type::int8: return "c";
        case Type::int16: return "s";
        case Type::int32: return "i";
        case Type::int64: return "l";
        case Type::uint8: return "C";
        case Type::uint16: return "S";
        case Type::uint32: return "I";
        case Type::uint64: return "L";
        case Type::float32: return "f";
        case Type::float64: return "g";
        case Type::bytes: return "z";
        case Type::date: return "tdD";
        case Type::time: return "ttu";
        case Type::timestamp: return "tsu:";
        case Type::timestamp_utc: return "tsu:UTC";
        default: return "u";
    }
}

// Of a type that needs more than its format.
inline const char* metadata_of(Type type) {
    static const std::string decimal = metadata(kExtensionKey, kDecimalExtension);
    static const std::string json = metadata(kExtensionKey, kJsonExtension);
    return type == Type::decimal ? decimal.data() : type == Type::json ? json.data() : nullptr;
}

}  // namespace detail

// The columns of a result set, shared by all schemas made of it: a statement makes it once, and each execution gives
// its schema for the price of one allocation.  Immutable; any thread.
class Layout {
public:
    explicit Layout(std::vector<Column> columns)
        : columns_(std::make_shared<const std::vector<Column>>(std::move(columns))) {}

    const std::vector<Column>& columns() const { return *columns_; }

    // A variant is told as text: RowBuilder knows better.
    void schema(ArrowSchema* out) const {
        const std::size_t count = columns_->size();
        Given* given = Given::make(columns_, count);
        for (std::size_t i = 0; i < count; ++i) {
            const Column& column = (*columns_)[i];
            ArrowSchema& child = given->children()[i];
            given->pointers()[i] = &child;
            child = {};
            child.format = detail::format_of(column.type);
            child.name = column.name.c_str();
            child.metadata = detail::metadata_of(column.type);
            child.flags = ARROW_FLAG_NULLABLE;
            child.private_data = given;
            child.release = [](ArrowSchema* schema) {
                Given::of(schema)->drop();
                schema->release = nullptr;
            };
        }
        *out = {};
        out->format = "+s";
        out->name = "";
        out->n_children = static_cast<std::int64_t>(count);
        out->children = given->pointers();
        out->private_data = given;
        out->release = [](ArrowSchema* schema) {
            for (std::int64_t i = 0; i < schema->n_children; ++i) {
                if (schema->children[i]->release != nullptr) schema->children[i]->release(schema->children[i]);
            }
            Given::of(schema)->drop();
            schema->release = nullptr;
        };
    }

private:
    // One schema that was given away, in one piece of memory.  It ends with the last of its columns, which a consumer
    // may keep without the rest.
    class Given {
    public:
        static Given* make(const std::shared_ptr<const std::vector<Column>>& columns, std::size_t count) {
            void* memory = ::operator new(sizeof(Given) + count * (sizeof(ArrowSchema) + sizeof(ArrowSchema*)));
            return new (memory) Given(columns, count);
        }
        static Given* of(const ArrowSchema* schema) { return static_cast<Given*>(schema->private_data); }

        ArrowSchema* children() { return reinterpret_cast<ArrowSchema*>(this + 1); }
        ArrowSchema** pointers() { return reinterpret_cast<ArrowSchema**>(children() + columns_->size()); }

        void drop() {
            if (users_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
            this->~Given();
            ::operator delete(this);
        }

    private:
        Given(std::shared_ptr<const std::vector<Column>> columns, std::size_t count)
            : columns_(std::move(columns)), users_(count + 1) {}

        std::shared_ptr<const std::vector<Column>> columns_;
        std::atomic<std::size_t> users_;  // the columns, and the whole
    };
    static_assert(sizeof(Given) % alignof(ArrowSchema) == 0);

    std::shared_ptr<const std::vector<Column>> columns_;
};

}  // namespace kdeps::columns
