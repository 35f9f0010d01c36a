// SPDX-License-Identifier: Apache-2.0
#include "pool_gauges.hpp"

namespace kdeps::sql {

void PoolGauges::write(const std::vector<std::shared_ptr<Pool>>& pools) {
    for (auto& [name, sum] : by_name_) sum = {};
    for (const auto& pool : pools) {
        const PoolCounts counts = pool->counts();
        PoolCounts& sum = by_name_[pool->database().name];
        sum.open += counts.open;
        sum.idle += counts.idle;
        sum.in_use += counts.in_use;
        sum.waiting += counts.waiting;
    }
    for (const auto& [name, sum] : by_name_) {
        const auto gauge = [&, &label = name](std::string_view metric, std::size_t value) {
            host_.gauge(metric, {"connection", label}, static_cast<double>(value));
        };
        gauge("kdeps_sql_pool_open", sum.open);
        gauge("kdeps_sql_pool_idle", sum.idle);
        gauge("kdeps_sql_pool_in_use", sum.in_use);
        gauge("kdeps_sql_pool_waiting", sum.waiting);
    }
}

}  // namespace kdeps::sql
