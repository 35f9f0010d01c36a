// SPDX-License-Identifier: Apache-2.0
// A value of each type of each database goes through an expression and back, alone, in a list of sets, and as JSON by
// way of a client: it is equal to what it was.  The cells are those of tests/integration/drivers/types.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"

namespace kdeps::testing {
namespace {

using Json = nlohmann::ordered_json;

// A value that does not come back, with the reason; that it does not is checked.
struct Loss {
    const char* type;  // "*" = any
    const char* json;  // of the value; "*" = any
    bool is_of_json;   // by way of JSON only; elsewhere it comes back
    const char* reason;
};

struct Place {
    const char* driver;
    const char* text;       // of a value, exactly, for comparisons
    const char* json_text;  // the same of a JSON document, whose spaces do not count
    std::vector<Loss> losses;
};

const Loss* loss_of(const Place& place, const std::string& type, const std::string& json) {
    const auto is = [](std::string_view pattern, const std::string& text) { return pattern == "*" || pattern == text; };
    for (const Loss& loss : place.losses) {
        if (is(loss.type, type) && is(loss.json, json)) return &loss;
    }
    return nullptr;
}

class RoundTrip : public ::testing::TestWithParam<Place> {
protected:
    bool is(const char* driver) const { return GetParam().driver == std::string(driver); }
    std::string url() {
        if (is("postgres")) {
            postgres().create_database("trips");
            return postgres().url("trips");
        }
        if (is("mysql")) {
            mariadb().create_database("trips");
            return mariadb().url("trips");
        }
        return "sqlite://" + file().string();
    }
    void execute(const std::string& sql) {
        if (is("postgres")) {
            postgres().execute("trips", "SET ROLE \"user\"; " + sql);
        } else if (is("mysql")) {
            mariadb().execute("trips", sql);
        } else {
            sqlite_execute(file(), sql + ";");
        }
    }
    std::string scalar(const std::string& sql) {
        if (is("postgres")) return postgres().scalar("trips", sql);
        if (is("mysql")) return mariadb().scalar("trips", sql);
        ProcessOptions options;
        options.input = sql + ";\n";
        std::string out = run({"sqlite3", file().string()}, options).out;
        while (out.ends_with('\n')) out.pop_back();
        return out;
    }
    std::filesystem::path file() const { return folder_.path() / "trips.db"; }
    // Which version it runs on, as the cases name it.
    std::string version() const {
        if (is("postgres")) return postgres().installation().name;
        return is("mysql") ? mariadb().installation().name : "";
    }

