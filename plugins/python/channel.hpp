// SPDX-License-Identifier: Apache-2.0
// Messages between the plugin and a worker, one packet each over a SOCK_SEQPACKET socket: one system call to send, one
// to receive.  What is large (columns of tables, long texts) lies in sealed shared memory (memfd_create(2)) whose
// descriptor goes along.
#pragma once

#include <list>
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
    friend class Channel;
    struct Segment {
        const void* bytes;
        std::size_t size;
        std::size_t offset;
    };
    std::vector<Segment> segments_;
    std::size_t memory_size_ = 0;
    std::list<std::string> owned_;
};

// A message that came.
struct Frame {
    Message type{};
    std::string body;
    std::shared_ptr<const Memory> memory;
};

// One end of the line.  One thread at a time.
class Channel {
public:
    Channel() = default;
    explicit Channel(Descriptor socket);

    int socket() const { return socket_.get(); }

    // Blocks until the message is handed over.  Throws std::system_error.
    void send(Message type, const Packet& packet);

    enum class Received { frame, end, unread };
    // Blocks until a message is there.  end: the other side has closed the line; unread: it has done so without
    // reading what was sent to it (unix(7): ECONNRESET).  Throws std::system_error.
    Received receive(Frame& frame);

    // The same in two steps: until it is taken, the other side knows the message as unread.
    Received peek(Frame& frame);
    void take();

private:
    Received receive(Frame& frame, int flags);

    Descriptor socket_;
    std::vector<char> buffer_;  // of the message that is being received
};

}  // namespace kdeps::python
