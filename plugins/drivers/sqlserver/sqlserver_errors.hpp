// SPDX-License-Identifier: Apache-2.0
// From the messages of the server and of the library to errors of kdeps.
#pragma once

#include <kdeps/cpp/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdeps::sqlserver {

struct ServerMessage {
    int number = 0;
    int state = 0;
    int severity = 0;
    int line = 0;  // in the batch, from 1
    std::string text;
};

struct ClientError {
    int code = 0;         // SYBE...
    int system_code = 0;  // errno
    std::string text;
};

// What came while one request was answered; errors only.
struct Reports {
    std::vector<ServerMessage> messages;
    std::optional<ClientError> client;
};

// Did the library meet characters that it could not convert?
bool is_conversion(const ClientError& error);

// By number: status, SQLSTATE, retry, damage.  The message is the server's own without the values and the SQL text that
// it quotes; what it was stands in the detail.
Error to_error(const ServerMessage& message, std::string_view sql);

// The connection broke.  In doubt: it is not known whether the work has taken effect.
Error loss_failure(const Reports& reports, bool is_in_doubt);
Error connect_failure(const std::string& place, const std::string& why);
// TIMEOUT or CANCELLED.
Error stop_failure(kdeps_status why, const std::string& doing);

}  // namespace kdeps::sqlserver
