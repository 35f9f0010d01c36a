// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tds/tokens.hpp"

#include <algorithm>

#include "tests/support/tds/convert.hpp"

namespace kdeps::testing::tds {

namespace {

constexpr std::uint8_t kDone = 0xFD;
constexpr std::uint8_t kDoneProc = 0xFE;
constexpr std::uint8_t kDoneInProc = 0xFF;
constexpr std::uint16_t kMore = 0x01;
constexpr std::uint16_t kError = 0x02;
constexpr std::uint16_t kCount = 0x10;
constexpr std::uint16_t kAttention = 0x20;

constexpr std::size_t kFlushBytes = std::size_t{64} * 1024;
constexpr std::string_view kServerName = "KDEPS";
// Of the only transaction that a connection has.
constexpr std::string_view kDescriptor("\x01\x00\x00\x00\x00\x00\x00\x00", 8);

}  // namespace

void TokenWriter::open() {
    write_end(true);
    if (buffer_.size() > kFlushBytes) stream_.flush(buffer_);
}

void TokenWriter::token(std::uint8_t token, const Writer& body) {
    open();
    Writer out;
    out.u8(token);
    out.u16(body.size());
    out.bytes(body.str());
    buffer_ += out.str();
}

void TokenWriter::message_token(std::uint8_t type, const SqlError& message) {
    Writer body;
    body.u32(static_cast<std::uint32_t>(message.number));
    body.u8(static_cast<unsigned>(message.state));
    body.u8(static_cast<unsigned>(message.severity));
    body.us_varchar(message.message);
    body.b_varchar(kServerName);
    body.b_varchar("");
    body.integer(static_cast<std::uint64_t>(message.line), login_.version >= 2 ? 4 : 2);
    token(type, body);
}

void TokenWriter::login_ack() {
    Writer body;
    body.u8(1);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) body.u8(login_.tds >> shift & 0xFFU);
    body.b_varchar("Microsoft SQL Server");
    for (const unsigned byte : {15U, 0U, 7U, 208U}) body.u8(byte);  // 15.0.2000
    token(0xAD, body);
}

void TokenWriter::collation() {
    Writer body;
    body.u8(7);
    body.u8(static_cast<unsigned>(kCollation.size()));
    body.bytes(kCollation);
    body.u8(0);
    token(0xE3, body);
}

void TokenWriter::packet_size(std::size_t size, std::size_t before) {
    Writer body;
    body.u8(4);
    body.b_varchar(std::to_string(size));
    body.b_varchar(std::to_string(before));
    token(0xE3, body);
}

void TokenWriter::language() {
    Writer body;
    body.u8(2);
    body.b_varchar("us_english");
    body.b_varchar("");
    token(0xE3, body);
}

void TokenWriter::reset_done() {
    Writer body;
    body.u8(18);
    body.u8(0);
    body.u8(0);
    token(0xE3, body);
}

void TokenWriter::database(const std::string& name, const std::string& before) {
    Writer body;
    body.u8(1);
    body.b_varchar(name);
    body.b_varchar(before);
    token(0xE3, body);
    message_token(0xAB, SqlError(5701, "Changed database context to '" + name + "'.", 0, 2));
}

void TokenWriter::transaction(Transaction change) {
    if (login_.version < 2) return;
    Writer body;
    body.u8(change == Transaction::begun ? 8 : change == Transaction::committed ? 9 : 10);
    if (change != Transaction::begun) body.u8(0);
    body.u8(static_cast<unsigned>(kDescriptor.size()));
    body.bytes(kDescriptor);
    if (change == Transaction::begun) body.u8(0);
    token(0xE3, body);
}

