// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/login7.hpp"

#include <algorithm>

namespace kdeps::testing::tds {

namespace {

// What the documents call obfuscation: nibbles swapped, then XOR 0xA5.
std::string clear(std::string_view hidden) {
    std::string out;
    for (const char c : hidden) {
        const auto byte = static_cast<unsigned>(static_cast<unsigned char>(c)) ^ 0xA5U;
        out += static_cast<char>(static_cast<unsigned char>(byte << 4U | byte >> 4U));
    }
    return out;
}

}  // namespace

Login read_login(std::string_view data) {
    Reader in(data);
    if (in.u32() != data.size()) throw ProtocolError("LOGIN7 has not the length that it announces");
    Login login;
    login.tds = in.u32();
    switch (login.tds) {
        case 0x71000001: login.version = 1; break;
        case 0x72090002: login.version = 2; break;
        case 0x730A0003:
        case 0x730B0003: login.version = 3; break;
        default:
            if (login.tds < 0x74000004) throw ProtocolError("the client speaks a TDS below 7.1");
            login.tds = 0x74000004;
            login.version = 4;
    }
    login.has_null_rows = login.tds >= 0x730B0003;
    login.packet_size = std::clamp<std::size_t>(in.u32(), 512, 32767);
    in.bytes(4 + 4 + 4);  // program version, process, connection
    in.u8();
    login.is_sql_login = (in.u8() & 0x80U) == 0;
    in.bytes(2 + 4 + 4);  // flags, time zone, locale

    const auto raw = [&]() -> std::string_view {
        const std::size_t offset = in.u16();
        const std::size_t bytes = static_cast<std::size_t>(in.u16()) * 2;
        if (bytes == 0) return {};
        if (offset + bytes > data.size()) throw ProtocolError("a field of LOGIN7 lies outside of its message");
        return data.substr(offset, bytes);
    };
    login.host = to_utf8(raw());
    login.user = to_utf8(raw());
    login.password = to_utf8(clear(raw()));
    login.application = to_utf8(raw());
    login.server = to_utf8(raw());
    in.u32();  // feature extensions: none is known here, so none is acknowledged
    login.library = to_utf8(raw());
    login.language = to_utf8(raw());
    login.database = to_utf8(raw());
    return login;
}

}  // namespace kdeps::testing::tds
