// SPDX-License-Identifier: Apache-2.0
// Messages between the plugin and a worker, over a stream socket.  The columns of tables travel beside the message: in
// the stream if they are small, else in sealed shared memory (memfd_create(2)) whose descriptor goes along.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "descriptor.hpp"
#include "wire.hpp"

namespace kdeps::python {

// The bytes of the tables of one message, read-only.  Any thread.
class Memory {
public:
    // Both throw std::system_error.
    static std::shared_ptr<const Memory> map(Descriptor file, std::size_t size);
    static std::shared_ptr<Memory> allocate(std::size_t size);

    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    const char* data() const { return data_; }
    char* writable() { return data_; }
    std::size_t size() const { return size_; }

private:
    Memory(char* data, std::size_t size, bool is_mapped) : data_(data), size_(size), is_mapped_(is_mapped) {}

    char* data_;
    std::size_t size_;
    bool is_mapped_;
};

// A message to send.
class Packet {
public:
    Writer body;

    // Puts bytes into the memory of the message, aligned as Arrow recommends; they must live until it is sent.  Returns
    // their offset.
    std::size_t add(const void* bytes, std::size_t size);
    // Bytes that live as long as the packet.
    std::string& own(std::string bytes) { return owned_.emplace_back(std::move(bytes)); }
    std::size_t memory_size() const { return memory_size_; }

private:
    friend void send(int socket, Message type, const Packet& packet);
    struct Segment {
        const void* bytes;
        std::size_t size;
        std::size_t offset;
    };
    std::vector<Segment> segments_;
    std::size_t memory_size_ = 0;
    std::deque<std::string> owned_;
};

// A message that came.
struct Frame {
    Message type{};
    std::string body;
    std::shared_ptr<const Memory> memory;
};

// Blocks until all is written.  Throws std::system_error.
void send(int socket, Message type, const Packet& packet);

// Blocks until a whole message is there; false if the other side has closed the socket.  Throws std::system_error.
bool receive(int socket, Frame& frame);

}  // namespace kdeps::python
