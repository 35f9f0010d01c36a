// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/packet.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>

namespace kdeps::testing::tds {

namespace {

constexpr std::size_t kHeader = 8;
constexpr std::uint8_t kEndOfMessage = 0x01;
constexpr std::uint8_t kIgnore = 0x02;
constexpr std::uint8_t kResetConnection = 0x08 | 0x10;
constexpr std::size_t kMostBytes = 256U * 1024 * 1024;

}  // namespace

short PacketStream::wait(short events, int time) {
    pollfd entry{socket_.get(), events, 0};
    while (poll(&entry, 1, time) < 0) {
        if (errno != EINTR) throw Disconnected();
    }
    return entry.revents;
}

std::string PacketStream::receive(std::size_t count) {
    std::string out(count, '\0');
    for (std::size_t have = 0; have < count;) {
        const ssize_t got = recv(socket_.get(), out.data() + have, count - have, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw Disconnected();
        have += static_cast<std::size_t>(got);
    }
    return out;
}

Message PacketStream::read() {
    Message message;
    for (bool is_first = true;; is_first = false) {
        const std::string header = receive(kHeader);
        const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(header[i]); };
        const std::size_t length = static_cast<std::size_t>(byte(2)) << 8U | byte(3);
        if (length < kHeader) throw ProtocolError("a packet is shorter than its header");
        const auto type = static_cast<PacketType>(byte(0));
        if (!is_first && type != message.type) throw ProtocolError("a message has packets of two types");
        message.type = type;
        message.resets_session |= (byte(1) & kResetConnection) != 0;
        message.data += receive(length - kHeader);
        if (message.data.size() > kMostBytes) throw ProtocolError("a message is larger than 256 MiB");
        if ((byte(1) & kEndOfMessage) == 0) continue;
        if ((byte(1) & kIgnore) == 0) return message;
        // The client thought better of it ([MS-TDS] 2.2.3.1.2): the message never was.
        message = {};
        is_first = true;
        return {PacketType::attention, "", false};
    }
}

void PacketStream::write_some(std::string_view data, bool is_end) {
    const std::size_t room = packet_size_ - kHeader;
    do {
        const std::size_t size = std::min(room, data.size());
        const bool is_last = is_end && size == data.size();
        if (!is_end && size < room) return;
        const std::size_t length = size + kHeader;
        std::string packet;
        for (const std::size_t value : {static_cast<std::size_t>(type_), std::size_t{is_last ? 1U : 0U}, length >> 8U,
                                        length & 0xFFU, std::size_t{session_} >> 8U, std::size_t{session_} & 0xFFU,
                                        std::size_t{++packet_number_}, std::size_t{0}}) {
            packet += static_cast<char>(static_cast<unsigned char>(value));
        }
        packet += data.substr(0, size);
        send_all(packet);
        data.remove_prefix(size);
    } while (!data.empty());
    packet_number_ = 0;
}

void PacketStream::flush(std::string& data) {
    const std::size_t room = packet_size_ - kHeader;
    if (data.size() <= room) return;  // the last packet of a message is never empty
    const std::size_t whole = (data.size() - 1) / room * room;
    write_some(std::string_view(data).substr(0, whole), false);
    data.erase(0, whole);
}

void PacketStream::send_all(std::string_view data) {
    while (!data.empty()) {
        // A client that does not read any more may still tell the server to stop.
        const short ready = wait(static_cast<short>(POLLOUT | (has_attention_ ? 0 : POLLIN)), -1);
        if ((ready & POLLIN) != 0) take_in();
        if ((ready & (POLLERR | POLLNVAL)) != 0) throw Disconnected();
        if ((ready & POLLOUT) == 0) continue;
        const ssize_t sent = send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (sent < 0) throw Disconnected();
        data.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void PacketStream::take_in() {
    if (read().type != PacketType::attention) {
        throw ProtocolError("the client sent a request before the answer to the last one was complete");
    }
    has_attention_ = true;
}

bool PacketStream::has_attention() { return wait_for_attention(std::chrono::milliseconds(0)); }

bool PacketStream::wait_for_attention(std::chrono::milliseconds time) {
    if (!has_attention_ && wait(POLLIN, static_cast<int>(time.count())) != 0) take_in();
    return has_attention_;
}

bool PacketStream::take_attention() { return std::exchange(has_attention_, false); }

void PacketStream::shut_down() { shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace kdeps::testing::tds
