// SPDX-License-Identifier: Apache-2.0
#include "plugins/drivers/plain_insert.hpp"

#include <gtest/gtest.h>

namespace kdeps::drivers {
namespace {

constexpr InsertDialect kFolding{'"', true, true};
constexpr InsertDialect kPlain{'`', false, false};

// schema.table(columns as written = as meant) placeholders; "none" for another statement.
std::string read(std::string_view sql, const InsertDialect& dialect) {
    const auto found = read_plain_insert(sql, dialect);
    if (!found) return "none";
    const auto text = [](const PlainInsert::Name& name) { return std::string(name.written) + "=" + name.meant; };
    std::string out = (found->schema ? text(*found->schema) + "." : "") + text(found->table) + "(";
    for (const auto& column : found->columns) out += text(column) + " ";
    return out + ")" + std::to_string(found->placeholders);
}

TEST(PlainInsert, TellsItsNames) {
    EXPECT_EQ(read("INSERT INTO Users (Id, \"Full \"\"N\") VALUES ($1, $2)", kFolding),
              "Users=users(Id=id \"Full \"\"N\"=Full \"N )2");
    EXPECT_EQ(read("\n insert into app . t(a)values($1) ; ", kFolding), "app=app.t=t(a=a )1");
    EXPECT_EQ(read("INSERT INTO `my``db`.Users VALUES (?,?,?)", kPlain), "`my``db`=my`db.Users=Users()3");
}

TEST(PlainInsert, HasNothingButPlaceholders) {
    for (const char* sql : {"INSERT INTO t (a) VALUES (1)", "INSERT INTO t (a) VALUES ($1 + 1)", "SELECT 1", "",
                            "INSERT INTO t (a) VALUES ($1), ($2)", "INSERT INTO t (a) VALUES ($1) RETURNING a",
                            "INSERT INTO t (a) VALUES ($1) ON CONFLICT DO NOTHING", "INSERT INTO t (a) SELECT $1",
                            "INSERT /* c */ INTO t (a) VALUES ($1)", "INSERT INTO t (a) VALUES ($1) -- c",
                            "INSERT INTO t AS x (a) VALUES ($1)", "INSERT INTO \"t (a) VALUES ($1)", "INSERTINTO t",
                            "INSERT INTO t (a, ) VALUES ($1)", "INSERT INTO t (\"\") VALUES ($1)",
                            "INSERT INTO t (\xC3\xA4) VALUES ($1)", "INSERT INTO t (a) VALUES (?)"}) {
        EXPECT_EQ(read(sql, kFolding), "none") << sql;
    }
}

TEST(PlainInsert, CountsItsPlaceholdersInOrder) {
    EXPECT_EQ(read("INSERT INTO t (a, b) VALUES ($2, $1)", kFolding), "none");
    EXPECT_EQ(read("INSERT INTO t (a, b) VALUES ($1, $1)", kFolding), "none");
    EXPECT_EQ(read("INSERT INTO t (a) VALUES ($10)", kFolding), "none");
    EXPECT_EQ(read("INSERT INTO t (a) VALUES ($1)", kPlain), "none");
}

}  // namespace
}  // namespace kdeps::drivers
