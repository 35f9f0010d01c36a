// SPDX-License-Identifier: Apache-2.0
// From the codes of the server and of the client library to errors of kdeps.
#pragma once

#include <kdeps/cpp/error.hpp>
#include <string>
#include <string_view>

#include "mysql_client.hpp"

namespace kdeps::mysql {

// As the library keeps it until its next call.
struct NativeError {
    unsigned int code = 0;
    std::string sqlstate;
    std::string message;
};

NativeError native_error(MYSQL* client);
// The statement's own error; the connection's where the library recorded it there only.
NativeError native_error(MYSQL_STMT* statement);

// Did the server stop the statement because someone told it to?
bool is_interruption(const NativeError& native);
bool is_connection_loss(const NativeError& native);
// Was the statement refused before it ran because the server does not know it any more?
bool is_stale_statement(const NativeError& native);

// Status, SQLSTATE, retry and damage by code, else by the class of the SQLSTATE.  The message is the server's own
// without the values and the SQL text that it quotes; what it was stands in the detail.
Error to_error(const NativeError& native);

// A text of the server without the names of users, hosts and of the session's database.
std::string without_names(std::string text, const std::string& database);

// The byte of `sql` that a syntax error speaks of, or -1.
std::int32_t syntax_error_offset(const NativeError& native, std::string_view sql);

}  // namespace kdeps::mysql
