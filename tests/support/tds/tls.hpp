// SPDX-License-Identifier: Apache-2.0
// TLS below TDS: the handshake inside of PRELOGIN packets ([MS-TDS] 2.2.6.5), then everything.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/descriptor.hpp"
#include "tests/support/tds/packet.hpp"

namespace kdeps::testing::tds {

// A certificate with its key, both PEM.  Any thread.
class TlsIdentity {
public:
    TlsIdentity(const std::filesystem::path& certificate,
                const std::filesystem::path& key);  // throws std::runtime_error
    ~TlsIdentity();
    TlsIdentity(const TlsIdentity&) = delete;
    TlsIdentity& operator=(const TlsIdentity&) = delete;
    void* get() const { return context_; }

private:
    void* context_;
};

// Between the client and who serves it.
class TlsTunnel {
public:
    // Shakes hands over `stream`, which is behind PRELOGIN, and takes its socket.  Throws Disconnected.
    TlsTunnel(PacketStream& stream, const TlsIdentity& identity);
    ~TlsTunnel();
    TlsTunnel(const TlsTunnel&) = delete;
    TlsTunnel& operator=(const TlsTunnel&) = delete;

    // Where what the client sent comes out, and what is for it goes in.
    Descriptor take_plain_end() { return std::move(plain_); }
    void shut_down();

private:
    void carry();

    struct Session;
    std::unique_ptr<Session> session_;
    Descriptor client_;
    Descriptor plain_;
    Descriptor inner_;
    std::thread thread_;
};

}  // namespace kdeps::testing::tds
