// SPDX-License-Identifier: Apache-2.0
#include "result.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace kdeps::python {

namespace {

// Builds values while JSON is read.  Open containers may not be handed on, so each goes into its parent when it is
// closed.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit Builder(const Call& call) : call_(call) {}

    const Value& result() const { return result_; }

    bool null() override { return add(call_.null()); }
    bool boolean(bool value) override { return add(call_.boolean(value)); }
    bool number_integer(number_integer_t value) override { return add(call_.integer(value)); }
    bool number_unsigned(number_unsigned_t value) override {
        return add(value <= static_cast<number_unsigned_t>(INT64_MAX) ? call_.integer(static_cast<std::int64_t>(value))
                                                                      : call_.decimal(std::to_string(value)));
    }
    bool number_float(number_float_t value, const string_t& digits) override {
        // An integer of more digits than 64 bits hold keeps them.
        const bool is_integer = digits.find_first_of(".eE") == std::string::npos;
        return std::isfinite(value) && add(is_integer ? call_.decimal(digits) : call_.number(value));
    }
    bool string(string_t& text) override { return add(call_.string(text)); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(call_.map(), true); }
    bool key(string_t& name) override {
        open_.back().key = name;
        return true;
    }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(call_.list(), false); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

private:
    struct Open {
        Value container;
        bool is_map;  // asking the container itself would close it
        std::string key;
    };

    bool open(Value container, bool is_map) {
        constexpr std::size_t kDeepest = 500;
        open_.push_back({container, is_map, {}});
        return open_.size() <= kDeepest;
    }
    bool close() {
        const Value closed = open_.back().container;
        open_.pop_back();
        return add(closed);
    }
    bool add(const Value& value) {
        if (open_.empty()) {
            result_ = value;
        } else if (Open& parent = open_.back(); parent.is_map) {
            call_.put(parent.container, parent.key, value);
        } else {
            call_.push(parent.container, value);
        }
        return true;
    }

    const Call& call_;
    Value result_;
    std::vector<Open> open_;
};

}  // namespace

Value printed(const Call& call, std::string_view text) {
    constexpr std::string_view kFirst = "{[\"-0123456789tfn";
    const std::size_t start = text.find_first_not_of(" \t\r\n");
    if (start != std::string_view::npos && kFirst.find(text[start]) != std::string_view::npos) {
        Builder builder(call);
        if (nlohmann::json::sax_parse(text, &builder)) return builder.result();
    }
    return call.string(text);
}

}  // namespace kdeps::python
