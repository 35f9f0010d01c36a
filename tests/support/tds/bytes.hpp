// SPDX-License-Identifier: Apache-2.0
// Reads and writes the little-endian values of which TDS is made, and its UTF-16 texts.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kdeps::testing::tds {

// What came is no TDS as this server knows it; the connection is closed.
class ProtocolError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// UTF-8 to UTF-16LE and back; what is no character becomes U+FFFD.
std::string to_utf16(std::string_view text);
std::string to_utf8(std::string_view utf16);
// Windows code page 1252, the one of the collation that this server announces; '?' for what it has not.
std::string to_cp1252(std::string_view text);
std::string from_cp1252(std::string_view bytes);
// Length in UTF-16 units, as nvarchar(n) counts.
std::size_t utf16_units(std::string_view text);

class Writer {
public:
    void u8(unsigned value) { integer(value, 1); }
    void u16(std::uint64_t value) { integer(value, 2); }
    void u32(std::uint64_t value) { integer(value, 4); }
    void u64(std::uint64_t value) { integer(value, 8); }
    void integer(std::uint64_t value, int size) {
        for (int i = 0; i < size; ++i) out_ += static_cast<char>(value >> (8 * i) & 0xFFU);
    }
    void bytes(std::string_view value) { out_ += value; }
    // A count of UTF-16 units in one or two bytes, then the text.
    void b_varchar(std::string_view text) { counted(text, 1, 255); }
    void us_varchar(std::string_view text) { counted(text, 2, 65535); }

    std::size_t size() const { return out_.size(); }
    const std::string& str() const { return out_; }
    std::string take() { return std::move(out_); }

private:
    void counted(std::string_view text, int size, std::size_t most) {
        std::string utf16 = to_utf16(text);
        if (utf16.size() / 2 > most) utf16.resize(most * 2);
        integer(utf16.size() / 2, size);
        out_ += utf16;
    }

    std::string out_;
};

// Borrows its text.  Throws ProtocolError past the end.
class Reader {
public:
    explicit Reader(std::string_view data) : data_(data) {}

    std::uint64_t integer(int size) {
        const std::string_view raw = bytes(static_cast<std::size_t>(size));
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < raw.size(); ++i) {
            value |= static_cast<std::uint64_t>(static_cast<unsigned char>(raw[i])) << (8 * i);
        }
        return value;
    }
    std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
    std::uint64_t u64() { return integer(8); }
    std::string_view bytes(std::size_t count) {
        if (count > data_.size() - at_) throw ProtocolError("a message of the client ends too early");
        const std::string_view out = data_.substr(at_, count);
        at_ += count;
        return out;
    }
    std::string b_varchar() { return to_utf8(bytes(2 * static_cast<std::size_t>(u8()))); }
    std::string us_varchar() { return to_utf8(bytes(2 * static_cast<std::size_t>(u16()))); }

    std::string_view rest() const { return data_.substr(at_); }
    bool is_at_end() const { return at_ == data_.size(); }

private:
    std::string_view data_;
    std::size_t at_ = 0;
};

}  // namespace kdeps::testing::tds
