// SPDX-License-Identifier: Apache-2.0
// Arrays as JSON lists.  Source of the forms: PostgreSQL 15, array_send and array_out of
// src/backend/utils/adt/arrayfuncs.c.
#include <array>
#include <cmath>

#include "postgres_decode.hpp"
#include "postgres_wire.hpp"

namespace kdeps::postgres {
namespace {

constexpr int kMostDimensions = 6;  // MAXDIM

class BinaryArray {
public:
    BinaryArray(Kind element, std::string_view value, std::string& out) : element_(element), wire_(value), out_(out) {}

    bool append() {
        dimensions_ = wire_.take<std::int32_t>();
        if (dimensions_ < 0 || dimensions_ > kMostDimensions) fail_decoding("array");
        wire_.take<std::int32_t>();   // are there NULLs
        wire_.take<std::uint32_t>();  // type of the elements
        for (int i = 0; i < dimensions_; ++i) {
            sizes_[static_cast<std::size_t>(i)] = wire_.take<std::int32_t>();
            wire_.take<std::int32_t>();  // lower bound
        }
        if (dimensions_ == 0) {
            out_ += "[]";
        } else {
            level(0);
        }
        return has_lost_;
    }

private:
    void level(int dimension) {
        out_ += '[';
        for (std::int32_t i = 0; i < sizes_[static_cast<std::size_t>(dimension)]; ++i) {
            if (i > 0) out_ += ',';
            if (dimension + 1 < dimensions_) {
                level(dimension + 1);
            } else {
                element();
            }
        }
        out_ += ']';
    }

    void element() {
        const std::int32_t size = wire_.take<std::int32_t>();
        if (size < 0) {
            out_ += "null";
            return;
        }
        const Cell cell = decode_binary(element_, wire_.take(static_cast<std::size_t>(size)), scratch_);
        has_lost_ = has_lost_ || cell.is_unrepresentable;
        append_json(element_, cell, out_);
    }

    Kind element_;
    Wire wire_;
    std::string& out_;
    std::string scratch_;
    std::array<std::int32_t, kMostDimensions> sizes_{};
    int dimensions_ = 0;
    bool has_lost_ = false;
};

}  // namespace

bool append_array_binary(Kind element, std::string_view value, std::string& out) {
    return BinaryArray(element, value, out).append();
}

// {1,NULL,"a \"quoted\" text"}, nested with braces; lower bounds other than 1 stand before it: [0:1]={1,2}
bool append_array_text(Kind element, std::string_view value, std::string& out) {
    if (value.starts_with('[')) value.remove_prefix(std::min(value.find('=') + 1, value.size()));
    std::string scratch;
    std::string text;
    bool has_lost = false;
    int depth = 0;
    std::size_t i = 0;
    do {
        if (i >= value.size()) fail_decoding("array");
        const char c = value[i];
        if (c == '{' || c == '}') {
            depth += c == '{' ? 1 : -1;
            out += c == '{' ? '[' : ']';
            ++i;
        } else if (c == ',') {
            out += ',';
            ++i;
        } else {
            text.clear();
            const bool is_quoted = c == '"';
            if (is_quoted) ++i;
            while (i < value.size() && (is_quoted ? value[i] != '"' : value[i] != ',' && value[i] != '}')) {
                if (value[i] == '\\') ++i;
                if (i < value.size()) text += value[i++];
            }
            if (is_quoted) ++i;
            if (!is_quoted && text == "NULL") {
                out += "null";
            } else {
                const Cell cell = decode_text(element, text, scratch);
                has_lost = has_lost || cell.is_unrepresentable;
                append_json(element, cell, out);
            }
        }
    } while (depth > 0);
    return has_lost;
}

void append_json(Kind kind, const Cell& cell, std::string& out) {
    if (cell.is_unrepresentable) {
        out += "null";
        return;
    }
    const auto quoted = [&](auto append) {
        out += '"';
        append();
        out += '"';
    };
    switch (column_of(kind)) {
        case columns::Type::boolean: out += cell.integer != 0 ? "true" : "false"; break;
        case columns::Type::int16:
        case columns::Type::int32:
        case columns::Type::int64: columns::append_integer(cell.integer, out); break;
        case columns::Type::float32: columns::append_float(static_cast<float>(cell.real), out); break;
        case columns::Type::float64: columns::append_float(cell.real, out); break;
        case columns::Type::decimal:
        case columns::Type::json: out += cell.text; break;
        case columns::Type::bytes: quoted([&] { columns::append_base64(cell.text, out); }); break;
        case columns::Type::date: quoted([&] { columns::append_date(cell.integer, out); }); break;
        case columns::Type::time: quoted([&] { columns::append_time(cell.integer, out); }); break;
        case columns::Type::timestamp: quoted([&] { columns::append_timestamp(cell.integer, "", out); }); break;
        case columns::Type::timestamp_utc: quoted([&] { columns::append_timestamp(cell.integer, "Z", out); }); break;
        default: columns::append_json_string(cell.text, out); break;
    }
}

}  // namespace kdeps::postgres
