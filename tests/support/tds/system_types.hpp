// SPDX-License-Identifier: Apache-2.0
// What the catalog views of SQL Server say of a type (sys.types, sys.columns).
#pragma once

#include "tests/support/tds/types.hpp"

namespace kdeps::testing::tds {

struct SystemType {
    int id = 0;          // system_type_id
    int max_length = 0;  // bytes, -1 for (max)
    int precision = 0;
    int scale = 0;
    int tds_id = 0;  // the token of its TYPE_INFO
};

SystemType system_type(const Type& type);

}  // namespace kdeps::testing::tds
