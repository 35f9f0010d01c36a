// SPDX-License-Identifier: Apache-2.0
#include "core/engine/envelope.hpp"

namespace kdeps::engine {

namespace {

using value::Kind;
using value::Value;

std::string header_text(const Value& value) {
    if (value.kind() == Kind::string) {
        return std::string(value.text());
    }
    std::string out;
    if (!value.is_null()) {
        value::append_json(value, out);
    }
    return out;
}

}  // namespace

void unwrap_envelope(const Value& envelope, Outcome& outcome) {
    const auto success = envelope.kind() == Kind::map ? envelope.find("success") : std::nullopt;
    if (!success || success->kind() != Kind::boolean) {
        outcome.data = envelope;
        return;
    }
    outcome.success = success->boolean();
    if (auto data = envelope.find("data")) {
        outcome.data = std::move(*data);
    }
    const auto meta = envelope.find("_meta");
    if (!meta || meta->kind() != Kind::map) {
        return;
    }
    value::Map rest;
    for (std::size_t i = 0; i < meta->size(); ++i) {
        const std::string_view key = meta->key_at(i);
        const Value value = meta->at(i);
        if (key == "statusCode" && value.kind() == Kind::integer && value.integer() >= 100 && value.integer() <= 599) {
            outcome.status = static_cast<int>(value.integer());
        } else if (key == "headers" && value.kind() == Kind::map) {
            for (std::size_t h = 0; h < value.size(); ++h) {
                outcome.headers.emplace_back(std::string(value.key_at(h)), header_text(value.at(h)));
            }
        } else if (key != "statusCode") {
            rest.set(key, value);
        }
    }
    if (rest.size() > 0) {
        outcome.meta = Value::map(std::move(rest));
    }
}

}  // namespace kdeps::engine
