// SPDX-License-Identifier: Apache-2.0
// Today's headers, pinned to an old minor, are that minor: nothing moved, changed its type or its signature.  The other
// tests show that the comparison sees what it must.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kSdk(KDEPS_SDK_FOLDER);

class AbiDiff : public ::testing::Test {
protected:
    // A probe built from the headers in `include`, pinned to 1.0.
    fs::path probe(const std::string& name, const fs::path& include) const {
        const fs::path out = folder_.path() / (name + ".so");
        const Result built = run({"gcc", "-std=c11", "-g", "-shared", "-fPIC", "-DKDEPS_TARGET_MINOR=0",
                                  "-DKDEPS_LAYOUT=\"" + (kSdk / "abi/v1.0/layout.def").string() + "\"",
                                  "-I" + include.string(), KDEPS_ABI_PROBE, "-o", out.string()});
        EXPECT_EQ(built.exit_code, 0) << built.err;
        return out;
    }

    // Today's headers with one text in one of them replaced.
    fs::path changed(const std::string& header, const std::string& from, const std::string& to) const {
        const fs::path copy = folder_.path() / "changed";
        fs::copy(kSdk / "include", copy, fs::copy_options::recursive);
        std::stringstream text;
        text << std::ifstream(copy / "kdeps" / header).rdbuf();
        std::string changed = text.str();
        const std::size_t place = changed.find(from);
        EXPECT_NE(place, std::string::npos) << from;
        if (place != std::string::npos) changed.replace(place, from.size(), to);
        std::ofstream(copy / "kdeps" / header) << changed;
        return copy;
    }

    // The report of abidiff; empty if it exits 0.
    std::string difference(const fs::path& include) const {
        const Result result =
            run({"abidiff", probe("frozen", kSdk / "abi/v1.0").string(), probe("today", include).string()});
        return result.exit_code == 0 ? "" : "exit " + std::to_string(result.exit_code) + "\n" + result.out + result.err;
    }

    TemporaryFolder folder_;
};

constexpr const char* kLastSlot = "int32_t (*last_error)(const kdeps_call*, kdeps_error* out);\n";

TEST_F(AbiDiff, TodaysHeadersPinnedTo10AreThoseOf10) { EXPECT_EQ(difference(kSdk / "include"), ""); }

TEST_F(AbiDiff, ASlotAppendedForALaterMinorIsNoDifference) {
    EXPECT_EQ(difference(
                  changed("host.h", kLastSlot,
                          std::string(kLastSlot) + "#if KDEPS_TARGET_MINOR >= 1\n    int64_t (*now)(void);\n#endif\n")),
              "");
}

TEST_F(AbiDiff, ASlotAppendedForAllIsOne) {
    EXPECT_NE(difference(changed("host.h", kLastSlot, std::string(kLastSlot) + "    int64_t (*now)(void);\n")), "");
}

// Of one type: nothing but their names tells them apart.
TEST_F(AbiDiff, TwoSlotsThatChangePlacesAreOne) {
    const std::string commit = "kdeps_status (*commit)(kdeps_connection*, kdeps_call*);\n";
    const std::string between = "    /* worker */\n    ";
    const std::string rollback = "kdeps_status (*rollback)(kdeps_connection*, kdeps_call*);\n";
    EXPECT_NE(difference(changed("driver.h", commit + between + rollback, rollback + between + commit)), "");
}

TEST_F(AbiDiff, ASignatureThatChangedIsOne) {
    EXPECT_NE(difference(changed("host.h", "kdeps_status (*check)(kdeps_call*);",
                                 "kdeps_status (*check)(kdeps_call*, int32_t how);")),
              "");
}

TEST_F(AbiDiff, AFieldOfAnotherTypeAndTheSameSizeIsOne) {
    EXPECT_NE(difference(changed("types.h", "int32_t vendor_code;", "uint32_t vendor_code;")), "");
}

}  // namespace
}  // namespace kdeps::testing
