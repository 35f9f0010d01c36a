// SPDX-License-Identifier: Apache-2.0
// Reads cells out of Arrow columns, of the types that kdeps uses (sdk/ABI.md, "Result sets").
#pragma once

#include <kdeps/arrow.h>
#include <kdeps/types.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <kdeps/cpp/text.hpp>

namespace kdeps::columns {

// Logical type of a column.  decimal and json are utf8 with an extension name; variant is a dense union.
enum class Type : std::uint8_t {
    null,
    boolean,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float32,
    float64,
    text,
    large_text,
    bytes,
    large_bytes,
    date,
    time,
    timestamp,
    timestamp_utc,
    decimal,
    json,
    variant,
};

inline constexpr std::string_view kExtensionKey = "ARROW:extension:name";
inline constexpr std::string_view kDecimalExtension = "kdeps.decimal";
inline constexpr std::string_view kJsonExtension = "arrow.json";

// The value of a key in the metadata of a schema, which the Arrow specification encodes as counts and lengths; empty if
// absent.
inline std::string_view metadata_value(const ArrowSchema& schema, std::string_view key) {
    const char* at = schema.metadata;
    if (at == nullptr) {
        return {};
    }
    const auto number = [&] {
        std::int32_t value = 0;
        std::memcpy(&value, at, sizeof(value));
        at += sizeof(value);
        return value;
    };
    const auto text = [&] {
        const auto size = static_cast<std::size_t>(number());
        const std::string_view view(at, size);
        at += size;
        return view;
    };
    for (std::int32_t left = number(); left > 0; --left) {
        const std::string_view name = text();
        const std::string_view value = text();
        if (name == key) {
            return value;
        }
    }
    return {};
}

// The type of a column; throws std::invalid_argument naming the format if kdeps does not use it.
inline Type type_of(const ArrowSchema& schema) {
    const std::string_view format = schema.format;
    if (format.size() == 1) {
        switch (format[0]) {
            case 'n': return Type::null;
            case 'b': return Type::boolean;
            case 'c': return Type::int8;
            case 's': return Type::int16;
            case 'i': return Type::int32;
            case 'l': return Type::int64;
            case 'C': return Type::uint8;
            case 'S': return Type::uint16;
            case 'I': return Type::uint32;
            case 'L': return Type::uint64;
            case 'f': return Type::float32;
            case 'g': return Type::float64;
            case 'U': return Type::large_text;
            case 'z': return Type::bytes;
            case 'Z': return Type::large_bytes;
            case 'u': {
                const std::string_view extension = metadata_value(schema, kExtensionKey);
                return extension == kDecimalExtension ? Type::decimal
                       : extension == kJsonExtension  ? Type::json
                                                      : Type::text;
            }
            default: break;
        }
    }
    if (format == "tdD") return Type::date;
    if (format == "ttu") return Type::time;
    if (format.starts_with("tsu:")) return format.size() == 4 ? Type::timestamp : Type::timestamp_utc;
    if (format.starts_with("+ud:")) return Type::variant;
    throw std::invalid_argument("column '" + std::string(schema.name == nullptr ? "" : schema.name) +
                                "' has the Arrow format '" + std::string(format) + "', which is not supported");
}

// One column of one batch.  Borrows both structs.  Any thread.
class ColumnReader {
public:
    ColumnReader(const ArrowSchema& schema, const ArrowArray& array) : type_(type_of(schema)), offset_(array.offset) {
        if (type_ == Type::variant) {
            const auto* ids = static_cast<const std::int8_t*>(array.buffers[0]);
            type_ids_ = ids + offset_;
            data_ = array.buffers[1];
            for (std::int64_t i = 0; i < schema.n_children; ++i) {
                children_.emplace_back(*schema.children[i], *array.children[i]);
            }
            return;
        }
        if (type_ != Type::null) {
            valid_ = array.null_count == 0 ? nullptr : static_cast<const std::uint8_t*>(array.buffers[0]);
            data_ = array.buffers[1];
            if (array.n_buffers > 2) {
                text_ = static_cast<const char*>(array.buffers[2]);
            }
        }
    }

