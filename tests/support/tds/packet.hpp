// SPDX-License-Identifier: Apache-2.0
// Messages over a socket: packets with an 8-byte header ([MS-TDS] 2.2.3), and what comes in between while one is
// answered.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/descriptor.hpp"
#include "tests/support/tds/bytes.hpp"

namespace kdeps::testing::tds {

enum class PacketType : std::uint8_t {
    batch = 1,
    rpc = 3,
    response = 4,
    attention = 6,
    bulk = 7,
    transaction = 14,
    login = 16,
    prelogin = 18,
};

struct Message {
    PacketType type = PacketType::batch;
    std::string data;
    bool resets_session = false;  // RESETCONNECTION in the header
};

// The client went away, or the server was stopped.
class Disconnected : public std::runtime_error {
public:
    Disconnected() : std::runtime_error("the connection is closed") {}
};

// One connection.  One thread, but for shut_down.
class PacketStream {
public:
    explicit PacketStream(Descriptor socket) : socket_(std::move(socket)) {}

    // Waits for a whole message; throws Disconnected, ProtocolError.
    Message read();
    // One message of as many packets as it needs.
    void write(std::string_view data, PacketType type = PacketType::response) {
        type_ = type;
        write_some(data, true);
        type_ = PacketType::response;
    }
    Descriptor take_socket() { return std::move(socket_); }
    void use_socket(Descriptor socket) { socket_ = std::move(socket); }
    // Sends the full packets of a message that goes on and removes them from `data`.
    void flush(std::string& data);

    // Has the client asked to stop?  Stays true until taken; throws Disconnected if it went away.
    bool has_attention();
    bool take_attention();
    // True if an attention came before the time was over.
    bool wait_for_attention(std::chrono::milliseconds time);

    std::size_t packet_size() const { return packet_size_; }
    void set_packet_size(std::size_t size) { packet_size_ = size; }
    void set_session(std::uint16_t number) { session_ = number; }

    // Any thread: ends every wait.
    void shut_down();

private:
    void write_some(std::string_view data, bool is_end);
    void send_all(std::string_view data);
    std::string receive(std::size_t count);
    // Waits until the socket has one of `events`, at most `time` (-1 = for ever); what it has.
    short wait(short events, int time);
    // Reads what lies there, which may only be an attention.
    void take_in();

    Descriptor socket_;
    std::size_t packet_size_ = 4096;
    std::uint16_t session_ = 0;
    PacketType type_ = PacketType::response;  // of what is written
    std::uint8_t packet_number_ = 0;
    bool has_attention_ = false;
};

}  // namespace kdeps::testing::tds
