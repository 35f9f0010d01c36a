// SPDX-License-Identifier: Apache-2.0
// What the pools hold now, as gauges by the name of their connection.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pool.hpp"

namespace kdeps::sql {

// One thread.
class PoolGauges {
public:
    explicit PoolGauges(const Host& host) : host_(host) {}

    // `pools`: all there are.  Those with one name are added up; a name that is gone is 0 from now on.
    void write(const std::vector<std::shared_ptr<Pool>>& pools);

private:
    const Host& host_;
    std::map<std::string, PoolCounts> by_name_;
};

}  // namespace kdeps::sql
