// SPDX-License-Identifier: Apache-2.0
// Results of a gigabyte: maxResultBytes and maxRows stop them early, in the database too, and in bounded memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/tds/server.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

// Beyond what the host took before the query; the heap of a sanitizer keeps what was freed.
constexpr long kMostMemoryMib = 60 * kPatience;
constexpr std::chrono::seconds kMostTime(10);

class LargeResults : public ::testing::TestWithParam<const char*> {
protected:
    LargeResults() {
        tds_.create_database("large");
        urls_ = urls_of_all(folder_);
        urls_["sqlserver"] = tds_.url("large");
    }

    bool is(std::string_view name) const { return name == GetParam(); }

    // A million rows of a kilobyte.
    std::string query() const {
        const std::string text = "'" + std::string(1000, 'x') + "'";
        if (is("postgres")) return "SELECT n, " + text + " AS t FROM generate_series(1, 1000000) n /* large */";
        if (is("mysql")) return "SELECT seq AS n, " + text + " AS t FROM seq_1_to_1000000 /* large */";
        return std::string("WITH ") + (is("sqlite") ? "RECURSIVE " : "") +
               "s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000000) SELECT n, " + text + " AS t FROM s";
    }

    KdepsHost start(const std::string& limits) {
        return KdepsHost(
            write_workflow(folder_, {.target = "large",
                                     .connections = {{"db", connection(urls_.at(GetParam()))}},
                                     .resources = "actionId: large\nsql:\n  connectionName: db\n  query: \"" + query() +
                                                  "\"\n" + limits + ""}));
    }

    static long peak_kib(int pid) {
        std::ifstream status("/proc/" + std::to_string(pid) + "/status");
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
        }
        return -1;
    }

    // Nothing of the query runs in the server any more, soon.
    bool has_ended() const {
        const auto until = Clock::now() + kSoon;
        const auto count = [&] {
            if (is("postgres")) {
                return postgres().scalar("analytics",
                                         "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> "
                                         "pg_backend_pid() AND query LIKE '%/* large */%'");
            }
            return mariadb().scalar("inventory",
                                    "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() "
                                    "AND INFO LIKE '%seq\\_1\\_to%'");
        };
        if (!is("postgres") && !is("mysql")) return true;
        while (count() != "0") {
            if (Clock::now() > until) return false;
        }
        return true;
    }

    const TemporaryFolder folder_;
    TdsServer tds_;
    std::map<std::string, std::string> urls_;
};

TEST_P(LargeResults, MaxResultBytesEndsTheQuery) {
    const KdepsHost host = start("  maxResultBytes: 4000000\n");
    const long before = peak_kib(host.pid());
    const auto began = Clock::now();
    const httplib::Response response = host.get("/q");
    EXPECT_LT(Clock::now() - began, kMostTime);
    EXPECT_THAT(response.body, HasSubstr("the result is larger than maxResultBytes (4000000)")) << response.status;
    EXPECT_LT(peak_kib(host.pid()) - before, kMostMemoryMib * 1024);
    EXPECT_TRUE(has_ended());
}

TEST_P(LargeResults, MaxRowsStopsReading) {
    const KdepsHost host = start("  maxRows: 10\n");
    const long before = peak_kib(host.pid());
    const auto began = Clock::now();
    EXPECT_EQ(data_of(host.get("/q")).size(), 10U);
    EXPECT_LT(Clock::now() - began, kMostTime);
    EXPECT_LT(peak_kib(host.pid()) - before, kMostMemoryMib * 1024);
    EXPECT_TRUE(has_ended());
    EXPECT_EQ(data_of(host.get("/q")).size(), 10U) << "the connection is good for the next";
}

INSTANTIATE_TEST_SUITE_P(Drivers, LargeResults, ::testing::Values("postgres", "mysql", "sqlite", "sqlserver"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace kdeps::testing
