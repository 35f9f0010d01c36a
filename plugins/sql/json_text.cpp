// SPDX-License-Identifier: Apache-2.0
#include "json_text.hpp"

#include <kdeps/cpp/stream.hpp>

namespace kdeps::sql {

namespace {

void append_scalar(const kdeps_cell& cell, std::string& out) {
    switch (cell.kind) {
        case KDEPS_BOOL: out += cell.as.i != 0 ? "true" : "false"; break;
        case KDEPS_INT: columns::append_integer(cell.as.i, out); break;
        case KDEPS_DOUBLE:
            if (std::isfinite(cell.as.d)) {
                columns::append_float(cell.as.d, out);
            } else {
                out += "null";
            }
            break;
        case KDEPS_DECIMAL: out += to_view(cell.as.s); break;
        default: out += "null"; break;
    }
}

void append_table(const Call& call, const Value& value, std::string& out) {
    columns::Stream stream = call.open(value);
    bool is_first = true;
    out += '[';
    for_each_batch(stream, [&](const std::vector<columns::ColumnReader>& readers, std::int64_t rows) {
        for (std::int64_t row = 0; row < rows; ++row) {
            out += is_first ? "{" : ",{";
            is_first = false;
            for (std::size_t i = 0; i < readers.size(); ++i) {
                if (i > 0) out += ',';
                columns::append_json_string(value.key(i), out);
                out += ':';
                readers[i].append_json(row, out);
            }
            out += '}';
        }
    });
    out += ']';
}

}  // namespace

void append_json(const Call& call, const Value& value, std::string& out) {
    switch (value.kind()) {
        case KDEPS_STRING: columns::append_json_string(value.string(), out); break;
        case KDEPS_BYTES:
            out += '"';
            columns::append_base64(value.string(), out);
            out += '"';
            break;
        case KDEPS_LIST:
            out += '[';
            for (std::size_t i = 0; i < value.size(); ++i) {
                if (i > 0) out += ',';
                append_json(call, value.at(i), out);
            }
            out += ']';
            break;
        case KDEPS_MAP:
            out += '{';
            for (std::size_t i = 0; i < value.size(); ++i) {
                if (i > 0) out += ',';
                columns::append_json_string(value.key(i), out);
                out += ':';
                append_json(call, value.at(i), out);
            }
            out += '}';
            break;
        case KDEPS_TABLE: append_table(call, value, out); break;
        default: append_scalar(value.cell(), out); break;
    }
}

void append_text(const Call& call, const Value& value, std::string& out) {
    if (value.is_null()) return;
    if (value.kind() == KDEPS_STRING || value.kind() == KDEPS_BYTES) {
        out += value.string();
    } else {
        append_json(call, value, out);
    }
}

}  // namespace kdeps::sql
