// SPDX-License-Identifier: Apache-2.0
// Writes the tokens of a response ([MS-TDS] 2.2.7) and sends them as they come.
#pragma once

#include "tests/support/tds/login7.hpp"
#include "tests/support/tds/packet.hpp"
#include "tests/support/tds/sink.hpp"

namespace kdeps::testing::tds {

// One response.  One thread.
class TokenWriter final : public Sink {
public:
    TokenWriter(PacketStream& stream, const Login& login) : stream_(stream), login_(login) {}

    // From here on the statements belong to a procedure: their ends are DONEINPROC.
    void enter_procedure() { is_in_procedure_ = true; }
    void return_value(const std::string& name, std::size_t ordinal, const TypedValue& value);
    void leave_procedure(std::int32_t status);

    void login_ack();
    void collation();
    void packet_size(std::size_t size, std::size_t before);
    void language();
    void reset_done();

    // To an attention that came after the answer to its request was complete.
    void acknowledge_attention();
    // Sends the rest; an attention that came meanwhile is acknowledged.
    void finish();

    void columns(const std::vector<ResultColumn>& columns) override;
    void row(const std::vector<Value>& values) override;
    void done(Command command, std::optional<std::int64_t> count) override;
    void failed(const SqlError& error) override;
    void info(const SqlError& message) override { message_token(0xAB, message); }
    // One error of several: without an end.
    void error(const SqlError& error) { message_token(0xAA, error); }
    void transaction(Transaction change) override;
    void database(const std::string& name, const std::string& before) override;
    bool is_interrupted() override { return stream_.has_attention(); }
    bool wait(std::chrono::milliseconds time) override;

private:
    struct End {
        std::uint8_t token;
        std::uint16_t status;
        Command command;
        std::int64_t count;
    };
    void end(End end);
    void write_end(bool has_more);
    void message_token(std::uint8_t token, const SqlError& message);
    void token(std::uint8_t token, const Writer& body);
    void user_type(Writer& out) const { out.integer(0, login_.version >= 2 ? 4 : 2); }
    void open();

    PacketStream& stream_;
    const Login& login_;
    std::string buffer_;
    std::optional<End> last_end_;  // not written yet: only the next token tells whether more follows
    std::vector<Type> types_;      // of the columns, on the wire
    std::vector<Type> given_types_;
    bool is_in_procedure_ = false;
};

}  // namespace kdeps::testing::tds
