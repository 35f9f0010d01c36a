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
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

struct Header {
    std::uint64_t body;
    std::uint64_t memory;
    Message type;
    std::uint32_t is_shared;  // the memory comes as a descriptor
};

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// A file that can no longer be changed, so that its reader never meets a shrunken mapping.
template <typename Segments>
Descriptor make_file(const Segments& segments, std::size_t size) {
    Descriptor file(memfd_create("kdeps-table", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file.is_open()) fail("memfd_create");
    if (ftruncate(file.get(), static_cast<off_t>(size)) != 0) fail("shared memory");
    for (const auto& segment : segments) {
        const char* at = static_cast<const char*>(segment.bytes);
        std::size_t done = 0;
        while (done < segment.size) {
            const ssize_t written =
                pwrite(file.get(), at + done, segment.size - done, static_cast<off_t>(segment.offset + done));
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) fail("shared memory");
            done += static_cast<std::size_t>(written);
        }
    }
    if (fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) fail("sealing shared memory");
    return file;
}

void send_all(int socket, std::array<iovec, 3>& parts, int descriptor) {
    msghdr message{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (descriptor >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    std::size_t first = 0;
    while (first < parts.size()) {
        message.msg_iov = parts.data() + first;
        message.msg_iovlen = parts.size() - first;
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) fail("sending to the other side");
        message.msg_control = nullptr;
        message.msg_controllen = 0;
        while (first < parts.size() && static_cast<std::size_t>(sent) >= parts[first].iov_len)
            sent -= static_cast<ssize_t>(parts[first++].iov_len);
        if (first < parts.size()) {
            parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + sent;
            parts[first].iov_len -= static_cast<std::size_t>(sent);
        }
    }
}

// False at the end of the stream.
bool receive_all(int socket, void* into, std::size_t size, Descriptor* descriptor) {
    std::size_t done = 0;
    while (done < size) {
        iovec part{static_cast<char*>(into) + done, size - done};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (descriptor != nullptr) {
            message.msg_control = control.data();
            message.msg_controllen = control.size();
        }
        const ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno != ECONNRESET) fail("receiving from the other side");
        if (got <= 0) return false;
        for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
            if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
                int number = -1;
                std::memcpy(&number, CMSG_DATA(header), sizeof(int));
                *descriptor = Descriptor(number);
            }
        }
        done += static_cast<std::size_t>(got);
    }
    return true;
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
    const std::size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
    auto* data = static_cast<char*>(std::aligned_alloc(kAlignment, std::max(rounded, kAlignment)));
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
    const std::size_t offset = (memory_size_ + kAlignment - 1) / kAlignment * kAlignment;
    if (size > 0) segments_.push_back({bytes, size, offset});
    memory_size_ = offset + size;
    return offset;
}

void send(int socket, Message type, const Packet& packet) {
    const bool is_shared = packet.memory_size_ > kMostInline;
    const std::string& body = packet.body.bytes();
    Header header{body.size(), packet.memory_size_, type, is_shared ? 1U : 0U};
    Descriptor file;
    std::string inlined;
    if (is_shared) {
        file = make_file(packet.segments_, packet.memory_size_);
    } else if (packet.memory_size_ > 0) {
        inlined.resize(packet.memory_size_);
        for (const auto& segment : packet.segments_)
            std::memcpy(inlined.data() + segment.offset, segment.bytes, segment.size);
    }
    std::array<iovec, 3> parts{iovec{&header, sizeof(header)}, iovec{const_cast<char*>(body.data()), body.size()},
                               iovec{inlined.data(), inlined.size()}};
    send_all(socket, parts, file.get());
}

bool receive(int socket, Frame& frame) {
    Header header{};
    Descriptor file;
    if (!receive_all(socket, &header, sizeof(header), &file)) return false;
    constexpr std::uint64_t kMost = std::uint64_t{1} << 36;
    if (header.body > kMost || header.memory > kMost) {
        errno = EMSGSIZE;
        fail("a message of the other side");
    }
    frame.type = header.type;
    frame.body.resize(header.body);
    frame.memory = nullptr;
    if (!receive_all(socket, frame.body.data(), header.body, nullptr)) return false;
    if (header.is_shared != 0) {
        frame.memory = Memory::map(std::move(file), header.memory);
    } else if (header.memory > 0) {
        const auto memory = Memory::allocate(header.memory);
        if (!receive_all(socket, memory->writable(), header.memory, nullptr)) return false;
        frame.memory = memory;
    }
    return true;
}

}  // namespace kdeps::python
