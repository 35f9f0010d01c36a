// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.hpp"

#include <gtest/gtest.h>

namespace kdeps {
namespace {

std::string written(std::string_view message, std::initializer_list<log::Field> fields = {}) {
    ::testing::internal::CaptureStderr();
    log::warning(message, fields);
    return ::testing::internal::GetCapturedStderr();
}

TEST(Log, KeepsAMessageOnItsLine) {
    const std::string line =
        written("no such key: a\n12:00:00.000 error forged\x1b[2J", {{"empty", ""}, {"key", "\x1b"}});
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
    EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
    EXPECT_EQ(line.find("empty"), std::string::npos) << line;
}

}  // namespace
}  // namespace kdeps
