// SPDX-License-Identifier: Apache-2.0
// What one evaluation may make.
#include "core/expr/evaluate.hpp"
#include "core/expr/keyed_map.hpp"

namespace kdeps::expr {

using value::Kind;
using value::Value;

namespace {

// About how many bytes only this value holds.
std::size_t footprint(const Value& value) {
    constexpr std::size_t kPayload = 48;
    if (!value.has_one_owner()) {
        return 0;
    }
    std::size_t bytes = kPayload;
    switch (value.kind()) {
        case Kind::string:
        case Kind::bytes:
        case Kind::decimal: return bytes + value.text().size();
        case Kind::list:
            for (const Value& element : value.list()) bytes += sizeof(Value) + footprint(element);
            return bytes;
        case Kind::map:
            for (std::size_t i = 0; !value.is_row() && i < value.size(); ++i)
                bytes += sizeof(value::Map::Entry) + footprint(value.map()[i].second);
            return bytes;
        case Kind::object:
            if (const KeyedMap* map = as_keyed_map(value)) {
                for (const auto& [key, one] : map->entries()) bytes += kPayload + footprint(one);
            }
            return bytes;
        default: return bytes;
    }
}

}  // namespace

void Frame::spend(std::size_t amount) {
    if (amount >= budget) {
        throw RunError("the expression makes more than 1,000,000 elements; limit the data before");
    }
    budget -= amount;
}

void Frame::keep(const Value& value) {
    const std::size_t bytes = footprint(value);
    if (bytes > room) {
        throw RunError("the expression makes more than 1 GiB; limit the data before");
    }
    room -= bytes;
}

}  // namespace kdeps::expr
