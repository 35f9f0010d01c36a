// SPDX-License-Identifier: Apache-2.0
// One workflow, its placeholders as PostgreSQL writes them, on four databases: the same answer, byte for byte.
#include <gtest/gtest.h>

#include "tests/e2e/databases.hpp"
#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/tds/server.hpp"

namespace kdeps::testing {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kResources = R"(actionId: add
sql:
  connectionName: db
  query: INSERT INTO product (id, name, price, stock) VALUES ($1, $2, $3, $4)
  paramsBatch: get('rows')
---
actionId: raise
requires: [add]
sql:
  connectionName: db
  query: UPDATE product SET stock = stock + $2 WHERE id <= $1
  params: [2, 10]
---
actionId: found
requires: [raise]
sql:
  connectionName: db
  query: "SELECT id, name, price, stock FROM product WHERE id >= $1 AND (name <> $2 OR stock >= $1) ORDER BY id -- $3"
  params: [1, "{{ get('unwanted') }}"]
---
actionId: template
requires: [raise]
sql:
  connectionName: db
  query: "SELECT name AS n, stock AS s FROM product WHERE name = {{ get('wanted') }} OR name = 'it''s $1'"
---
actionId: none
requires: [raise]
sql:
  connectionName: db
  query: SELECT id, name FROM product WHERE id = $1
  params: [-1]
---
actionId: table
requires: [raise]
sql:
  connectionName: db
  query: SELECT id, name, price, stock FROM product WHERE id < $1 ORDER BY id DESC
  params: [4]
  format: csv
---
actionId: moved
requires: [found, template, none, table]
sql:
  connectionName: db
  transaction: true
  queries:
    - {name: take, query: "UPDATE product SET stock = stock - $1 WHERE id = $2", params: [5, 1]}
    - {name: give, query: "UPDATE product SET stock = stock + $1 WHERE id = $2", params: [5, 3]}
    - {name: sum, query: "SELECT COUNT(*) AS n, MAX(stock) AS most FROM product"}
---
actionId: answer
requires: [moved]
apiResponse:
  success: true
  response:
    added: get('add')
    raised: get('raise').rowsAffected
    found: get('found')
    template: get('template')
    none: get('none')
    table: get('table')
    moved: get('moved')[1].rowsAffected
    sum: get('moved')[2]
)";

constexpr const char* kExpected =
    R"({"added":{"rowsAffected":4,"batch":[1,1,1,1]},"raised":2,)"
    R"("found":[{"id":1,"name":"plain","price":0.1,"stock":9007199254740993},)"
    R"({"id":2,"name":"Grüße, \"Ω\" 😀","price":-12.5,"stock":10},{"id":3,"name":null,"price":null,"stock":7},)"
    R"({"id":4,"name":"it's $1","price":1e+21,"stock":0}],)"
    R"("template":[{"n":"it's $1","s":0}],"none":[],)"
    R"("table":"id,name,price,stock\n3,,,7\n2,\"Grüße, \"\"Ω\"\" 😀\",-12.5,10\n1,plain,0.1,9007199254740993\n",)"
    R"("moved":1,"sum":[{"n":4,"most":9007199254740988}]})";

const Json kRequest = {{"rows",
                        {{1, "plain", 0.1, 9007199254740983},
                         {2, "Grüße, \"Ω\" 😀", -12.5, 0},
                         {3, nullptr, nullptr, 7},
                         {4, "it's $1", 1e21, 0}}},
                       {"unwanted", "nobody"},
                       {"wanted", "' OR 1 = 1 --"}};

class FourDatabases : public ::testing::Test {
protected:
    static std::string create(const std::string& text_type) {
        return "CREATE TABLE product (id int PRIMARY KEY, name " + text_type + "(100), price float, stock bigint)";
    }
    FourDatabases() {
        postgres().execute("analytics", "SET ROLE \"user\"; DROP TABLE IF EXISTS product; " + create("varchar"));
        mariadb().execute("inventory", "DROP TABLE IF EXISTS product; " + create("varchar"));
        // MariaDB's FLOAT has 24 bits.
        mariadb().execute("inventory", "ALTER TABLE product MODIFY price double");
        sqlite_execute(folder_.path() / "data.db", create("varchar"));
        tds_.create_database("shop");
        tds_.execute("shop", create("nvarchar"));
        urls_ = urls_of_all(folder_);
        urls_["sqlserver"] = tds_.url("shop");
    }

    KdepsHost start(const std::string& url) {
        return KdepsHost(write_workflow(
            folder_, {.target = "answer", .connections = {{"db", connection(url)}}, .resources = kResources}));
    }

    const TemporaryFolder folder_;
    TdsServer tds_;
    std::map<std::string, std::string> urls_;
};

TEST_F(FourDatabases, AnswerAlike) {
    for (const auto& [name, url] : urls_) {
        const KdepsHost host = start(url);
        const httplib::Response response = host.post("/q", kRequest.dump());
        const std::string data = data_of(response).dump();
        EXPECT_EQ(data, Json::parse(kExpected).dump()) << name;
    }
}

TEST_F(FourDatabases, FailAlike) {
    for (const auto& [name, url] : urls_) {
        const KdepsHost host = start(url);
        Json request = kRequest;
        request["rows"][3][0] = 1;
        const httplib::Response response = host.post("/q", request.dump());
        EXPECT_EQ(response.status, 409) << name << response.body;
        const Json error = error_of(response);
        EXPECT_NE(error["message"].get<std::string>().find("paramsBatch[3]: "), std::string::npos) << error.dump();
    }
}

}  // namespace
}  // namespace kdeps::testing
