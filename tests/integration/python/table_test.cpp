// SPDX-License-Identifier: Apache-2.0
// Result sets in scripts, and tables out of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/python/python_workflow.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;

PythonOptions with_rows(const std::string& query) {
    return {.settings = "sqlConnections: {db: {connection: \"sqlite://:memory:\"}}",
            .resources =
                "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: rows, name: rows}\nrun:\n  sql:\n  "
                "  connectionName: db\n    query: \"" +
                query + "\"\n",
            .requires_ids = "rows"};
}

constexpr const char* kThree =
    "SELECT 1 AS id, 'a' AS name, 1.5 AS price UNION ALL SELECT 2, 'b', 2.5 UNION ALL SELECT 3, NULL, NULL";
// 100,000 rows: more than goes through the socket.
constexpr const char* kMany =
    "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 100000) SELECT id, id * 0.5 AS price, "
    "'name ' || id AS name FROM n";

std::string answer(std::string_view script, const char* query = kThree) {
    PythonWorkflow workflow(script, with_rows(query));
    const std::string faults = workflow.faults();
    return faults.empty() ? workflow.answer() : faults;
}

TEST(Table, IsASequenceOfRowMappings) {
    EXPECT_EQ(
        answer("t = get('rows')\n"
               "return [len(t), t[0]['name'], t[-1].id, [r.price for r in t], t[0:2], t[::2], t.columns, dict(t[1]), "
               "t[0] == {'id': 1, 'name': 'a', 'price': 1.5},\n"
               "        list(t[0]), 'name' in t[0], t[0].get('x', 9), len(t[0]), t.column('id'), [r['id'] for r in "
               "reversed(t)], sorted(t, key=lambda r: -r.id)[0].id]"),
        R"([3,"a",3,[1.5,2.5,null],[{"id":1,"name":"a","price":1.5},{"id":2,"name":"b","price":2.5}],[{"id":1,"name":"a","price":1.5},)"
        R"({"id":3,"name":null,"price":null}],["id","name","price"],{"id":2,"name":"b","price":2.5},true,["id","name","price"],true,9,3,[1,2,3],[3,2,1],3])");
    EXPECT_THAT(answer("return get('rows')[0]['nam']"), HasSubstr("INTERNAL: KeyError: 'nam'"));
    EXPECT_THAT(answer("return get('rows')[0].nam"),
                HasSubstr("AttributeError: the row has no column 'nam'; its columns are ['id', 'name', 'price']"));
    EXPECT_THAT(answer("return get('rows')[3]"), HasSubstr("IndexError: row 3: the table has 3 rows"));
}

TEST(Table, IsEmptyAsWell) {
    EXPECT_EQ(answer("t = get('rows')\nreturn [len(t), list(t), t.columns, t]", "SELECT 1 AS id WHERE 1 = 0"),
              R"([0,[],["id"],[]])");
}

TEST(Table, ComesBackWhole) {
    EXPECT_EQ(answer("return get('rows')"),
              R"([{"id":1,"name":"a","price":1.5},{"id":2,"name":"b","price":2.5},{"id":3,"name":null,"price":null}])");
    EXPECT_EQ(answer("t = get('rows')\nset('t', t[1:])\nreturn {'all': len(get('t')), 'last': get('t')[1]}"),
              R"({"all":2,"last":{"id":3,"name":null,"price":null}})");
}

TEST(Table, AHundredThousandRows) {
    EXPECT_EQ(
        answer("t = get('rows')\nreturn [len(t), sum(r.id for r in t), t[99999].name, len(t[5:50005]), t[50000:50001]]",
               kMany),
        R"([100000,5000050000,"name 100000",50000,[{"id":50001,"price":25000.5,"name":"name 50001"}]])");
    EXPECT_EQ(
        answer("t = get('rows')\nset('part', t[99998:])\nset('most', t[1:])\nreturn [get('part'), len(get('most')), "
               "get('most')[0]]",
               kMany),
        R"([[{"id":99999,"price":49999.5,"name":"name 99999"},{"id":100000,"price":50000,"name":"name 100000"}],99999,{"id":2,"price":1,"name":"name 2"}])");
}