    Type type() const { return type_; }

    bool is_null(std::int64_t row) const {
        if (type_ == Type::variant) {
            return child(row).is_null(child_row(row));
        }
        return type_ == Type::null || (valid_ != nullptr && !bit(valid_, row + offset_));
    }

    // Strings point into the column or into `scratch`.  Dates and times are STRING cells with their ISO text, JSON is a
    // STRING with its text (type() tells), unsigned integers beyond int64 are DECIMAL.
    kdeps_cell cell(std::int64_t row, std::string& scratch) const {
        if (type_ == Type::variant) {
            return child(row).cell(child_row(row), scratch);
        }
        kdeps_cell out{};
        if (is_null(row)) {
            return out;
        }
        const auto integer = [&](std::int64_t value) {
            out.kind = KDEPS_INT;
            out.as.i = value;
        };
        const auto text = [&](kdeps_kind kind, std::string_view value) {
            out.kind = kind;
            out.as.s = {value.data(), value.size()};
        };
        switch (type_) {
            case Type::boolean:
                out.kind = KDEPS_BOOL;
                out.as.i = bit(static_cast<const std::uint8_t*>(data_), row + offset_) ? 1 : 0;
                break;
            case Type::int8: integer(at<std::int8_t>(row)); break;
            case Type::int16: integer(at<std::int16_t>(row)); break;
            case Type::int32: integer(at<std::int32_t>(row)); break;
            case Type::int64: integer(at<std::int64_t>(row)); break;
            case Type::uint8: integer(at<std::uint8_t>(row)); break;
            case Type::uint16: integer(at<std::uint16_t>(row)); break;
            case Type::uint32: integer(at<std::uint32_t>(row)); break;
            case Type::uint64:
                if (const auto value = at<std::uint64_t>(row); value <= static_cast<std::uint64_t>(INT64_MAX)) {
                    integer(static_cast<std::int64_t>(value));
                } else {
                    scratch.clear();
                    append_integer(value, scratch);
                    text(KDEPS_DECIMAL, scratch);
                }
                break;
            case Type::float32:
                // Through its shortest digits, so that 0.1f reads as 0.1 and not as the double nearest to the float.
                out.kind = KDEPS_DOUBLE;
                out.as.d = widen(at<float>(row));
                break;
            case Type::float64:
                out.kind = KDEPS_DOUBLE;
                out.as.d = at<double>(row);
                break;
            case Type::text:
            case Type::json:
            case Type::large_text: text(KDEPS_STRING, bytes(row)); break;
            case Type::decimal: text(KDEPS_DECIMAL, bytes(row)); break;
            case Type::bytes:
            case Type::large_bytes: text(KDEPS_BYTES, bytes(row)); break;
            case Type::date:
            case Type::time:
            case Type::timestamp:
            case Type::timestamp_utc:
                scratch.clear();
                append_moment(row, scratch);
                text(KDEPS_STRING, scratch);
                break;
            case Type::null:
            case Type::variant: break;
        }
        return out;
    }

    // The cell as JSON.
    void append_json(std::int64_t row, std::string& out) const {
        if (type_ == Type::variant) {
            child(row).append_json(child_row(row), out);
        } else if (is_null(row)) {
            out += "null";
        } else if (type_ == Type::text || type_ == Type::large_text) {
            append_json_string(bytes(row), out);
        } else if (type_ == Type::bytes || type_ == Type::large_bytes) {
            out += '"';
            append_base64(bytes(row), out);
            out += '"';
        } else if (is_moment()) {
            out += '"';
            append_moment(row, out);
            out += '"';
        } else {
            append_plain(row, out, "null");
        }
    }

    // The cell as text for people and CSV: nothing for NULL, bytes in base64.
    void append_text(std::int64_t row, std::string& out) const {
        if (type_ == Type::variant) {
            child(row).append_text(child_row(row), out);
        } else if (is_null(row)) {
            return;
        } else if (type_ == Type::text || type_ == Type::large_text) {
            out += bytes(row);
        } else if (type_ == Type::bytes || type_ == Type::large_bytes) {
            append_base64(bytes(row), out);
        } else if (is_moment()) {
            append_moment(row, out);
        } else {
            append_plain(row, out, "");
        }
    }

