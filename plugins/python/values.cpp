// SPDX-License-Identifier: Apache-2.0
#include "values.hpp"

#include <kdeps/cpp/text.hpp>

#include "arrow_plain.hpp"

namespace kdeps::python {

namespace {

void append_json(const Value& value, std::string& out) {
    const kdeps_cell cell = value.cell();
    switch (value.kind()) {
        case KDEPS_BOOL: out += cell.as.i != 0 ? "true" : "false"; break;
        case KDEPS_INT: columns::append_integer(cell.as.i, out); break;
        case KDEPS_DOUBLE: columns::append_float(cell.as.d, out); break;
        case KDEPS_DECIMAL: out += to_view(cell.as.s); break;
        case KDEPS_STRING: columns::append_json_string(to_view(cell.as.s), out); break;
        case KDEPS_BYTES:
            out += '"';
            columns::append_base64(to_view(cell.as.s), out);
            out += '"';
            break;
        case KDEPS_LIST:
        case KDEPS_TABLE:
            out += '[';
            for (std::size_t i = 0; i < value.size(); ++i) {
                if (i > 0) out += ',';
                append_json(value.at(i), out);
            }
            out += ']';
            break;
        case KDEPS_MAP:
            out += '{';
            for (std::size_t i = 0; i < value.size(); ++i) {
                if (i > 0) out += ',';
                columns::append_json_string(value.key(i), out);
                out += ':';
                append_json(value.at(i), out);
            }
            out += '}';
            break;
        default: out += "null"; break;
    }
}

}  // namespace

void Lender::write(const Call& call, const Value& value, Packet& packet) {
    Writer& body = packet.body;
    const kdeps_cell cell = value.cell();
    switch (value.kind()) {
        case KDEPS_BOOL: body.tag(cell.as.i != 0 ? Tag::yes : Tag::no); break;
        case KDEPS_INT:
            body.tag(Tag::integer);
            body.put(cell.as.i);
            break;
        case KDEPS_DOUBLE:
            body.tag(Tag::number);
            body.put(cell.as.d);
            break;
        case KDEPS_DECIMAL:
            body.tag(Tag::decimal);
            body.text(to_view(cell.as.s));
            break;
        case KDEPS_STRING:
            body.tag(Tag::text);
            body.text(to_view(cell.as.s));
            break;
        case KDEPS_BYTES:
            body.tag(Tag::bytes);
            body.text(to_view(cell.as.s));
            break;
        case KDEPS_LIST:
            body.tag(Tag::list);
            body.put(static_cast<std::uint64_t>(value.size()));
            for (std::size_t i = 0; i < value.size(); ++i) write(call, value.at(i), packet);
            break;
        case KDEPS_MAP:
            body.tag(Tag::map);
            body.put(static_cast<std::uint64_t>(value.size()));
            for (std::size_t i = 0; i < value.size(); ++i) {
                body.text(value.key(i));
                write(call, value.at(i), packet);
            }
            break;
        case KDEPS_TABLE: {
            columns::Stream rows = call.open(value);
            parts_.push_back(to_plain(read_parts(rows)));
            body.tag(Tag::table);
            body.put(static_cast<std::uint32_t>(lent_.size()));
            write_table(parts_.back(), packet);
            lent_.push_back(value);
            break;
        }
        default: body.tag(Tag::null); break;
    }
}

Value Lender::read(const Call& call, Reader& in, const std::shared_ptr<const Memory>& memory) const {
    switch (in.take<Tag>()) {
        case Tag::null: return call.null();
        case Tag::no: return call.boolean(false);
        case Tag::yes: return call.boolean(true);
        case Tag::integer: return call.integer(in.take<std::int64_t>());
        case Tag::number: return call.number(in.take<double>());
        case Tag::decimal: return call.decimal(in.text());
        case Tag::text: return call.string(in.text());
        case Tag::bytes: return call.bytes(in.text());
        case Tag::list: {
            Value out = call.list();
            for (std::size_t left = in.count(); left > 0; --left) call.push(out, read(call, in, memory));
            return out;
        }
        case Tag::map: {
            Value out = call.map();
            for (std::size_t left = in.count(); left > 0; --left) {
                const std::string_view key = in.text();
                call.put(out, key, read(call, in, memory));
            }
            return out;
        }
        case Tag::table: {
            in.take<std::uint32_t>();
            const auto table = SharedTable::read(in, memory);
            ArrowArrayStream raw{};
            SharedTable::open(table, 0, table->row_count(), &raw);
            columns::Stream stream(&raw);
            return call.table(stream);
        }
        case Tag::lent_table: {
            const auto id = in.take<std::uint32_t>();
            if (id < lent_.size()) return lent_[id];
            break;
        }
    }
    throw Error(KDEPS_BAD_DATA, "the answer of the python worker cannot be read");
}

std::string to_text(const Value& value) {
    if (value.is_null()) return {};
    if (value.is_string()) return std::string(value.string());
    std::string out;
    append_json(value, out);
    return value.kind() == KDEPS_BYTES ? out.substr(1, out.size() - 2) : out;
}

std::string valid_utf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        const std::size_t length = columns::detail::utf8_length(bytes);
        if (length == 0) {
            out += "\xEF\xBF\xBD";
        } else {
            out += bytes.substr(0, length);
        }
        bytes.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

}  // namespace kdeps::python