    const TemporaryFolder folder_;
};

TEST_P(RoundTrip, AValueComesBackAsItWas) {
    std::ifstream text(std::string(KDEPS_TYPE_CASES) + "/" + GetParam().driver + ".json");
    const Json cases = Json::parse(text);
    const std::string url = this->url();
    for (const Json& sql : cases["setup"]) execute(sql.get<std::string>());

    // A table and two routes for each type, a row for each cell: 10, 20, ...
    std::string resources;
    std::string names;
    std::string places;
    std::vector<std::pair<std::string, std::vector<std::string>>> types;  // with their cells as JSON
    for (const Json& type : cases["types"]) {
        if (type.contains("lacking") && type["lacking"].contains(version())) continue;
        const std::string number = std::to_string(types.size());
        const std::string table = "trip" + number;
        const std::string name = type["type"];
        execute("CREATE TABLE " + table + " (id int, v " + name + (name.empty() || is("sqlite") ? ")" : " NULL)"));
        std::vector<std::string> cells;
        for (const Json& cell : type["cells"]) {
            if (!cell["sql"].is_string()) continue;
            cells.push_back(cell["json"]);
            execute("INSERT INTO " + table + " VALUES (" + std::to_string(10 * cells.size()) + ", " +
                    cell["sql"].get<std::string>() + ")");
        }
        types.emplace_back(name, cells);
        const std::string read = "read" + number;
        const std::string value = "get('" + read + "')[0].v";
        const auto add = [&](const std::string& id, const std::string& route, const std::string& sql,
                             const std::string& needs) {
            resources += "actionId: " + id + "\nvalidations: {routes: [/" + route + "]}\n" +
                         (needs.empty() ? "" : "requires: [" + needs + "]\n") + "sql: {connectionName: db, " + sql +
                         "}\n---\n";
            names += (names.empty() ? "" : ", ") + id;
        };
        const std::string insert = "query: \"INSERT INTO " + table + " (id, v) VALUES ($1, $2)\"";
        add(read, "out" + number, "query: \"SELECT v FROM " + table + " WHERE id = $1\", params: [\"get('cell')\"]",
            "");
        add("alone" + number, "out" + number, insert + ", params: [\"get('cell') + 1\", \"" + value + "\"]", read);
        add("list" + number, "out" + number,
            insert + ", paramsBatch: \"[[get('cell') + 2, " + value + "], [get('cell') + 3, " + value + "]]\"",
            "alone" + number);
        add("back" + number, "back" + number, insert + ", params: [\"get('cell') + 4\", \"get('v')\"]", "");
        places += (places.empty() ? "{path: /out" : ", {path: /out") + number + "}, {path: /back" + number + "}";
    }
    std::string shown;
    for (std::size_t i = 0; i < types.size(); ++i) {
        shown += (i == 0 ? "get('read" : " ?? get('read") + std::to_string(i) + "')";
    }
    const KdepsHost host(write_workflow(folder_, {.target = "answer",
                                                  .connections = {{"db", connection(url)}},
                                                  .resources = resources + "actionId: answer\nrequires: [" + names +
                                                               "]\napiResponse: {response: \"" + shown + "\"}\n",
                                                  .routes = "[" + places + "]"}));

    for (std::size_t i = 0; i < types.size(); ++i) {
        const auto& [name, cells] = types[i];
        const std::string number = std::to_string(i);
        SCOPED_TRACE(name);
        for (std::size_t n = 0; n < cells.size(); ++n) {
            const int cell = 10 * static_cast<int>(n + 1);
            const Loss* loss = loss_of(GetParam(), name, cells[n]);
            const std::string at = std::to_string(cell);
            const httplib::Response out = host.post("/out" + number, "{\"cell\": " + at + "}");
            if (out.status != 200) {
                EXPECT_TRUE(loss != nullptr && !loss->is_of_json) << out.body;
                continue;
            }
            // The digits of the answer, as they stand in it.
            const std::string& body = out.body;
            const std::size_t from = body.find("{\"v\":");
            const std::size_t to = body.find("}],", from);
            ASSERT_TRUE(from != std::string::npos && to != std::string::npos) << body;
            const std::string value = body.substr(from + 5, to - from - 5);
            const httplib::Response back = host.post("/back" + number, "{\"cell\": " + at + ", \"v\": " + value + "}");
            const bool is_json = name == "json" || name == "JSON";
            const auto text_of = [&](int id) {
                const std::string kept =
                    scalar("SELECT " + std::string(is_json ? GetParam().json_text : GetParam().text) + " FROM trip" +
                           number + " WHERE id = " + std::to_string(id));
                return is_json && Json::accept(kept) ? Json::parse(kept).dump() : kept;
            };
            const std::string was = text_of(cell);
            const std::string alone = text_of(cell + 1);
            const std::string listed = text_of(cell + 2) == text_of(cell + 3) ? text_of(cell + 2) : "two values";
            const std::string came = back.status == 200 ? text_of(cell + 4) : back.body;
            if (loss != nullptr) {
                EXPECT_TRUE(came != was || (!loss->is_of_json && (alone != was || listed != was)))
                    << value << " comes back; strike it off: " << loss->reason;
            }
            if (loss == nullptr || loss->is_of_json) {
                EXPECT_EQ(alone, was) << "alone";
                EXPECT_EQ(listed, was) << "in a list";
            }
            if (loss == nullptr) {
                EXPECT_EQ(came, was) << "as JSON " << value;
            }
        }
    }
}

constexpr const char* kBytes = "bytes are base64 in JSON, and a text that comes with a request is a text";
constexpr const char* kNoNumber = "JSON has no NaN and no infinity: they are null";
constexpr const char* kMinusZero = "-0 of a request is the integer 0";

const Place kPostgres{"postgres",
                      "v::text",
                      "v::text",
                      {{"numeric", "null", false, kNoNumber},
                       {"real", "null", true, kNoNumber},
                       {"double precision", "null", true, kNoNumber},
                       {"real", "-0", true, kMinusZero},
                       {"double precision", "-0", true, kMinusZero},
                       {"bytea", "\"AP8=\"", true, kBytes}}};
const Place kMariaDb{"mysql",
                     "HEX(v)",
                     "v",
                     {{"FLOAT", "3.4028235e+38", false, "the shortest digits of the largest float are past it"},
                      {"BINARY(3)", "*", true, kBytes},
                      {"VARBINARY(50)", "\"AP8=\"", true, kBytes},
                      {"LONGBLOB", "\"AP8=\"", true, kBytes},
                      {"POINT", "*", true, kBytes}}};
const Place kSqlite{"sqlite",
                    "typeof(v) || quote(v)",
                    "v",
                    {{"REAL", "null", true, kNoNumber},
                     {"BLOB", "\"AP8=\"", true, kBytes},
                     {"BLOB", "\"\"", true, kBytes},
                     {"", "\"AQ==\"", true, kBytes}}};

INSTANTIATE_TEST_SUITE_P(Databases, RoundTrip, ::testing::Values(kPostgres, kMariaDb, kSqlite),
                         [](const auto& test) { return std::string(test.param.driver); });

}  // namespace
}  // namespace kdeps::testing