    // Is the cell a number (for aligning)?
    bool is_number(std::int64_t row) const {
        if (type_ == Type::variant) {
            return child(row).is_number(child_row(row));
        }
        return (type_ >= Type::int8 && type_ <= Type::float64) || type_ == Type::decimal;
    }

    // The type of one cell: differs from type() in a variant column only.
    Type type_at(std::int64_t row) const { return type_ == Type::variant ? child(row).type() : type_; }

private:
    static bool bit(const std::uint8_t* bits, std::int64_t i) { return (bits[i / 8] >> (i % 8) & 1) != 0; }

    template <typename T>
    T at(std::int64_t row) const {
        return static_cast<const T*>(data_)[row + offset_];
    }

    static double widen(float value) {
        if (!std::isfinite(value)) {
            return static_cast<double>(value);
        }
        std::string digits;
        append_float(value, digits);
        double out = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), out);
        return out;
    }

    bool is_moment() const { return type_ >= Type::date && type_ <= Type::timestamp_utc; }

    std::string_view bytes(std::int64_t row) const {
        if (type_ == Type::large_text || type_ == Type::large_bytes) {
            const auto* offsets = static_cast<const std::int64_t*>(data_) + offset_ + row;
            return {text_ + offsets[0], static_cast<std::size_t>(offsets[1] - offsets[0])};
        }
        const auto* offsets = static_cast<const std::int32_t*>(data_) + offset_ + row;
        return {text_ + offsets[0], static_cast<std::size_t>(offsets[1] - offsets[0])};
    }

    void append_moment(std::int64_t row, std::string& out) const {
        switch (type_) {
            case Type::date: append_date(at<std::int32_t>(row), out); break;
            case Type::time: append_time(at<std::int64_t>(row), out); break;
            case Type::timestamp: append_timestamp(at<std::int64_t>(row), "", out); break;
            default: append_timestamp(at<std::int64_t>(row), "Z", out); break;
        }
    }

    // Numbers, booleans, JSON: alike in JSON and in text.
    void append_plain(std::int64_t row, std::string& out, std::string_view not_a_number) const {
        switch (type_) {
            case Type::boolean:
                out += bit(static_cast<const std::uint8_t*>(data_), row + offset_) ? "true" : "false";
                break;
            case Type::int8: append_integer(static_cast<int>(at<std::int8_t>(row)), out); break;
            case Type::int16: append_integer(at<std::int16_t>(row), out); break;
            case Type::int32: append_integer(at<std::int32_t>(row), out); break;
            case Type::int64: append_integer(at<std::int64_t>(row), out); break;
            case Type::uint8: append_integer(static_cast<unsigned>(at<std::uint8_t>(row)), out); break;
            case Type::uint16: append_integer(at<std::uint16_t>(row), out); break;
            case Type::uint32: append_integer(at<std::uint32_t>(row), out); break;
            case Type::uint64: append_integer(at<std::uint64_t>(row), out); break;
            case Type::float32: append_finite(at<float>(row), out, not_a_number); break;
            case Type::float64: append_finite(at<double>(row), out, not_a_number); break;
            case Type::decimal:
            case Type::json: out += bytes(row); break;
            default: break;
        }
    }

    template <typename Float>
    static void append_finite(Float value, std::string& out, std::string_view not_a_number) {
        if (std::isfinite(value)) {
            append_float(value, out);
        } else {
            out += not_a_number;
        }
    }

    // Type ids of a variant are the indexes of its children.
    const ColumnReader& child(std::int64_t row) const { return children_[static_cast<std::size_t>(type_ids_[row])]; }
    std::int64_t child_row(std::int64_t row) const { return at<std::int32_t>(row); }

    Type type_;
    std::int64_t offset_ = 0;
    const std::uint8_t* valid_ = nullptr;  // null: every cell is valid
    const void* data_ = nullptr;
    const char* text_ = nullptr;
    const std::int8_t* type_ids_ = nullptr;
    std::vector<ColumnReader> children_;
};

}  // namespace kdeps::columns
