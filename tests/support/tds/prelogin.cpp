// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/prelogin.hpp"

#include <utility>
#include <vector>

#include "tests/support/tds/bytes.hpp"

namespace kdeps::testing::tds {

namespace {

constexpr std::uint8_t kVersion = 0;
constexpr std::uint8_t kEncryption = 1;
constexpr std::uint8_t kInstance = 2;
constexpr std::uint8_t kThread = 3;
constexpr std::uint8_t kMars = 4;
constexpr std::uint8_t kEnd = 0xFF;

// Its offsets are the only big-endian numbers of the protocol.
std::size_t big_endian(Reader& in) {
    const std::size_t high = in.u8();
    return high << 8U | in.u8();
}

}  // namespace

Encryption read_prelogin(std::string_view data) {
    Reader in(data);
    Encryption out = Encryption::not_supported;
    for (std::uint8_t option = in.u8(); option != kEnd; option = in.u8()) {
        const std::size_t offset = big_endian(in);
        const std::size_t length = big_endian(in);
        if (offset + length > data.size()) throw ProtocolError("a PRELOGIN option lies outside of its message");
        if (option == kEncryption && length == 1) out = static_cast<Encryption>(data[offset]);
    }
    return out;
}

std::string prelogin_answer(Encryption encryption) {
    const std::vector<std::pair<std::uint8_t, std::string>> options = {
        {kVersion, std::string("\x0F\x00\x07\xD0\x00\x00", 6)},  // 15.0.2000
        {kEncryption, std::string(1, static_cast<char>(encryption))},
        {kInstance, std::string(1, '\0')},
        {kThread, ""},
        {kMars, std::string(1, '\0')},
    };
    Writer head;
    std::string values;
    const std::size_t start = options.size() * 5 + 1;
    for (const auto& [option, value] : options) {
        const std::size_t offset = start + values.size();
        head.u8(option);
        head.u8(static_cast<unsigned>(offset >> 8U));
        head.u8(static_cast<unsigned>(offset & 0xFFU));
        head.u8(0);
        head.u8(static_cast<unsigned>(value.size()));
        values += value;
    }
    head.u8(kEnd);
    return head.take() + values;
}

}  // namespace kdeps::testing::tds
