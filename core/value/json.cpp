// SPDX-License-Identifier: Apache-2.0
#include "core/value/json.hpp"

#include <algorithm>
#include <cmath>
#include <kdeps/cpp/text.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/base.hpp"
#include "core/value/number.hpp"
#include "core/value/table.hpp"

namespace kdeps::value {

namespace {

constexpr std::size_t kDeepest = 512;

// Builds a Value from the events of nlohmann's parser, so that no tree stands in between.
class Builder : public nlohmann::json_sax<nlohmann::json> {
public:
    bool null() override { return add({}); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(static_cast<std::int64_t>(value)); }
    bool number_unsigned(number_unsigned_t value) override {
        if (value <= static_cast<std::uint64_t>(INT64_MAX)) {
            return add(static_cast<std::int64_t>(value));
        }
        return add(Value::decimal(std::to_string(value)));
    }
    bool number_float(number_float_t value, const string_t& text) override {
        // An integer too long for 64 bits arrives here too.  Short ones, which a double keeps, are the rule.
        constexpr std::size_t kShort = std::numeric_limits<double>::digits10 + 1;
        const bool is_short = text.size() <= kShort && text.find_first_of(".") != string_t::npos &&
                              text.find_first_of("eE") == string_t::npos;
        return add(is_short ? Value(value) : number_of_text(text));
    }
    bool string(string_t& text) override { return add(Value(std::move(text))); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(false); }
    bool key(string_t& text) override {
        open_.back().key = std::move(text);
        return true;
    }
    bool end_object() override {
        Value done = Value::map(std::move(open_.back().map));
        open_.pop_back();
        return add(std::move(done));
    }
    bool start_array(std::size_t) override { return open(true); }
    bool end_array() override {
        Value done = Value::list(std::move(open_.back().list));
        open_.pop_back();
        return add(std::move(done));
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
        offset = position == 0 ? 0 : position - 1;
        // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ...": the last part is
        // what helps.
        std::string_view text = error.what();
        if (const std::size_t column = text.find("column"); column != std::string_view::npos) {
            text.remove_prefix(std::min(text.find(": ", column) + 2, text.size()));
        }
        fault = text;
        return false;
    }

    Value result;
    std::string fault;
    std::size_t offset = 0;

private:
    struct Open {
        bool is_list;
        std::string key;
        List list;
        Map map;
    };

    bool open(bool is_list) {
        if (open_.size() >= kDeepest) {
            fault = "nested deeper than " + std::to_string(kDeepest) + " levels";
            return false;
        }
        open_.push_back({is_list, {}, {}, {}});
        return true;
    }

    bool add(Value value) {
        value.note_plain();
        if (open_.empty()) {
            result = std::move(value);
        } else if (open_.back().is_list) {
            open_.back().list.push_back(std::move(value));
        } else {
            open_.back().map.set(open_.back().key, std::move(value));
        }
        return true;
    }

    std::vector<Open> open_;
};

bool is_plain(const Value& value) {
    if (value.is_known_plain()) return true;
    switch (value.kind()) {
        case Kind::object: return false;
        case Kind::list:
            return value.flavor() == Flavor::plain && std::all_of(value.list().begin(), value.list().end(), is_plain);
        case Kind::map:
            return value.is_row() || std::all_of(value.map().begin(), value.map().end(),
                                                 [](const Map::Entry& entry) { return is_plain(entry.second); });
        default: return true;
    }
}

}  // namespace

void append_json(const Value& value, std::string& out) {
    switch (value.kind()) {
        case Kind::null: out += "null"; break;
        case Kind::boolean: out += value.boolean() ? "true" : "false"; break;
        case Kind::integer: columns::append_integer(value.integer(), out); break;
        case Kind::floating:
            if (std::isfinite(value.floating())) {
                columns::append_float(value.floating(), out);
            } else {
                out += "null";
            }
            break;
        case Kind::decimal: out += value.text(); break;
        case Kind::string: columns::append_json_string(value.text(), out); break;
        case Kind::bytes:
            out += '"';
            columns::append_base64(value.text(), out);
            out += '"';
            break;
        case Kind::list: {
            out += '[';
            bool is_first = true;
            for (const Value& element : value.list()) {
                if (!is_first) out += ',';
                is_first = false;
                append_json(element, out);
            }
            out += ']';
            break;
        }
        case Kind::map: {
            if (value.is_row()) {
                value.table()->append_row_json(value.row_index(), out);
                break;
            }
            out += '{';
            bool is_first = true;
            for (const auto& [key, element] : value.map()) {
                if (!is_first) out += ',';
                is_first = false;
                columns::append_json_string(key, out);
                out += ':';
                append_json(element, out);
            }
            out += '}';
            break;
        }
        case Kind::table: value.table()->append_json(out); break;
        case Kind::object: append_json(value.object().plain(), out); break;
    }
}

std::string to_json(const Value& value) {
    std::string out;
    append_json(value, out);
    return out;
}

void append_text(const Value& value, std::string& out) {
    switch (value.kind()) {
        case Kind::null: break;
        case Kind::string:
        case Kind::bytes: out += value.text(); break;
        case Kind::floating:
            if (std::isnan(value.floating())) {
                out += "NaN";
            } else if (std::isinf(value.floating())) {
                out += value.floating() < 0 ? "-Inf" : "+Inf";
            } else {
                columns::append_float(value.floating(), out);
            }
            break;
        case Kind::object: out += value.object().text(); break;
        default: append_json(value, out);
    }
}

Value parse_json(std::string_view text) {
    Builder builder;
    if (nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
        return std::move(builder.result);
    }
    int line = 1;
    int column = 1;
    for (std::size_t i = 0; i < std::min(builder.offset, text.size()); ++i) {
        if (text[i] == '\n') {
            ++line;
            column = 1;
        } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
            ++column;
        }
    }
    throw Error(Status::bad_data, "not valid JSON at line " + std::to_string(line) + ", column " +
                                      std::to_string(column) + ": " + builder.fault);
}

Value to_plain(const Value& value) {
    // Most values are plain already and are shared: a body may be large.
    if (is_plain(value)) {
        value.note_plain();
        return value;
    }
    switch (value.kind()) {
        case Kind::object: return value.object().plain();
        case Kind::list: {
            List list;
            list.reserve(value.size());
            for (const Value& element : value.list()) {
                list.push_back(to_plain(element));
            }
            return Value::list(std::move(list));
        }
        case Kind::map: {
            Map map;
            map.reserve(value.size());
            for (const auto& [key, element] : value.map()) {
                map.set(key, to_plain(element));
            }
            return Value::map(std::move(map));
        }
        default: return value;
    }
}

bool is_number_text(std::string_view text) { return columns::is_json_number(text); }

}  // namespace kdeps::value
