// SPDX-License-Identifier: Apache-2.0
// Offsets, sizes and constants of release 1.0, in today's headers (at compile time) and in the frozen ones (that the
// table is theirs).
#include "tests/abi/layout_asserts.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/process.hpp"

extern "C" const char* kdeps_layout_in_c(void);

namespace kdeps::testing {
namespace {

TEST(Layout, InterfaceIdsAreThoseOf10) {
#undef FIXED
#undef GROWING
#undef FIELD
#undef NUMBER
#undef TEXT
#define FIXED(type, size)
#define GROWING(type, size)
#define FIELD(type, field, offset, size)
#define NUMBER(name, value)
#define TEXT(name, value) EXPECT_STREQ(name, value);
#include "sdk/abi/v1.0/layout.def"
    EXPECT_STREQ(kdeps_layout_in_c(), KDEPS_DRIVER_ID);
}

TEST(Layout, TheTableIsThatOfTheFrozenHeaders) {
    std::ifstream stream(std::string(KDEPS_SDK_FOLDER) + "/abi/v1.0/layout.def");
    std::stringstream frozen;
    frozen << stream.rdbuf();
    ASSERT_FALSE(frozen.str().empty());
    const Result measured =
        run({std::string(KDEPS_SDK_FOLDER) + "/abi/freeze", "--layout", std::string(KDEPS_SDK_FOLDER) + "/abi/v1.0"});
    ASSERT_EQ(measured.exit_code, 0) << measured.err;
    EXPECT_EQ(measured.out, frozen.str());
}

}  // namespace
}  // namespace kdeps::testing
