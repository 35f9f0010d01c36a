// SPDX-License-Identifier: Apache-2.0
// DB-Library (FreeTDS), and what its headers do not name.
#pragma once

#include <sybfront.h>

#include <sybdb.h>

#include <memory>

// Macros of the C headers that are words of ours.
#undef FAIL
#undef SUCCEED

namespace kdeps::sqlserver {

inline constexpr RETCODE kFail = 0;
inline constexpr RETCODE kSucceed = 1;

// Wire types ([MS-TDS] 2.2.5.4): DB-Library passes them on, and converts texts to UTF-16.
inline constexpr int kNvarchar = 231;
inline constexpr int kVarchar = 167;
inline constexpr int kVarbinary = 165;
inline constexpr int kUniqueIdentifier = 36;
inline constexpr int kXml = 241;

struct CloseClient {
    void operator()(DBPROCESS* process) const { dbclose(process); }
    void operator()(LOGINREC* login) const { dbloginfree(login); }
};
using Client = std::unique_ptr<DBPROCESS, CloseClient>;
using Login = std::unique_ptr<LOGINREC, CloseClient>;

}  // namespace kdeps::sqlserver