void TokenWriter::columns(const std::vector<ResultColumn>& columns) {
    open();
    types_.clear();
    given_types_.clear();
    Writer out;
    out.u8(0x81);
    out.u16(columns.size());
    for (const ResultColumn& column : columns) {
        const Type type = wire_type(column.type, login_.version);
        user_type(out);
        out.u16((column.is_nullable ? 0x01U : 0U) | (column.is_identity ? 0x10U : 0x08U));
        write_type(out, type);
        if (type.kind == Kind::ntext || type.kind == Kind::text || type.kind == Kind::image) {
            // The table, of which there is not always one.
            if (login_.version >= 2) {
                out.u8(1);
            }
            out.us_varchar("");
        }
        out.b_varchar(column.name);
        types_.push_back(type);
        given_types_.push_back(column.type);
    }
    buffer_ += out.str();
}

void TokenWriter::row(const std::vector<Value>& values) {
    open();
    const bool is_compressed = login_.has_null_rows && std::any_of(values.begin(), values.end(), is_null);
    Writer out;
    out.u8(is_compressed ? 0xD2 : 0xD1);
    if (is_compressed) {
        std::string bits((values.size() + 7) / 8, '\0');
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (is_null(values[i]))
                bits[i / 8] = static_cast<char>(static_cast<unsigned char>(bits[i / 8]) | 1U << (i % 8));
        }
        out.bytes(bits);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (is_compressed && is_null(values[i])) continue;
        write_value(out, types_[i], types_[i] == given_types_[i] ? values[i] : convert(values[i], types_[i]));
    }
    buffer_ += out.str();
}

void TokenWriter::return_value(const std::string& name, std::size_t ordinal, const TypedValue& value) {
    open();
    const Type type = wire_type(value.type, login_.version);
    Writer out;
    out.u8(0xAC);
    out.u16(ordinal);
    out.b_varchar(name);
    out.u8(1);
    user_type(out);
    out.u16(1);
    write_type(out, type);
    write_value(out, type, convert(value.value, type));
    buffer_ += out.str();
}

void TokenWriter::leave_procedure(std::int32_t status) {
    is_in_procedure_ = false;
    open();
    Writer out;
    out.u8(0x79);
    out.u32(static_cast<std::uint32_t>(status));
    buffer_ += out.str();
    end({kDoneProc, 0, Command::none, 0});
}

void TokenWriter::done(Command command, std::optional<std::int64_t> count) {
    end({is_in_procedure_ ? kDoneInProc : kDone, count ? kCount : std::uint16_t{0}, command, count.value_or(0)});
}

void TokenWriter::failed(const SqlError& error) {
    message_token(0xAA, error);
    const bool is_constraint =
        error.number == 2627 || error.number == 2601 || error.number == 547 || error.number == 515;
    if (is_constraint) message_token(0xAB, SqlError(3621, "The statement has been terminated.", 0, 0));
    end({is_in_procedure_ ? kDoneInProc : kDone, kError, Command::none, 0});
}

void TokenWriter::end(End end) {
    open();
    last_end_ = end;
}

void TokenWriter::write_end(bool has_more) {
    if (!last_end_) return;
    Writer out;
    out.u8(last_end_->token);
    out.u16(static_cast<unsigned>(last_end_->status | (has_more ? kMore : 0)));
    out.u16(static_cast<std::uint16_t>(last_end_->command));
    out.integer(static_cast<std::uint64_t>(last_end_->count), login_.version >= 2 ? 8 : 4);
    buffer_ += out.str();
    last_end_.reset();
}

bool TokenWriter::wait(std::chrono::milliseconds time) {
    // What was said before the wait is not kept back.
    write_end(true);
    stream_.flush(buffer_);
    return stream_.wait_for_attention(time);
}

void TokenWriter::acknowledge_attention() { end({kDone, kAttention, Command::none, 0}); }

void TokenWriter::finish() {
    if (stream_.has_attention()) {
        stream_.take_attention();
        acknowledge_attention();
    }
    if (!last_end_ && buffer_.empty()) end({kDone, 0, Command::none, 0});
    write_end(false);
    stream_.write(buffer_);
    buffer_.clear();
}

}  // namespace kdeps::testing::tds
