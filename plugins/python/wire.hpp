// SPDX-License-Identifier: Apache-2.0
// How the plugin and its worker write values: both ends are built together, so there is no version to agree on.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kdeps::python {

// get, set and info are calls of a running script; each is answered by reply or refusal.
enum class Message : std::uint32_t { ready = 1, check, checked, run, result, get, set, info, reply, refusal };

enum class Tag : std::uint8_t { null, no, yes, integer, number, decimal, text, bytes, list, map, table, lent_table };

// How a script ended.
enum class Ending : std::uint8_t { returned, finished, exited, raised, refused };

class Writer {
public:
    const std::string& bytes() const { return bytes_; }
    void tag(Tag value) { put(value); }
    template <typename T>
    void put(T value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    }
    void text(std::string_view value) {
        put(static_cast<std::uint64_t>(value.size()));
        bytes_ += value;
    }
    // Place of a number that is known only later.
    template <typename T>
    std::size_t reserve() {
        bytes_.append(sizeof(T), '\0');
        return bytes_.size() - sizeof(T);
    }
    template <typename T>
    void set(std::size_t place, T value) {
        std::memcpy(bytes_.data() + place, &value, sizeof(T));
    }
    void clear() { bytes_.clear(); }

private:
    std::string bytes_;
};

// Throws std::runtime_error at the end of the bytes: a broken worker must not break its reader.
class Reader {
public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}

    template <typename T>
    T take() {
        T out;
        std::memcpy(&out, raw(sizeof(T)).data(), sizeof(T));
        return out;
    }
    std::string_view text() { return raw(take<std::uint64_t>()); }
    // A number of elements, each of which takes a byte at least.
    std::size_t count() {
        const auto out = take<std::uint64_t>();
        if (out > left_.size()) throw std::runtime_error("a message is cut short");
        return out;
    }
    bool is_at_end() const { return left_.empty(); }

private:
    std::string_view raw(std::uint64_t size) {
        if (size > left_.size()) throw std::runtime_error("a message is cut short");
        const std::string_view out = left_.substr(0, size);
        left_.remove_prefix(size);
        return out;
    }

    std::string_view left_;
};

}  // namespace kdeps::python
