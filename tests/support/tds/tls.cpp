// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/tls.hpp"

#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>

namespace kdeps::testing::tds {

struct TlsTunnel::Session {
    explicit Session(SSL_CTX* context) : ssl(SSL_new(context)) {
        SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(ssl);
    }
    ~Session() { SSL_free(ssl); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void take(std::string_view data) const { BIO_write(SSL_get_rbio(ssl), data.data(), static_cast<int>(data.size())); }
    std::string give() const {
        std::string out(BIO_ctrl_pending(SSL_get_wbio(ssl)), '\0');
        if (!out.empty()) BIO_read(SSL_get_wbio(ssl), out.data(), static_cast<int>(out.size()));
        return out;
    }

    SSL* ssl;
};

TlsIdentity::TlsIdentity(const std::filesystem::path& certificate, const std::filesystem::path& key)
    : context_(SSL_CTX_new(TLS_server_method())) {
    auto* context = static_cast<SSL_CTX*>(context_);
    // A session ticket would come behind the handshake, where the client expects TDS.
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        SSL_CTX_free(context);
        throw std::runtime_error("the certificate of the TDS server cannot be read");
    }
}

TlsIdentity::~TlsIdentity() { SSL_CTX_free(static_cast<SSL_CTX*>(context_)); }

TlsTunnel::TlsTunnel(PacketStream& stream, const TlsIdentity& identity)
    : session_(std::make_unique<Session>(static_cast<SSL_CTX*>(identity.get()))) {
    for (;;) {
        const int done = SSL_do_handshake(session_->ssl);
        if (const std::string answer = session_->give(); !answer.empty()) stream.write(answer, PacketType::prelogin);
        if (done == 1) break;
        if (SSL_get_error(session_->ssl, done) != SSL_ERROR_WANT_READ) throw Disconnected();
        session_->take(stream.read().data);
    }
    client_ = stream.take_socket();
    int pair[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) throw Disconnected();
    plain_ = Descriptor(pair[0]);
    inner_ = Descriptor(pair[1]);
    thread_ = std::thread([this] { carry(); });
}

TlsTunnel::~TlsTunnel() {
    shut_down();
    thread_.join();
}

void TlsTunnel::shut_down() {
    ::shutdown(client_.get(), SHUT_RDWR);
    ::shutdown(inner_.get(), SHUT_RDWR);
}

void TlsTunnel::carry() {
    std::array<char, 16384> buffer{};
    const auto send_all = [](int socket, std::string_view data) {
        while (!data.empty()) {
            const ssize_t sent = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            data.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    };
    for (bool is_open = true; is_open;) {
        pollfd entries[2] = {{client_.get(), POLLIN, 0}, {inner_.get(), POLLIN, 0}};
        if (::poll(entries, 2, -1) < 0) continue;
        if (entries[0].revents != 0) {
            const ssize_t got = ::recv(client_.get(), buffer.data(), buffer.size(), 0);
            if (got <= 0) break;
            session_->take({buffer.data(), static_cast<std::size_t>(got)});
            for (int size = 0; is_open;) {
                size = SSL_read(session_->ssl, buffer.data(), static_cast<int>(buffer.size()));
                if (size <= 0) break;
                is_open = send_all(inner_.get(), {buffer.data(), static_cast<std::size_t>(size)});
            }
        }
        if (entries[1].revents != 0) {
            const ssize_t got = ::recv(inner_.get(), buffer.data(), buffer.size(), 0);
            if (got <= 0) break;
            SSL_write(session_->ssl, buffer.data(), static_cast<int>(got));
            is_open = is_open && send_all(client_.get(), session_->give());
        }
    }
    shut_down();
}

}  // namespace kdeps::testing::tds
