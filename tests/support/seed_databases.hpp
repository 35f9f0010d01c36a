// SPDX-License-Identifier: Apache-2.0
// The databases of the seed tutorial, filled with rows that never change, and what its queries answer on them.
#pragma once

#include <string_view>

#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"

namespace kdeps::testing {

// Database 'analytics' with users, user_stats and orders, owned by 'user'.  Call it again for the rows as they were.
void seed_analytics(PostgresServer& server);

// Database 'inventory' with products.  Call it again for the rows as they were.
void seed_inventory(MariaDbServer& server);

// What analyticsQuery and inventoryQuery of the complete example give, as csv and as compact JSON.
extern const std::string_view kUsersCsv;
extern const std::string_view kActiveProductsJson;

// What analyticsQuery of step 2 gives as csv: one user is older than its seven days, two share an address.
extern const std::string_view kRecentUsersCsv;

}  // namespace kdeps::testing
