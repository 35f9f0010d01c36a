// SPDX-License-Identifier: Apache-2.0
// The value that flows through a run.  16 bytes; a copy shares its payload, which nobody changes once it is shared.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kdeps::value {

class Table;
using TablePtr = std::shared_ptr<const Table>;
class Map;
class Value;
using List = std::vector<Value>;

// integer is int64; larger integers are decimal.  decimal keeps its exact digits as JSON number text; with a double it
// acts as one in arithmetic (core/value/number.hpp). A row of a table is a map that reads its columns when asked.
// object is what only expressions make: time, duration, ...
enum class Kind : std::uint8_t { null, boolean, integer, floating, decimal, string, bytes, list, map, table, object };

// What the expression language tells apart within a kind; everything else may ignore it.  row: a map that reads a
// table. absent: an empty list that also equals null.  integers, texts, pair: lists whose elements the language knows
// the type of; a map of texts gives "" for a key that it does not have.
enum class Flavor : std::uint8_t { plain, row, absent, integers, texts, pair };

// Payload shared by values.  Any thread.
class Shared {
public:
    Shared() = default;
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    virtual ~Shared() = default;

private:
    friend class Value;
    mutable std::atomic<std::uint32_t> references_{1};
    mutable std::atomic<bool> is_plain_{false};
};

// A kind of value that the expression language adds.
class Object : public Shared {
public:
    virtual std::string_view type_name() const = 0;  // what type(x) answers
    virtual std::string text() const = 0;            // what string(x) answers
    virtual Value plain() const = 0;                 // as JSON has it
    virtual bool equals(const Object& other) const = 0;
    virtual bool is_deeper_than(std::size_t) const { return false; }  // see below
};

class Value {
public:
    Value() noexcept : kind_(Kind::null) { as_.integer = 0; }
    Value(bool value) noexcept : kind_(Kind::boolean) { as_.boolean = value; }
    Value(std::int64_t value) noexcept : kind_(Kind::integer) { as_.integer = value; }
    Value(int value) noexcept : Value(static_cast<std::int64_t>(value)) {}
    Value(std::size_t value) noexcept : Value(static_cast<std::int64_t>(value)) {}
    Value(double value) noexcept : kind_(Kind::floating) { as_.floating = value; }
    Value(std::string text);
    Value(std::string_view text) : Value(std::string(text)) {}
    Value(const char* text) : Value(std::string(text)) {}
    static Value decimal(std::string digits);
    static Value bytes(std::string bytes);
    static Value list(List elements, Flavor flavor = Flavor::plain);
    static Value map(Map entries, Flavor flavor = Flavor::plain);
    static Value table(TablePtr table);
    static Value row(TablePtr table, std::size_t row);
    static Value object(std::unique_ptr<Object> object);

    Value(const Value& other) noexcept : kind_(other.kind_), flavor_(other.flavor_), as_(other.as_) { retain(); }
    Value(Value&& other) noexcept : kind_(other.kind_), flavor_(other.flavor_), as_(other.as_) {
        other.kind_ = Kind::null;
    }
    Value& operator=(const Value& other) noexcept {
        Value copy(other);
        swap(copy);
        return *this;
    }
    Value& operator=(Value&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Value() { release(); }
    void swap(Value& other) noexcept {
        std::swap(kind_, other.kind_);
        std::swap(flavor_, other.flavor_);
        std::swap(as_, other.as_);
    }

    Kind kind() const noexcept { return kind_; }
    bool is_null() const noexcept { return kind_ == Kind::null; }
    bool is_bool() const noexcept { return kind_ == Kind::boolean; }
    bool is_int() const noexcept { return kind_ == Kind::integer; }
    bool is_number() const noexcept {
        return kind_ == Kind::integer || kind_ == Kind::floating || kind_ == Kind::decimal;
    }
    bool is_string() const noexcept { return kind_ == Kind::string; }
    bool is_array() const noexcept { return kind_ == Kind::list || kind_ == Kind::table; }
    bool is_map() const noexcept { return kind_ == Kind::map; }
    Flavor flavor() const noexcept { return flavor_; }
    bool is_row() const noexcept { return kind_ == Kind::map && flavor_ == Flavor::row; }

    // Each wants the kind that it is named after.
    bool boolean() const noexcept { return as_.boolean; }
    std::int64_t integer() const noexcept { return as_.integer; }
    double floating() const;          // any number; the nearest
    const std::string& text() const;  // string, decimal (digits), bytes
    const List& list() const;
    const Map& map() const;         // not for rows
    const TablePtr& table() const;  // table, or the table of a row
    std::size_t row_index() const;  // of a row
    const Object& object() const;

    // Has it a payload that no other value shares?
    bool has_one_owner() const noexcept {
        return has_payload() && as_.payload->references_.load(std::memory_order_relaxed) == 1;
    }

    // Is a list or map known to hold nothing that only expressions make?  Told to its payload by who has looked, so
    // that a large body is not looked through again.
    bool is_known_plain() const noexcept {
        return has_payload() && as_.payload->is_plain_.load(std::memory_order_relaxed);
    }
    void note_plain() const noexcept {
        if (has_payload()) as_.payload->is_plain_.store(true, std::memory_order_relaxed);
    }

    // Elements of a list, entries of a map, rows of a table; 0 for everything else.
    std::size_t size() const;
    Value at(std::size_t i) const;                          // i < size()
    std::string_view key_at(std::size_t i) const;           // of a map
    std::optional<Value> find(std::string_view key) const;  // of a map; nothing if absent

    // Deep; numbers by value, rows as maps, tables as lists of maps, maps without regard to order.
    friend bool operator==(const Value& a, const Value& b);

private:
    Value(Kind kind, const Shared* payload) noexcept : kind_(kind) { as_.payload = payload; }
    bool has_payload() const noexcept { return kind_ >= Kind::decimal; }
    void retain() const noexcept {
        if (has_payload()) {
            as_.payload->references_.fetch_add(1, std::memory_order_relaxed);
        }
    }
    void release() noexcept {
        if (has_payload() && as_.payload->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            delete as_.payload;
        }
    }

    Kind kind_;
    Flavor flavor_ = Flavor::plain;
    union {
        bool boolean;
        std::int64_t integer;
        double floating;
        const Shared* payload;
    } as_;
};

// Lists and maps in one another beyond so many levels?  What walks values, such as their destructor, recurses: who
// makes values in a loop asks before.
inline constexpr std::size_t kDeepestValue = 1'000;
bool is_deeper_than(const Value& value, std::size_t levels);

// Entries in order of insertion, keys unique.
class Map {
public:
    using Entry = std::pair<std::string, Value>;

    // Replaces the value of a key that exists, at its place.
    void set(std::string_view key, Value value);
    const Value* find(std::string_view key) const;
    // Place of a key, or size().
    std::size_t index_of(std::string_view key) const;
    void reserve(std::size_t entries) { entries_.reserve(entries); }

    std::size_t size() const { return entries_.size(); }
    const Entry& operator[](std::size_t i) const { return entries_[i]; }
    auto begin() const { return entries_.begin(); }
    auto end() const { return entries_.end(); }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };

    std::vector<Entry> entries_;
    // Only for maps that are large enough to be slow without it.
    std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> index_;
};

}  // namespace kdeps::value
