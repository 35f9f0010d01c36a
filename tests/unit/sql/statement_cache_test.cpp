// SPDX-License-Identifier: Apache-2.0
// statementCache: the prepared statements that a connection keeps.
#include "tests/unit/sql/fake_driver.hpp"

namespace kdeps::sql {
namespace {

using Texts = std::vector<std::string>;

struct StatementCache : PoolFixture {
    kdeps_statement* prepare(const std::unique_ptr<Connection>& connection, const std::string& sql) {
        return connection->prepare(call, sql);
    }
};

TEST_F(StatementCache, PreparesOnce) {
    auto connection = acquire();
    kdeps_statement* made = prepare(connection, "a");
    EXPECT_EQ(prepare(connection, "a"), made);
    EXPECT_EQ(connection->find_prepared("a"), made);
    EXPECT_EQ(connection->find_prepared("b"), nullptr);
    release(std::move(connection));
    connection = acquire();
    EXPECT_EQ(prepare(connection, "a"), made);
    EXPECT_EQ(database.prepared, Texts{"a"});
    EXPECT_EQ(database.finalized, Texts{});
    release(std::move(connection));
}

TEST_F(StatementCache, KeepsOneHundredAndTwentyEight) {
    auto connection = acquire();
    for (int i = 0; i < 128; ++i) prepare(connection, std::to_string(i));
    EXPECT_EQ(database.finalized, Texts{});
    prepare(connection, "one more");
    EXPECT_EQ(database.finalized, Texts{"0"});
    release(std::move(connection));
}

TEST_F(StatementCache, DropsTheOneThatWasNotUsedForLongest) {
    options.statement_cache = 3;
    auto connection = acquire();
    for (const char* sql : {"a", "b", "c"}) prepare(connection, sql);
    prepare(connection, "a");
    connection->find_prepared("b");  // finding it is using it
    prepare(connection, "d");
    EXPECT_EQ(database.finalized, Texts{"c"});
    prepare(connection, "e");
    EXPECT_EQ(database.finalized, (Texts{"c", "a"}));
    prepare(connection, "c");
    EXPECT_EQ(database.finalized, (Texts{"c", "a", "b"}));
    EXPECT_EQ(database.prepared, (Texts{"a", "b", "c", "d", "e", "c"}));
    release(std::move(connection));
}

TEST_F(StatementCache, OfZeroKeepsNothingBeyondTheUse) {
    options.statement_cache = 0;
    auto connection = acquire();
    prepare(connection, "a");
    EXPECT_EQ(database.finalized, Texts{});
    prepare(connection, "a");
    EXPECT_EQ(database.finalized, Texts{"a"});
    prepare(connection, "b");
    EXPECT_EQ(database.finalized, (Texts{"a", "a"}));
    release(std::move(connection));
    EXPECT_EQ(database.finalized, (Texts{"a", "a", "b"}));
    EXPECT_EQ(database.prepared, (Texts{"a", "a", "b"}));
}

TEST_F(StatementCache, IsOfOneConnection) {
    auto first = acquire();
    auto second = acquire();
    EXPECT_NE(prepare(first, "a"), prepare(second, "a"));
    EXPECT_EQ(database.prepared, (Texts{"a", "a"}));
    release(std::move(first));
    release(std::move(second));
}

TEST_F(StatementCache, ForgetsAStatementThatFailed) {
    auto connection = acquire();
    connection->forget(prepare(connection, "a"));
    EXPECT_EQ(database.finalized, Texts{"a"});
    EXPECT_EQ(connection->find_prepared("a"), nullptr);
    prepare(connection, "a");
    EXPECT_EQ(database.prepared, (Texts{"a", "a"}));
    release(std::move(connection));
}

TEST_F(StatementCache, KeepsNoneThatCannotBePrepared) {
    auto connection = acquire();
    EXPECT_EQ(error_of([&] { prepare(connection, "bad"); }), "INVALID_ARGUMENT syntax error");
    EXPECT_EQ(connection->find_prepared("bad"), nullptr);
    release(std::move(connection));
    EXPECT_EQ(database.finalized, Texts{});
}

TEST_F(StatementCache, EndsWithItsConnection) {
    auto connection = acquire();
    for (const char* sql : {"a", "b"}) prepare(connection, sql);
    database.on_close = [&] { EXPECT_EQ(database.finalized, (Texts{"a", "b"})); };
    release(std::move(connection), After::close);
    EXPECT_EQ(database.closed, 1);
}

}  // namespace
}  // namespace kdeps::sql
