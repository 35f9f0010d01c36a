// SPDX-License-Identifier: Apache-2.0
// Libraries that are no plugins, and descriptors that do not fit this host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/plugin/library.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/plugin/plugin_fixture.hpp"

namespace kdeps::plugin {
namespace {

TEST(Library, ThatDoesNotExist) {
    EXPECT_EQ(message_of([] { open_library("/nowhere/libx.so"); }),
              "UNAVAILABLE: plugin library '/nowhere/libx.so' cannot be opened: the file does not exist");
}

TEST(Library, ThatIsATextFile) {
    const testing::TemporaryFolder folder;
    const auto file =
        folder.write("libx.so", "this is a text file, and long enough to be looked at as a library header\n");
    EXPECT_THAT(message_of([&] { open_library(file); }),
                ::testing::AllOf(
                    ::testing::StartsWith("UNAVAILABLE: plugin library '" + file.string() + "' cannot be opened: "),
                    ::testing::HasSubstr("invalid ELF header")));
}

TEST(Library, ThatIsNoPlugin) {
    // Any library of the system; every program of C++ has this one.
    EXPECT_EQ(message_of([] { open_library("libm.so.6"); }).substr(0, 11),
              "UNAVAILABLE");  // relative names are not searched for
    EXPECT_EQ(message_of([] { open_library(KDEPS_TEST_OTHER_LIBRARY); }),
              "BAD_DATA: plugin library '" KDEPS_TEST_OTHER_LIBRARY
              "' is not a kdeps plugin: it does not export kdeps_plugin_entry_v1");
}

kdeps_plugin good() {
    kdeps_plugin out{};
    out.struct_size = sizeof(out);
    out.abi_major = KDEPS_ABI_MAJOR;
    out.abi_minor = KDEPS_ABI_MINOR;
    out.id = to_str("com.example.x");
    out.init = [](const kdeps_host*, kdeps_call*, kdeps_instance**) -> kdeps_status { return KDEPS_OK; };
    out.get_interface = [](kdeps_instance*, const char*) -> const void* { return nullptr; };
    out.shutdown = [](kdeps_instance*) {};
    return out;
}

const std::string kOurs = std::to_string(KDEPS_ABI_MAJOR) + "." + std::to_string(KDEPS_ABI_MINOR);

std::string fault(const kdeps_plugin* descriptor) {
    return message_of([&] { check_descriptor(descriptor, "/p/libx.so"); });
}

TEST(Descriptor, FitsIfItIsWhole) {
    const kdeps_plugin descriptor = good();
    EXPECT_EQ(fault(&descriptor), "no error");
}

TEST(Descriptor, MayBeLongerThanOurs) {
    struct {
        kdeps_plugin known = good();
        void* later = nullptr;
    } newer;
    newer.known.struct_size = sizeof(newer);
    newer.known.abi_minor = KDEPS_ABI_MINOR + 1;
    EXPECT_EQ(fault(&newer.known), "no error");
}

TEST(Descriptor, IsRefusedWithItsReason) {
    EXPECT_EQ(fault(nullptr), "BAD_DATA: plugin library '/p/libx.so': its entry returned no descriptor");
    kdeps_plugin descriptor = good();
    descriptor.struct_size = 16;
    EXPECT_EQ(fault(&descriptor), "BAD_DATA: plugin library '/p/libx.so': its descriptor is too short (16 bytes)");
    descriptor = good();
    descriptor.abi_major = KDEPS_ABI_MAJOR + 1;
    descriptor.abi_minor = 0;
    EXPECT_EQ(fault(&descriptor),
              "UNSUPPORTED: plugin library '/p/libx.so' is built for ABI 2.0, this host speaks " + kOurs);
    descriptor = good();
    descriptor.min_host_minor = 300;
    EXPECT_EQ(
        fault(&descriptor),
        "UNSUPPORTED: plugin library '/p/libx.so' needs a host with ABI 1.300 or later, this host speaks " + kOurs);
    descriptor = good();
    descriptor.shutdown = nullptr;
    EXPECT_EQ(fault(&descriptor),
              "BAD_DATA: plugin library '/p/libx.so': its descriptor lacks init, get_interface or shutdown");
    descriptor = good();
    descriptor.id = {};
    EXPECT_EQ(fault(&descriptor), "BAD_DATA: plugin library '/p/libx.so': its descriptor has no id");
}

}  // namespace
}  // namespace kdeps::plugin
