// SPDX-License-Identifier: Apache-2.0
// The client library (MariaDB Connector/C) and the owners of its handles.
#pragma once

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#include <memory>

namespace kdeps::mysql {

struct FreeResult {
    void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using BufferedResult = std::unique_ptr<MYSQL_RES, FreeResult>;

// Closing may send: within an Operation only.
struct CloseClient {
    void operator()(MYSQL* client) const {
        mysql_optionsv(client, MYSQL_SERVER_PUBLIC_KEY, nullptr);  // which the library does not free when it closes
        mysql_close(client);
    }
};
using Client = std::unique_ptr<MYSQL, CloseClient>;

struct CloseStatement {
    void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
};
using ClientStatement = std::unique_ptr<MYSQL_STMT, CloseStatement>;

}  // namespace kdeps::mysql