TEST(Table, LiesInSharedMemory) {
    EXPECT_EQ(answer("t = get('rows')\nreturn any('kdeps-table' in line for line in open('/proc/self/maps'))", kMany),
              "true");
    EXPECT_EQ(
        answer("t = get('rows')\ndel t\nreturn any('kdeps-table' in line for line in open('/proc/self/maps'))", kMany),
        "false");
}

TEST(Table, AColumnIsASequence) {
    EXPECT_EQ(answer("c = get('rows').column('price')\n"
                     "return [len(c), c[0], c[-2], c[1:], c[::2], list(c), c == [1.5, 2.5, None], 2.5 in c, c, "
                     "sum(get('rows').column('id')), [x for x in reversed(c)]]"),
              R"([3,1.5,2.5,[2.5,null],[1.5,null],[1.5,2.5,null],true,true,[1.5,2.5,null],6,[null,2.5,1.5]])");
    EXPECT_THAT(answer("return get('rows').column('nam')"), HasSubstr("INTERNAL: KeyError: 'nam'"));
    EXPECT_THAT(answer("return get('rows').column('id')[3]"), HasSubstr("IndexError: row 3: the table has 3 rows"));
}

// Rows that are kept stay what they were while the loop goes on.
TEST(Table, ARowIsItsOwn) {
    EXPECT_EQ(
        answer("kept = []\nlast = None\nfor r in get('rows'):\n    kept.append(r)\n    if last is not None: assert "
               "last.id == r.id - 1\n    last = r\nreturn [[r.id for r in kept], [a.id + b.id for a, b in "
               "zip(get('rows'), get('rows'))]]"),
        R"([[1,2,3],[2,4,6]])");
}

TEST(Table, NamesThatAreMethodsAreReadByIndex) {
    EXPECT_EQ(answer("r = get('rows')[0]\nreturn [r['items'], r['get'], r.get('get'), list(r.items())]",
                     "SELECT 1 AS items, 2 AS get"),
              R"([1,2,2,[["items",1],["get",2]]])");
}

TEST(Numpy, ReadsTheSharedMemoryItself) {
    EXPECT_EQ(
        answer("import numpy\nt = get('rows')\n"
               "a, b = (numpy.asarray(t[3000:4000].column('id')) for i in range(2))\n"
               "address = a.__array_interface__['data'][0]\n"
               "inside = any(int(low, 16) <= address < int(high, 16) for low, high in (line.split()[0].split('-') "
               "for line in open('/proc/self/maps') if 'kdeps-table' in line))\n"
               "return [inside, b.__array_interface__['data'][0] == address, int(a.sum()), a.dtype.name, "
               "float(numpy.asarray(t.column('price')).sum()), numpy.asarray(t.column('name'))[1]]",
               kMany),
        R"([true,true,3500500,"int64",2500025000,"name 2"])");
    // The memory lasts as long as the array does.
    EXPECT_EQ(
        answer("import numpy\na = numpy.asarray(get('rows')[3000:4000].column('id'))\nreturn int(a.sum())", kMany),
        "3500500");
}

TEST(Pandas, TakesATableAndGivesAFrame) {
    EXPECT_EQ(
        answer("import pandas as pd\nf = get('rows').to_pandas()\nf['twice'] = f['id'] * 2\nf['day'] = "
               "pd.to_datetime('2024-01-02')\nreturn f"),
        R"([{"id":1,"name":"a","price":1.5,"twice":2,"day":"2024-01-02T00:00:00"},{"id":2,"name":"b","price":2.5,"twice":4,"day":"2024-01-02T00:00:00"},)"
        R"({"id":3,"name":null,"price":null,"twice":6,"day":"2024-01-02T00:00:00"}])");
    EXPECT_EQ(
        answer("import pandas as pd, numpy as np\nreturn {'s': pd.Series([1, None, 3]), 'n': np.int64(4), 'a': "
               "np.arange(4).reshape(2, 2), 'f': np.float32(0.5), 't': pd.Timestamp('2024-01-02'), 'na': pd.NaT}"),
        R"({"s":[1,null,3],"n":4,"a":[[0,1],[2,3]],"f":0.5,"t":"2024-01-02T00:00:00","na":null})");
}

}  // namespace
}  // namespace kdeps::testing
