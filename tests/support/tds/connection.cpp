// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/connection.hpp"

#include <sys/socket.h>

#include <thread>

#include "tests/support/tds/prelogin.hpp"

namespace kdeps::testing::tds {

namespace {

// ALL_HEADERS ([MS-TDS] 2.2.5.3) starts with its own length.
std::string_view without_headers(std::string_view data, Version version) {
    if (version < 2) return data;
    Reader in(data);
    const std::uint32_t length = in.u32();
    if (length < 4 || length > data.size()) throw ProtocolError("ALL_HEADERS has a wrong length");
    return data.substr(length);
}

}  // namespace

void Connection::serve() {
    shared_.log.add({Event::Kind::opened, session_, ""});
    try {
        if (log_in()) {
            for (;;) serve_request(stream_.read());
        }
    } catch (const std::exception&) {
        // The client went away, or sends what is no TDS: both end the connection, and the log shows that it is closed.
    }
    backend_.reset();
    stream_.shut_down();
    if (tunnel_ != nullptr) tunnel_->shut_down();
    --shared_.open_connections;
    shared_.log.add({Event::Kind::closed, session_, ""});
}

// The client's socket lives as long as this does, whoever holds it.
void Connection::shut_down() { ::shutdown(socket_, SHUT_RDWR); }

void Connection::refuse(const SqlError& error) {
    TokenWriter out(stream_, login_);
    out.failed(error);
    out.finish();
}

bool Connection::log_in() {
    Message message = stream_.read();
    shared_.gate.pass();
    if (message.type == PacketType::prelogin) {
        const Encryption wanted = read_prelogin(message.data);
        const bool demands = wanted == Encryption::on || wanted == Encryption::required;
        const bool encrypts = shared_.identity != nullptr && wanted != Encryption::not_supported;
        shared_.log.add({Event::Kind::prelogin, session_, std::to_string(static_cast<int>(wanted))});
        stream_.write(prelogin_answer(encrypts ? Encryption::on : Encryption::not_supported));
        if (encrypts) {
            tunnel_ = std::make_unique<TlsTunnel>(stream_, *shared_.identity);
            stream_.use_socket(tunnel_->take_plain_end());
        } else if (demands) {
            return false;
        }
        message = stream_.read();
        shared_.gate.pass();
    }
    if (message.type != PacketType::login) throw ProtocolError("a connection must start with LOGIN7");
    login_ = read_login(message.data);
    const std::string who = login_.user + "@" + login_.database;
    const auto user = shared_.users.find(login_.user);
    if (!login_.is_sql_login || user == shared_.users.end() || user->second != login_.password) {
        shared_.log.add({Event::Kind::login_failed, session_, who});
        refuse(SqlError(18456, "Login failed for user '" + login_.user + "'.", 14));
        return false;
    }
    if (shared_.open_connections > shared_.most_connections) {
        refuse(SqlError(
            17809, "Could not connect because the maximum number of user connections has already been reached.", 20));
        return false;
    }
    SessionFacts facts;
    facts.database = login_.database.empty() ? "master" : login_.database;
    facts.user = login_.user;
    facts.application = login_.application;
    facts.host = login_.host;
    facts.number = session_;
    try {
        backend_ = std::make_unique<Backend>(shared_.folder, facts, shared_.faults);
    } catch (const SqlError&) {
        shared_.log.add({Event::Kind::login_failed, session_, who});
        TokenWriter out(stream_, login_);
        out.error(SqlError(
            4060, "Cannot open database \"" + facts.database + "\" requested by the login. The login failed.", 11));
        out.failed(SqlError(18456, "Login failed for user '" + login_.user + "'.", 14));
        out.finish();
        return false;
    }
    procedures_ = std::make_unique<Procedures>(*backend_, shared_.log);
    procedures_->want_names(shared_.faults.wants_names());

    TokenWriter out(stream_, login_);
    out.database(facts.database, "master");
    out.collation();
    out.language();
    out.login_ack();
    // The new size holds from the next message on.
    out.packet_size(login_.packet_size, stream_.packet_size());
    out.done(Command::none, std::nullopt);
    shared_.log.add({Event::Kind::login, session_, who});  // before the client can know
    out.finish();
    stream_.set_packet_size(login_.packet_size);
    return true;
}

void Connection::serve_request(Message message) {
    if (const int delay = shared_.delay_ms; delay > 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay));
    shared_.gate.pass();
    TokenWriter out(stream_, login_);
    if (message.type == PacketType::attention) {
        shared_.log.add({Event::Kind::attention, session_, ""});
        out.acknowledge_attention();
        out.finish();
        return;
    }
    const auto drop = shared_.faults.take_drop(to_utf8(message.data));
    if (drop == Faults::Drop::before) throw Disconnected();
    if (message.resets_session) {
        backend_->reset(out);
        procedures_->reset();
        out.reset_done();
    }
    try {
        const std::string_view data = without_headers(message.data, login_.version);
        switch (message.type) {
            case PacketType::batch: run_batch(data, out); break;
            case PacketType::rpc:
                for (Call& call : read_calls(data)) procedures_->run(std::move(call), out);
                break;
            case PacketType::transaction: run_transaction(data, out); break;
            default:
                throw ProtocolError("a request of type " + std::to_string(static_cast<int>(message.type)) +
                                    " is not known");
        }
    } catch (const Interrupted&) {
        shared_.log.add({Event::Kind::attention, session_, ""});
        shared_.log.add({Event::Kind::interrupted, session_, ""});
    }
    if (drop == Faults::Drop::after) throw Disconnected();
    shared_.gate.pass();
    out.finish();
}

void Connection::run_batch(std::string_view data, TokenWriter& out) {
    const std::string sql = to_utf8(data);
    shared_.log.add({Event::Kind::batch, session_, sql});
    Variables variables;
    backend_->run(sql, variables, out);
}

// Transaction manager requests ([MS-TDS] 2.2.6.9).
void Connection::run_transaction(std::string_view data, TokenWriter& out) {
    constexpr std::uint16_t kBegin = 5;
    constexpr std::uint16_t kCommit = 7;
    constexpr std::uint16_t kRollback = 8;
    Reader in(data);
    const std::uint16_t request = in.u16();
    shared_.log.add({Event::Kind::transaction, session_, std::to_string(request)});
    const auto begin = [&] {
        static constexpr std::array<const char*, 6> kLevels = {nullptr,           "READ UNCOMMITTED", "READ COMMITTED",
                                                               "REPEATABLE READ", "SERIALIZABLE",     "SNAPSHOT"};
        const std::uint8_t level = in.u8();
        if (level >= kLevels.size()) throw ProtocolError("an isolation level is not known");
        if (kLevels[level] != nullptr) backend_->set_isolation(kLevels[level]);
        backend_->begin(out);
    };
    try {
        if (request == kBegin) {
            begin();
        } else if (request == kCommit || request == kRollback) {
            in.b_varchar();  // a name
            const bool begins_next = (in.u8() & 1U) != 0;
            request == kCommit ? backend_->commit(out) : backend_->rollback(out);
            if (begins_next) begin();
        } else {
            throw not_supported("transaction manager request " + std::to_string(request));
        }
        out.done(Command::none, std::nullopt);
    } catch (const SqlError& error) {
        out.failed(error);
    }
}

}  // namespace kdeps::testing::tds
