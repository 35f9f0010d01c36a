// SPDX-License-Identifier: Apache-2.0
#include "arrow_plain.hpp"

#include <algorithm>
#include <cmath>
#include <kdeps/cpp/columns.hpp>
#include <kdeps/cpp/row_builder.hpp>
#include <optional>

#include "arrow_variant.hpp"

namespace kdeps::python {

using columns::ColumnBuilder;
using columns::Type;

namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kMillion = 1'000'000;

bool is_list(std::string_view format) { return format == "+l" || format == "+L" || format.starts_with("+w:"); }

// What a column of a format becomes; nothing if it has no counterpart.
std::optional<Type> target_of(const ArrowSchema& schema) {
    const std::string_view format = schema.format;
    if (schema.dictionary != nullptr) return target_of(*schema.dictionary);
    if (format == "vu") return Type::text;
    if (format == "vz" || format.starts_with("w:")) return Type::bytes;
    if (format == "e") return Type::float32;
    if (format.starts_with("d:") && format.find(",256") == std::string_view::npos) return Type::decimal;
    if (format.starts_with("ts")) return format.size() == 4 ? Type::timestamp : Type::timestamp_utc;
    if (format.starts_with("td")) return Type::date;
    if (format.starts_with("tt")) return Type::time;
    if (format.starts_with("tD")) return Type::text;
    if (is_list(format) || format == "+s" || format == "+m") return Type::json;
    try {
        return columns::type_of(schema);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

// Is the column already one of kdeps?
bool is_plain(const ArrowSchema& schema) {
    if (schema.dictionary != nullptr) return false;
    try {
        columns::type_of(schema);
        return true;
    } catch (const std::invalid_argument&) {
        return false;
    }
}

// One array of any type, cell by cell.
class AnyReader {
public:
    AnyReader(const ArrowSchema& schema, const ArrowArray& array)
        : schema_(schema), array_(array), format_(schema.format) {}

    bool is_null(std::int64_t row) const {
        if (format_ == "n") return true;
        if (format_.starts_with("+u") || array_.null_count == 0 || array_.buffers[0] == nullptr) return false;
        const auto* bits = static_cast<const std::uint8_t*>(array_.buffers[0]);
        const std::int64_t i = row + array_.offset;
        return (bits[i / 8] >> (i % 8) & 1) == 0;
    }

    void append(std::int64_t row, ColumnBuilder& out) const {
        if (is_variant(schema_)) {
            const auto id = static_cast<const std::int8_t*>(array_.buffers[0])[row + array_.offset];
            AnyReader(*schema_.children[id], *array_.children[id]).append(at<std::int32_t>(row), out);
        } else if (is_null(row)) {
            out.null();
        } else if (schema_.dictionary != nullptr) {
            AnyReader(*schema_.dictionary, *array_.dictionary).append(integer(row), out);
        } else {
            append_value(row, out);
        }
    }

    void append_json(std::int64_t row, std::string& out) const {
        if (is_null(row)) {
            out += "null";
        } else if (schema_.dictionary != nullptr) {
            AnyReader(*schema_.dictionary, *array_.dictionary).append_json(integer(row), out);
        } else if (is_list(format_)) {
            const auto [from, to] = range(row);
            out += '[';
            for (std::int64_t i = from; i < to; ++i) {
                if (i > from) out += ',';
                AnyReader(*schema_.children[0], *array_.children[0]).append_json(i, out);
            }
            out += ']';
        } else if (format_ == "+m") {
            append_map(row, out);
        } else if (format_ == "+s") {
            out += '{';
            for (std::int64_t i = 0; i < schema_.n_children; ++i) {
                if (i > 0) out += ',';
                columns::append_json_string(schema_.children[i]->name, out);
                out += ':';
                AnyReader(*schema_.children[i], *array_.children[i]).append_json(row + array_.offset, out);
            }
            out += '}';
        } else {
            // A cell of its own, in a type that is known to write itself.
            const auto target = target_of(schema_);
            if (!target)
                throw std::runtime_error("a nested column has the Arrow format '" + std::string(format_) +
                                         "', which cannot be handed over");
            ColumnBuilder one(*target);
            append_value(row, one);
            columns::Schema schema;
            columns::Array array;
            one.schema("", schema.get());
            one.finish(array.get());
            columns::ColumnReader(*schema, *array).append_json(0, out);
        }
    }

private:
    template <typename T>
    T at(std::int64_t row) const {
        return static_cast<const T*>(array_.buffers[1])[row + array_.offset];
    }

    std::int64_t integer(std::int64_t row) const {
        switch (format_[0]) {
            case 'c': return at<std::int8_t>(row);
            case 'C': return at<std::uint8_t>(row);
            case 's': return at<std::int16_t>(row);
            case 'S': return at<std::uint16_t>(row);
            case 'i': return at<std::int32_t>(row);
            case 'I': return at<std::uint32_t>(row);
            case 'L': return static_cast<std::int64_t>(at<std::uint64_t>(row));
            default: return at<std::int64_t>(row);
        }
    }

    std::pair<std::int64_t, std::int64_t> range(std::int64_t row) const {
        if (format_.starts_with("+w:")) {
            const std::int64_t size = std::stoll(std::string(format_.substr(3)));
            return {(row + array_.offset) * size, (row + array_.offset + 1) * size};
        }
        if (format_ == "+L") return {at<std::int64_t>(row), at<std::int64_t>(row + 1)};
        return {at<std::int32_t>(row), at<std::int32_t>(row + 1)};
    }

    // Variable-size binary views: size, then the bytes themselves, or a prefix, a buffer and an offset.
    std::string_view view(std::int64_t row) const {
        struct View {
            std::int32_t size;
            std::int32_t prefix;
            std::int32_t buffer;
            std::int32_t offset;
        };
        const auto* views = static_cast<const View*>(array_.buffers[1]) + row + array_.offset;
        constexpr std::int32_t kMostInline = 12;
        const char* bytes = views->size <= kMostInline
                                ? reinterpret_cast<const char*>(&views->prefix)
                                : static_cast<const char*>(array_.buffers[2 + views->buffer]) + views->offset;
        return {bytes, static_cast<std::size_t>(views->size)};
    }

    std::string_view text(std::int64_t row) const {
        if (format_[0] == 'v') return view(row);
        const char* bytes = static_cast<const char*>(array_.buffers[format_.starts_with("w:") ? 1 : 2]);
        std::int64_t from = 0;
        std::int64_t to = 0;
        if (format_.starts_with("w:")) {
            const std::int64_t size = std::stoll(std::string(format_.substr(2)));
            from = (row + array_.offset) * size;
            to = from + size;
        } else if (format_ == "U" || format_ == "Z") {
            from = at<std::int64_t>(row);
            to = at<std::int64_t>(row + 1);
        } else {
            from = at<std::int32_t>(row);
            to = at<std::int32_t>(row + 1);
        }
        return {bytes + from, static_cast<std::size_t>(to - from)};
    }

    // Ticks of a unit (s m u n) in microseconds.
    static std::int64_t microseconds(std::int64_t ticks, char unit) {
        switch (unit) {
            case 's': return ticks * kMillion;
            case 'm': return ticks * 1000;
            case 'n': return columns::detail::floor_div(ticks, 1000);
            default: return ticks;
        }
    }

    std::string decimal(std::int64_t row) const {
        const auto* words = static_cast<const std::uint64_t*>(array_.buffers[1]) + 2 * (row + array_.offset);
        auto value = static_cast<Wide>(words[0]) | static_cast<Wide>(words[1]) << 64;
        const bool is_negative = value < 0;
        std::string digits;
        do {
            digits += static_cast<char>('0' + static_cast<int>(is_negative ? -(value % 10) : value % 10));
            value /= 10;
        } while (value != 0);
        const int scale = std::stoi(std::string(format_.substr(format_.find(',') + 1)));
        while (scale > 0 && digits.size() <= static_cast<std::size_t>(scale)) digits += '0';
        std::reverse(digits.begin(), digits.end());
        if (scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(scale), 1, '.');
        if (scale < 0) digits.append(static_cast<std::size_t>(-scale), '0');
        return (is_negative ? "-" : "") + digits;
    }

    static double half(std::uint16_t bits) {
        const int exponent = bits >> 10 & 0x1F;
        const int fraction = bits & 0x3FF;
        const double size = exponent == 0    ? std::ldexp(fraction, -24)
                            : exponent == 31 ? (fraction == 0 ? HUGE_VAL : NAN)
                                             : std::ldexp(fraction + 1024, exponent - 25);
        return (bits & 0x8000) != 0 ? -size : size;
    }

    void append_value(std::int64_t row, ColumnBuilder& out) const {
        if (format_ == "vu" || format_ == "vz" || format_ == "u" || format_ == "U" || format_ == "z" ||
            format_ == "Z" || format_.starts_with("w:")) {
            out.text(text(row));
        } else if (format_ == "e") {
            out.number(half(at<std::uint16_t>(row)));
        } else if (format_ == "f") {
            out.number(static_cast<double>(at<float>(row)));
        } else if (format_ == "g") {
            out.number(at<double>(row));
        } else if (format_ == "b") {
            const std::int64_t i = row + array_.offset;
            out.boolean((static_cast<const std::uint8_t*>(array_.buffers[1])[i / 8] >> (i % 8) & 1) != 0);
        } else if (format_.starts_with("d:")) {
            out.text(decimal(row));
        } else if (format_.starts_with("ts")) {
            out.integer(microseconds(at<std::int64_t>(row), format_[2]));
        } else if (format_ == "tdD") {
            out.integer(at<std::int32_t>(row));
        } else if (format_ == "tdm") {
            out.integer(columns::detail::floor_div(at<std::int64_t>(row), 86'400'000));
        } else if (format_ == "tts" || format_ == "ttm") {
            out.integer(microseconds(at<std::int32_t>(row), format_[2]));
        } else if (format_.starts_with("tt")) {
            out.integer(microseconds(at<std::int64_t>(row), format_[2]));
        } else if (format_.starts_with("tD")) {
            const std::int64_t all = microseconds(at<std::int64_t>(row), format_[2]);
            std::string number;
            columns::append_float(static_cast<double>(all) / static_cast<double>(kMillion), number);
            out.text("PT" + number + "S");
        } else if (format_[0] == '+') {
            std::string json;
            append_json(row, json);
            out.text(json);
        } else {
            out.integer(integer(row));
        }
    }

    void append_map(std::int64_t row, std::string& out) const {
        const auto [from, to] = range(row);
        const ArrowSchema& entry = *schema_.children[0];
        const ArrowArray& entries = *array_.children[0];
        out += '{';
        for (std::int64_t i = from; i < to; ++i) {
            if (i > from) out += ',';
            std::string key;
            AnyReader(*entry.children[0], *entries.children[0]).append_json(i + entries.offset, key);
            if (key.starts_with('"')) {
                out += key;
            } else {
                columns::append_json_string(key, out);
            }
            out += ':';
            AnyReader(*entry.children[1], *entries.children[1]).append_json(i + entries.offset, out);
        }
        out += '}';
    }

    const ArrowSchema& schema_;
    const ArrowArray& array_;
    std::string_view format_;
};

// A struct made of children that were moved into it.
template <typename Struct>
struct Bundle {
    std::vector<Struct> children;
    std::vector<Struct*> places;
    std::vector<const void*> buffers{nullptr};
};

template <typename Struct>
void bundle(std::vector<Struct> children, Struct* out) {
    auto* held = new Bundle<Struct>{std::move(children), {}, {nullptr}};
    for (Struct& child : held->children) held->places.push_back(&child);
    *out = {};
    out->n_children = static_cast<std::int64_t>(held->children.size());
    out->children = held->places.data();
    out->private_data = held;
    out->release = [](Struct* released) {
        auto* bundled = static_cast<Bundle<Struct>*>(released->private_data);
        for (Struct& child : bundled->children) {
            if (child.release != nullptr) child.release(&child);
        }
        delete bundled;
        released->release = nullptr;
    };
}

template <typename Struct>
Struct take(Struct& from) {
    Struct out = from;
    from.release = nullptr;
    return out;
}

}  // namespace

TableParts to_plain(TableParts parts) {
    const ArrowSchema& given = *parts.schema;
    if (std::string_view(given.format) != "+s")
        throw std::runtime_error("what offers an Arrow stream must give rows of columns");
    std::vector<bool> stays;
    std::vector<Type> targets;
    for (std::int64_t i = 0; i < given.n_children; ++i) {
        const ArrowSchema& column = *given.children[i];
        const auto target = is_variant(column) && is_plain(column) ? single_type(parts, i) : target_of(column);
        stays.push_back(is_plain(column) && (!is_variant(column) || !target));
        targets.push_back(target.value_or(Type::null));
        if (!stays.back() && !target) {
            throw std::runtime_error("column '" + std::string(column.name) + "' has the Arrow format '" +
                                     column.format + "', which cannot be handed over");
        }
    }
    if (std::find(stays.begin(), stays.end(), false) == stays.end()) return parts;

    TableParts out;
    for (columns::Array& batch : parts.batches) {
        std::vector<ArrowArray> made;
        for (std::int64_t i = 0; i < given.n_children; ++i) {
            ArrowArray& column = *batch->children[i];
            if (stays[static_cast<std::size_t>(i)]) {
                column.offset += batch->offset;
                column.length = batch->length;
                if (column.null_count != 0) column.null_count = -1;
                made.push_back(take(column));
                continue;
            }
            const Type target = targets[static_cast<std::size_t>(i)];
            if (is_variant(*given.children[i])) {
                take_single(*given.children[i], column, *batch, target, &made.emplace_back());
                continue;
            }
            const AnyReader reader(*given.children[i], column);
            ColumnBuilder builder(target);
            for (std::int64_t row = 0; row < batch->length; ++row) reader.append(row + batch->offset, builder);
            builder.finish(&made.emplace_back());
        }
        columns::Array whole;
        bundle(std::move(made), whole.get());
        whole.get()->length = batch->length;
        whole.get()->n_buffers = 1;
        whole.get()->buffers = static_cast<Bundle<ArrowArray>*>(whole->private_data)->buffers.data();
        out.batches.push_back(std::move(whole));
    }
    std::vector<ArrowSchema> made;
    for (std::int64_t i = 0; i < given.n_children; ++i) {
        ArrowSchema& column = *given.children[i];
        if (stays[static_cast<std::size_t>(i)]) {
            made.push_back(take(column));
        } else {
            ColumnBuilder(targets[static_cast<std::size_t>(i)]).schema(column.name, &made.emplace_back());
        }
    }
    bundle(std::move(made), out.schema.get());
    out.schema.get()->format = "+s";
    out.schema.get()->name = "";
    return out;
}

}  // namespace kdeps::python
