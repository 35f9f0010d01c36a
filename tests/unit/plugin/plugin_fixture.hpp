// SPDX-License-Identifier: Apache-2.0
// A host without plugins, and a call as a plugin would get it.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/plugin/call.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/registry.hpp"

namespace kdeps::plugin {

struct HostFixture : ::testing::Test {
    template <typename Table>
    const Table& extension(const char* id) const {
        return *static_cast<const Table*>(host().get_extension(&host(), id));
    }
    const kdeps_host& host() const { return registry.host(); }

    Registry registry{{}};
    kdeps_call_ call{registry, "query", "/srv/workflow"};
};

inline std::string text(kdeps_str given) { return std::string(to_view(given)); }

// The message of the Error that `work` throws, or "no error".
template <typename Work>
std::string message_of(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return std::string(status_name(error.status)) + ": " + error.message;
    }
    return "no error";
}

}  // namespace kdeps::plugin
