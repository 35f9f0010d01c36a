// SPDX-License-Identifier: Apache-2.0
// Reads the big-endian integers of PostgreSQL's binary forms.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "postgres_decode.hpp"

namespace kdeps::postgres {

class Wire {
public:
    explicit Wire(std::string_view bytes) : rest_(bytes) {}

    // Throws Error (BAD_DATA) at the end.
    template <typename Integer>
    Integer take() {
        if (rest_.size() < sizeof(Integer)) fail_decoding("that size");
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < sizeof(Integer); ++i) {
            value = value << 8 | static_cast<unsigned char>(rest_[i]);
        }
        rest_.remove_prefix(sizeof(Integer));
        return static_cast<Integer>(static_cast<std::make_unsigned_t<Integer>>(value));
    }

    std::string_view take(std::size_t count) {
        if (rest_.size() < count) fail_decoding("that size");
        const std::string_view bytes = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return bytes;
    }

    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

}  // namespace kdeps::postgres
