// SPDX-License-Identifier: Apache-2.0
// The host in this process: a workflow of one sql resource, run as a request would, its answer written as HTTP writes
// it.
#pragma once

#include <memory>
#include <string>

#include "core/value/value.hpp"

namespace kdeps::bench {

class Host {
public:
    // `run` is what stands under run.sql, without its connection.
    Host(const std::string& url, const std::string& run);
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    // The body of the answer.  Throws std::runtime_error if the run fails.
    std::string run(const value::Value& body = {});

private:
    struct Loaded;
    std::unique_ptr<Loaded> loaded_;
};

}  // namespace kdeps::bench
