// SPDX-License-Identifier: Apache-2.0
// A span of time in an expression: duration("1h30m").  int64 nanoseconds, which wrap as integers do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/expr/ast.hpp"

namespace kdeps::expr {

class DurationValue final : public value::Object {
public:
    explicit DurationValue(std::int64_t nanoseconds) : nanoseconds_(nanoseconds) {}

    std::string_view type_name() const override { return "time.Duration"; }
    std::string text() const override;  // "1h30m0s"
    value::Value plain() const override { return text(); }
    bool equals(const value::Object& other) const override;

    std::int64_t nanoseconds() const { return nanoseconds_; }

private:
    std::int64_t nanoseconds_;
};

value::Value make_duration(std::int64_t nanoseconds);
const DurationValue* as_duration(const value::Value& value);

// "1h30m", "-1.5s", "0": a sign, then numbers each with one of ns us µs ms s m h.  Nothing if it is something else or
// too long.
std::optional<std::int64_t> parse_span(std::string_view text);

// To the nearest multiple (half away from zero), or towards zero; unchanged where the unit is not positive.
std::int64_t round_span(std::int64_t span, std::int64_t unit);
std::int64_t truncate_span(std::int64_t span, std::int64_t unit);

value::Value duration_method(const DurationValue& duration, const std::string& name, Arguments arguments);

}  // namespace kdeps::expr
