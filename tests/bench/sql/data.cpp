// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sql/data.hpp"

#include <kdeps/cpp/text.hpp>

namespace kdeps::bench {

using value::List;
using value::Map;
using value::Value;

namespace {

Value body(List sets) {
    Map map;
    map.set("sets", Value::list(std::move(sets)));
    return Value::map(std::move(map));
}

}  // namespace

std::vector<Update> updates() {
    std::vector<Update> out;
    constexpr int kStep = 7919;  // prime: no two neighbours on one page
    for (int i = 0; i < kUpdates; ++i) out.push_back({i * kStep % kUpdates + 1, i * 3LL});
    return out;
}

std::vector<Item> items() {
    constexpr std::int64_t kFirst = 1'704'067'200;  // 2024-01-01
    std::vector<Item> out;
    for (int i = 0; i < kRows; ++i) {
        const std::int64_t micros = (kFirst + i * 61) * 1'000'000;
        std::string at;
        columns::append_timestamp(micros, "", at);
        at[at.find('T')] = ' ';
        out.push_back({i, "item number " + std::to_string(i), i * 0.37, at, micros});
    }
    return out;
}

Value body_of(const std::vector<Update>& updates) {
    List sets;
    for (const Update& update : updates)
        sets.push_back(Value::list({Value(update.amount), Value(static_cast<std::int64_t>(update.id))}));
    return body(std::move(sets));
}

Value body_of(const std::vector<Item>& items) {
    List sets;
    for (const Item& item : items)
        sets.push_back(Value::list(
            {Value(static_cast<std::int64_t>(item.id)), Value(item.name), Value(item.price), Value(item.at)}));
    return body(std::move(sets));
}

}  // namespace kdeps::bench
