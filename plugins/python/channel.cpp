// SPDX-License-Identifier: Apache-2.0
#include "channel.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace kdeps::python {

namespace {

constexpr std::size_t kAlignment = 64;
// Up to here a copy through the socket costs less than making, mapping and unmapping a file.
constexpr std::size_t kMostInline = 32U << 10;
constexpr std::size_t kMostPacket = 2 * kMostInline;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

struct Header {
    std::uint64_t body;
    std::uint64_t memory;
    Message type;
    std::uint8_t has_file;
    std::uint8_t is_memory_in_file;
    std::uint8_t is_body_in_file;  // behind the memory
    std::uint8_t unused;
};

std::size_t aligned(std::size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void write_at(int file, std::string_view bytes, std::size_t offset) {
    while (!bytes.empty()) {
        const ssize_t written = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail("shared memory");
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::size_t>(written);
    }
}

Descriptor make_file(std::size_t size) {
    Descriptor file(memfd_create("kdeps-table", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file.is_open()) fail("memfd_create");
    if (ftruncate(file.get(), static_cast<off_t>(size)) != 0) fail("shared memory");
    return file;
}

// What can no longer be changed: its reader never meets a shrunken mapping.
void seal(const Descriptor& file) {
    if (fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) fail("sealing shared memory");
}

}  // namespace

std::shared_ptr<const Memory> Memory::map(Descriptor file, std::size_t size) {
    // Without the seals the other side could cut the file while it is read.
    if ((fcntl(file.get(), F_GET_SEALS) & kSeals) != kSeals) {
        errno = EPERM;
        fail("shared memory without seals");
    }
    if (lseek(file.get(), 0, SEEK_END) < static_cast<off_t>(size)) {
        errno = EINVAL;
        fail("shared memory is too small");
    }
    void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, file.get(), 0);
    if (data == MAP_FAILED) fail("mapping shared memory");
    return std::shared_ptr<const Memory>(new Memory(static_cast<char*>(data), size, true));
}

std::shared_ptr<Memory> Memory::allocate(std::size_t size) {
    auto* data = static_cast<char*>(std::aligned_alloc(kAlignment, std::max(aligned(size), kAlignment)));
    if (data == nullptr) throw std::bad_alloc();
    return std::shared_ptr<Memory>(new Memory(data, size, false));
}

Memory::~Memory() {
    if (is_mapped_) {
        munmap(data_, size_);
    } else {
        std::free(data_);
    }
}

std::size_t Packet::add(const void* bytes, std::size_t size) {
    const std::size_t offset = aligned(memory_size_);
    if (size > 0) segments_.push_back({bytes, size, offset});
    memory_size_ = offset + size;
    return offset;
}

Channel::Channel(Descriptor socket) : socket_(std::move(socket)), buffer_(kMostPacket) {}

void Channel::send(Message type, const Packet& packet) {
    const std::string& body = packet.body.bytes();
    Header header{body.size(), packet.memory_size_, type, 0, 0, 0, 0};
    header.is_memory_in_file = packet.memory_size_ > kMostInline;
    const std::size_t inline_memory = header.is_memory_in_file != 0 ? 0 : packet.memory_size_;
    header.is_body_in_file = sizeof(header) + body.size() + inline_memory > kMostPacket;
    header.has_file = header.is_memory_in_file | header.is_body_in_file;

    Descriptor file;
    if (header.has_file != 0) {
        const std::size_t body_at = header.is_memory_in_file != 0 ? aligned(packet.memory_size_) : 0;
        file = make_file(body_at + body.size());
        if (header.is_memory_in_file != 0) {
            for (const auto& segment : packet.segments_)
                write_at(file.get(), {static_cast<const char*>(segment.bytes), segment.size}, segment.offset);
        }
        if (header.is_body_in_file != 0) write_at(file.get(), body, body_at);
        seal(file);
    }
    std::string inlined(inline_memory, '\0');
    if (inline_memory > 0) {
        for (const auto& segment : packet.segments_)
            std::memcpy(inlined.data() + segment.offset, segment.bytes, segment.size);
    }
    std::array<iovec, 3> parts{iovec{&header, sizeof(header)},
                               iovec{const_cast<char*>(body.data()), header.is_body_in_file != 0 ? 0 : body.size()},
                               iovec{inlined.data(), inlined.size()}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (file.is_open()) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* first = CMSG_FIRSTHDR(&message);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(sizeof(int));
        const int number = file.get();
        std::memcpy(CMSG_DATA(first), &number, sizeof(int));
    }
    while (sendmsg(socket_.get(), &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) fail("sending to the other side");
    }
}

Channel::Received Channel::receive(Frame& frame) { return receive(frame, 0); }
Channel::Received Channel::peek(Frame& frame) { return receive(frame, MSG_PEEK); }

void Channel::take() {
    while (recv(socket_.get(), nullptr, 0, 0) < 0) {
        if (errno != EINTR) fail("receiving from the other side");
    }
}

Channel::Received Channel::receive(Frame& frame, int flags) {
    iovec part{buffer_.data(), buffer_.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t got = -1;
    while ((got = recvmsg(socket_.get(), &message, flags | MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    if (got < 0 && errno == ECONNRESET) return Received::unread;
    if (got < 0) fail("receiving from the other side");
    if (got == 0) return Received::end;
    Descriptor file;
    for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_RIGHTS) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(at), sizeof(int));
            file = Descriptor(number);
        }
    }
    const auto expect = [](bool is_right) {
        if (is_right) return;
        errno = EBADMSG;
        fail("a message of the other side");
    };
    const std::string_view all(buffer_.data(), static_cast<std::size_t>(got));
    Header header{};
    expect(all.size() >= sizeof(header) && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0);
    std::memcpy(&header, all.data(), sizeof(header));
    constexpr std::uint64_t kMost = std::uint64_t{1} << 36;
    expect(header.body <= kMost && header.memory <= kMost && (header.has_file != 0) == file.is_open());
    const std::size_t inline_body = header.is_body_in_file != 0 ? 0 : header.body;
    const std::size_t inline_memory = header.is_memory_in_file != 0 ? 0 : header.memory;
    expect(all.size() == sizeof(header) + inline_body + inline_memory);

    frame.type = header.type;
    frame.memory = nullptr;
    frame.body.assign(all.substr(sizeof(header), inline_body));
    if (inline_memory > 0) {
        const auto memory = Memory::allocate(inline_memory);
        std::memcpy(memory->writable(), all.data() + sizeof(header) + inline_body, inline_memory);
        frame.memory = memory;
    }
    if (header.has_file != 0) {
        const std::size_t body_at = header.is_memory_in_file != 0 ? aligned(header.memory) : 0;
        const auto mapped =
            Memory::map(std::move(file), header.is_body_in_file != 0 ? body_at + header.body : header.memory);
        if (header.is_body_in_file != 0) frame.body.assign(mapped->data() + body_at, header.body);
        if (header.is_memory_in_file != 0) frame.memory = mapped;
    }
    return Received::frame;
}

}  // namespace kdeps::python
