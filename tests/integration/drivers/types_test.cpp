// SPDX-License-Identifier: Apache-2.0
// Every type of every database, cell by cell: the cases are data (types/*.json), each is written by a literal and by a
// parameter and read back.  What was seen is the table of plugins/drivers/README.md; KDEPS_WRITE_TYPES=1 writes it
// anew.  What another version of a server lacks is declared in the cases, with a reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/integration/drivers/session.hpp"
#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/tds/server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

using Json = nlohmann::json;

std::string text_of(const std::string& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

std::string from_hex(const std::string& hex) {
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2) out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
}

Cell cell_of(const Json& value) {
    switch (value.type()) {
        case Json::value_t::boolean: return value.get<bool>();
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned: return value.get<std::int64_t>();
        case Json::value_t::number_float: return value.get<double>();
        case Json::value_t::string: return {KDEPS_STRING, value.get<std::string>()};
        case Json::value_t::object:
            return value.contains("bytes") ? bytes(from_hex(value["bytes"]))
                                           : decimal(value["decimal"].get_ref<const std::string&>().c_str());
        default: return nullptr;
    }
}

// Started for the test of one driver.
struct Servers {
    std::unique_ptr<PostgresServer> postgres;
    std::unique_ptr<MariaDbServer> mariadb;
    std::unique_ptr<TdsServer> tds;

    template <typename Server>
    static std::string start(std::unique_ptr<Server>& server) {
        server = std::make_unique<Server>();
        server->create_database("types");
        return server->url("types");
    }
    std::string url(const std::string& driver) {
        if (driver == "postgres") return start(postgres);
        if (driver == "mysql") return start(mariadb);
        return driver == "sqlserver" ? start(tds) : "sqlite://:memory:";
    }
    // The version that stands in for the system's; empty for the latter.
    std::string version() const {
        if (postgres != nullptr) return postgres->installation().name;
        return mariadb != nullptr ? mariadb->installation().name : "";
    }
};

class Types : public ::testing::TestWithParam<const char*> {
protected:
    std::string placeholder() const {
        const std::string driver = GetParam();
        return driver == "postgres" ? "$1" : driver == "sqlserver" ? "@p1" : "?";
    }

    // Writes NULL and a value with `values` and reads them; what is wrong is a failure of the test.
    bool is_kept(DriverSession& session, const std::string& table, const std::string& value, const Cells& parameters,
                 const std::string& json) {
        std::string rows;
        try {
            session.execute("INSERT INTO " + table + " (v) VALUES (" + value + ")", parameters);
            rows = session.rows("SELECT v FROM " + table);
            session.execute("DELETE FROM " + table);
        } catch (const Failure& failure) {
            rows = "failed: " + failure.message + " " + failure.detail;
        }
        EXPECT_EQ(rows, "[{\"v\":" + json + "}]") << value;
        return rows == "[{\"v\":" + json + "}]";
    }

    // The same in a batch, among others that are NULL.
    bool is_kept_by_batch(DriverSession& session, const std::string& table, const Cell& value,
                          const std::string& json) {
        std::string rows;
        try {
            session.batch("INSERT INTO " + table + " (v) VALUES (" + placeholder() + ")",
                          {{nullptr}, {value}, {value}});
            rows = session.rows("SELECT v FROM " + table);
            session.execute("DELETE FROM " + table);
        } catch (const Failure& failure) {
            rows = "failed: " + failure.message + " " + failure.detail;
        }
        const std::string expected = "[{\"v\":null},{\"v\":" + json + "},{\"v\":" + json + "}]";
        EXPECT_EQ(rows, expected) << "in a batch";
        return rows == expected;
    }

    // The line of a type in the table.
    std::string check(DriverSession& session, const std::string& table, const Json& type) {
        const std::string name = type["type"];
        SCOPED_TRACE(name);
        if (type.contains("lacking") && type["lacking"].contains(version_)) {
            EXPECT_THROW(session.execute("CREATE TABLE " + table + " (v " + name + " NULL)"), Failure)
                << "the server has what it is declared to lack";
            return "";
        }
        session.execute("CREATE TABLE " + table + " (v " + name + (name.empty() ? "" : " NULL") + ")");
        int read = 0;
        int bound = 0;
        int bindable = 0;
        is_kept(session, table, "NULL", {}, "null");
        is_kept(session, table, placeholder(), {nullptr}, "null");
        for (const Json& one : type["cells"]) {
            const std::string json = one["json"];
            if (one["sql"].is_string()) read += is_kept(session, table, one["sql"], {}, json) ? 1 : 0;
            if (!one.contains("bind")) continue;
            ++bindable;
            const Cell value = cell_of(one["bind"]);
            const bool is_batch_good = is_kept_by_batch(session, table, value, json);
            bound += is_kept(session, table, placeholder(), {value}, json) && is_batch_good ? 1 : 0;
        }
        std::string example;
        for (const Json& one : type["cells"]) {
            const std::string json = one["json"];
            const bool is_shown =
                json.size() < 64 && std::all_of(json.begin(), json.end(), [](char c) { return c >= ' '; });
            if (is_shown && example.size() < 3) example = json;
        }
        const auto mark = [](int good, int all) {
            return all == 0 ? std::string("–")
                            : std::to_string(good) + (good == all ? "" : " of " + std::to_string(all));
        };
        return "| " + (name.empty() ? "(none)" : "`" + name + "`") + " | `" + example + "` | " + mark(read, read) +
               " | " + mark(bound, bindable) + " |\n";
    }

    std::string version_;
};

TEST_P(Types, AreReadAndBoundAsTheTableSays) {
    const std::string driver_name = GetParam();
    const Json cases = Json::parse(text_of(KDEPS_TYPE_CASES + ("/" + driver_name + ".json")));
    Servers servers;
    const LoadedDriver driver(driver_name);
    DriverSession session(driver, servers.url(driver_name));
    version_ = servers.version();
    for (const Json& sql : cases["setup"]) session.execute(sql.get<std::string>());
    std::string table = "| type | for example, as JSON | cells read | cells bound |\n| --- | --- | --- | --- |\n";
    int number = 0;
    for (const Json& type : cases["types"]) table += check(session, "cell" + std::to_string(++number), type);

    const std::string begin = "<!-- types of " + driver_name + " -->\n";
    const std::string end = "<!-- end -->\n";
    std::string readme = text_of(KDEPS_DRIVERS_README);
    const std::size_t from = readme.find(begin);
    ASSERT_NE(from, std::string::npos) << "plugins/drivers/README.md has no line '" << begin << "'";
    const std::size_t first = from + begin.size();
    const std::size_t last = readme.find(end, first);
    ASSERT_NE(last, std::string::npos);
    if (std::getenv("KDEPS_WRITE_TYPES") != nullptr) {
        readme.replace(first, last - first, table);
        std::ofstream(KDEPS_DRIVERS_README) << readme;
        return;
    }
    if (!version_.empty()) return;  // the table is of the system's servers
    EXPECT_EQ(readme.substr(first, last - first), table)
        << "plugins/drivers/README.md is not what the run shows; KDEPS_WRITE_TYPES=1 writes it";
}

INSTANTIATE_TEST_SUITE_P(Drivers, Types, ::testing::Values("postgres", "mysql", "sqlite", "sqlserver"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace kdeps::testing
