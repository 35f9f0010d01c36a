// SPDX-License-Identifier: Apache-2.0
// Tables of plugins: required slots by name, optional ones replaced, tables of older plugins.
#include "core/plugin/normalise.hpp"

#include <cstddef>

#include <gtest/gtest.h>

#include "tests/unit/plugin/plugin_fixture.hpp"

namespace kdeps::plugin {
namespace {

kdeps_executor executor() {
    kdeps_executor out{};
    out.struct_size = sizeof(out);
    out.run_key = to_str("greeting");
    out.compile = [](kdeps_instance*, kdeps_call*, kdeps_value, kdeps_step**) -> kdeps_status { return KDEPS_OK; };
    out.run = [](kdeps_step*, kdeps_call*, kdeps_value*) -> kdeps_status { return KDEPS_OK; };
    out.destroy = [](kdeps_step*) {};
    return out;
}

kdeps_driver driver() {
    kdeps_driver out{};
    out.struct_size = sizeof(out);
    out.name = to_str("test");
    out.schemes = to_str("test");
    out.open = [](kdeps_instance*, kdeps_call*, const kdeps_target*, kdeps_connection**) -> kdeps_status {
        return KDEPS_OK;
    };
    out.close = [](kdeps_connection*) {};
    out.prepare = [](kdeps_connection*, kdeps_call*, kdeps_str, kdeps_statement**) -> kdeps_status { return KDEPS_OK; };
    out.execute = [](kdeps_statement*, kdeps_call*, const kdeps_cell*, std::size_t, ArrowArrayStream*,
                     kdeps_outcome*) -> kdeps_status { return KDEPS_OK; };
    out.finalize = [](kdeps_statement*) {};
    return out;
}

TEST(Executor, LacksASlotByName) {
    kdeps_executor table = executor();
    table.run = nullptr;
    EXPECT_EQ(message_of([&] { normalise_executor(&table, "com.example.x"); }),
              "BAD_DATA: plugin 'com.example.x': its table for kdeps.executor/1 lacks the required slot 'run'");
    table = executor();
    table.run_key = {};
    EXPECT_EQ(message_of([&] { normalise_executor(&table, "com.example.x"); }),
              "BAD_DATA: plugin 'com.example.x': its table for kdeps.executor/1 leaves 'run_key' empty");
}

TEST(Executor, GetsACancelThatDoesNothing) {
    const kdeps_executor table = executor();
    const kdeps_executor normal = normalise_executor(&table, "x");
    ASSERT_NE(normal.cancel, nullptr);
    normal.cancel(nullptr, nullptr);
    EXPECT_EQ(normal.run, table.run);
}

TEST(Live, LacksASlotByName) {
    kdeps_live table{};
    table.struct_size = sizeof(table);
    EXPECT_EQ(message_of([&] { normalise_live(&table, "com.example.x"); }),
              "BAD_DATA: plugin 'com.example.x': its table for kdeps.live/1 lacks the required slot 'check'");
}

TEST(Driver, LacksASlotByName) {
    const std::pair<const char*, void (*)(kdeps_driver&)> slots[] = {
        {"open", [](kdeps_driver& d) { d.open = nullptr; }},
        {"close", [](kdeps_driver& d) { d.close = nullptr; }},
        {"prepare", [](kdeps_driver& d) { d.prepare = nullptr; }},
        {"execute", [](kdeps_driver& d) { d.execute = nullptr; }},
        {"finalize", [](kdeps_driver& d) { d.finalize = nullptr; }},
    };
    for (const auto& [name, remove] : slots) {
        kdeps_driver table = driver();
        remove(table);
        EXPECT_EQ(
            message_of([&] { normalise_driver(&table, "x"); }),
            "BAD_DATA: plugin 'x': its table for kdeps.driver/1 lacks the required slot '" + std::string(name) + "'");
    }
}

TEST(Driver, GetsHarmlessSlotsForWhatItLeavesOut) {
    const kdeps_driver table = driver();
    const kdeps_driver normal = normalise_driver(&table, "x");
    EXPECT_EQ(normal.check(nullptr, nullptr, nullptr), KDEPS_OK);
    EXPECT_EQ(text(normal.server(nullptr)), "");
    EXPECT_EQ(normal.ping(nullptr, nullptr), KDEPS_OK);
    EXPECT_EQ(normal.reset(nullptr, nullptr), KDEPS_UNSUPPORTED);
    normal.cancel(nullptr);
    EXPECT_EQ(normal.describe(nullptr, nullptr, nullptr, nullptr), KDEPS_UNSUPPORTED);
    EXPECT_EQ(normal.begin(nullptr, nullptr, 0, 0), KDEPS_UNSUPPORTED);
    EXPECT_EQ(normal.commit(nullptr, nullptr), KDEPS_UNSUPPORTED);
    EXPECT_EQ(normal.rollback(nullptr, nullptr), KDEPS_UNSUPPORTED);
    ArrowArrayStream moved{};
    moved.release = [](ArrowArrayStream* stream) { stream->release = nullptr; };
    EXPECT_EQ(normal.execute_batch(nullptr, nullptr, &moved, nullptr, nullptr), KDEPS_UNSUPPORTED);
    EXPECT_EQ(moved.release, nullptr);  // moved, also on failure
}

TEST(Driver, OfAnOlderPluginEndsEarlier) {
    kdeps_driver table = driver();
    table.struct_size = offsetof(kdeps_driver, begin);
    table.begin = [](kdeps_connection*, kdeps_call*, std::uint32_t, std::uint32_t) -> kdeps_status {
        return KDEPS_INTERNAL;
    };  // beyond its end
    const kdeps_driver normal = normalise_driver(&table, "x");
    EXPECT_EQ(normal.begin(nullptr, nullptr, 0, 0), KDEPS_UNSUPPORTED);
    EXPECT_EQ(normal.struct_size, sizeof(kdeps_driver));
    table.struct_size = offsetof(kdeps_driver, finalize);
    EXPECT_EQ(message_of([&] { normalise_driver(&table, "x"); }),
              "BAD_DATA: plugin 'x': its table for kdeps.driver/1 lacks the required slot 'finalize'");
}

TEST(Driver, OfANewerPluginIsCutToOurs) {
    struct {
        kdeps_driver known = driver();
        void* later = nullptr;
    } newer;
    newer.known.struct_size = sizeof(newer);
    EXPECT_EQ(normalise_driver(&newer.known, "x").struct_size, sizeof(kdeps_driver));
}

TEST(Table, WithoutASizeIsRefused) {
    const kdeps_health table{};
    EXPECT_EQ(message_of([&] { normalise_health(&table, "x"); }),
              "BAD_DATA: plugin 'x': its table for kdeps.health/1 gives a size of 0 bytes");
}

TEST(Settings, GetAStartThatDoesNothing) {
    kdeps_settings table{};
    table.struct_size = sizeof(table);
    table.settings_key = to_str("x");
    EXPECT_EQ(message_of([&] { normalise_settings(&table, "x"); }),
              "BAD_DATA: plugin 'x': its table for kdeps.settings/1 lacks the required slot 'configure'");
    table.configure = [](kdeps_instance*, kdeps_call*, kdeps_value) -> kdeps_status { return KDEPS_OK; };
    normalise_settings(&table, "x").start(nullptr, nullptr);
}

TEST(Connections, NeedBothSlots) {
    kdeps_connections table{};
    table.struct_size = sizeof(table);
    EXPECT_EQ(message_of([&] { normalise_connections(&table, "x"); }),
              "BAD_DATA: plugin 'x': its table for kdeps.connections/1 lacks the required slot 'acquire'");
}

}  // namespace
}  // namespace kdeps::plugin
