// SPDX-License-Identifier: Apache-2.0
// Places, scalars, aliases and limits of YAML documents.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_fixture.hpp"

namespace kdeps::config {
namespace {

using ::testing::ElementsAre;
using value::Value;

TEST(Node, KnowsThePlaceOfAPlainScalar) {
    const Document document("a:\n  b: text\n");
    EXPECT_EQ(document.place("a.b"), "w.yaml:2:6");
    EXPECT_EQ(document.at("a.b").position_of(2).text(), "w.yaml:2:8");
    EXPECT_EQ(document.at("a").find_key("b")->position.text(), "w.yaml:2:3");
}

TEST(Node, CountsFromBehindTheQuote) {
    const Document document("a: \"get('q')\"\nb: 'x y'\n");
    EXPECT_EQ(document.place("a"), "w.yaml:1:4");
    EXPECT_EQ(document.at("a").position_of(0).text(), "w.yaml:1:5");
    EXPECT_EQ(document.at("b").position_of(2).text(), "w.yaml:2:7");
}

TEST(Node, FindsTheLineInALiteralBlock) {
    const Document document("q: |\n  SELECT 1\n  FROM t\n");
    const Node& query = document.at("q");
    EXPECT_EQ(query.text, "SELECT 1\nFROM t\n");
    EXPECT_TRUE(query.is_block);
    EXPECT_EQ(query.position_of(0).text(), "w.yaml:2:3");
    EXPECT_EQ(query.position_of(query.text.find("FROM")).text(), "w.yaml:3:3");
    EXPECT_EQ(query.position_of(query.text.find("t\n")).text(), "w.yaml:3:8");
}

TEST(Node, FindsTheStartOfAFoldedBlock) {
    const Document document("q: >\n    SELECT 1\n    FROM t\n");
    const Node& query = document.at("q");
    EXPECT_EQ(query.text, "SELECT 1 FROM t\n");
    EXPECT_EQ(query.position_of(7).text(), "w.yaml:2:12");
}

TEST(Node, CountsCharactersNotBytes) {
    const Document document("ключ: {größe: \"äö x\"}\n");
    EXPECT_EQ(document.place("ключ.größe"), "w.yaml:1:15");
    EXPECT_EQ(document.at("ключ.größe").position_of(5).text(), "w.yaml:1:19");  // x, behind two characters of two bytes
}

TEST(Node, ReadsScalarsByTheCoreSchema) {
    const Document document(
        "a: 1\nb: '1'\nc: true\nd: ~\ne: 1.5\nf: 18446744073709551615\ng: +7\nh: 2024-01-01\ni:\nj: \"null\"\n");
    EXPECT_EQ(document.at("a").scalar(), Value(1));
    EXPECT_EQ(document.at("b").scalar(), Value("1"));
    EXPECT_EQ(document.at("c").scalar(), Value(true));
    EXPECT_TRUE(document.at("d").scalar().is_null());
    EXPECT_EQ(document.at("e").scalar(), Value(1.5));
    EXPECT_EQ(document.at("f").scalar().text(), "18446744073709551615");
    EXPECT_EQ(document.at("g").scalar(), Value(7));
    EXPECT_EQ(document.at("h").scalar(), Value("2024-01-01"));
    EXPECT_EQ(document.at("i").kind, Node::Kind::null);
    EXPECT_EQ(document.at("j").scalar(), Value("null"));
}

TEST(Node, TakesTheSpanOfAWebPageOff) {
    const Document document("a: <span v-pre>\"{{ get('q') }}\"</span>\nb: <span v-pre>{{ 1 }}</span>\n");
    EXPECT_EQ(document.at("a").text, "{{ get('q') }}");
    EXPECT_TRUE(document.at("a").is_quoted);
    EXPECT_EQ(document.at("a").position_of(0).text(), "w.yaml:1:17");
    EXPECT_EQ(document.at("b").text, "{{ 1 }}");
    EXPECT_THAT(document.lines(), ElementsAre("1:4: note: '<span v-pre>' of the web page around the value is ignored",
                                              "2:4: note: '<span v-pre>' of the web page around the value is ignored"));
}

TEST(Node, RefusesAKeyThatStandsTwice) {
    const Document document("a: 1\nb: 2\na: 3\n");
    EXPECT_THAT(document.lines(), ElementsAre("3:1: error: key 'a' stands here a second time; the first is in line 1"));
    EXPECT_EQ(document.at("a").text, "1");
}

TEST(Node, MergesMapsUnderTheKeysOfTheMapItself) {
    const Document document("base: &b {x: 1, y: 2}\nmore: &m {z: 3, x: 9}\na:\n  <<: [*b, *m]\n  y: 5\n");
    EXPECT_TRUE(document.faults.is_empty()) << document.faults.text();
    EXPECT_EQ(document.at("a.x").text, "1");
    EXPECT_EQ(document.at("a.y").text, "5");
    EXPECT_EQ(document.at("a.z").text, "3");
}

TEST(Node, RefusesToMergeText) {
    const Document document("a:\n  <<: text\n");
    EXPECT_THAT(document.lines(), ElementsAre("2:7: error: '<<' merges a map or a list of maps"));
}

TEST(Node, FollowsAliases) {
    const Document document("a: &x [1, 2]\nb: *x\n");
    ASSERT_EQ(document.at("b").children.size(), 2U);
    EXPECT_EQ(document.at("b").children[1].text, "2");
}

TEST(Node, RefusesAKeyThatIsNoText) {
    const Document document("? [a, b]\n: 1\n");
    EXPECT_THAT(document.lines(), ElementsAre("1:3: error: a key must be text"));
}

TEST(Node, ReadsAllDocumentsOfAStream) {
    Diagnostics faults;
    const auto documents = read_yaml("a: 1\n---\n---\nb: 2\n", "w.yaml", faults);
    ASSERT_EQ(documents.size(), 2U);  // the empty one does not count
    EXPECT_EQ(documents[1].find("b")->position.text(), "w.yaml:4:4");
}

TEST(Node, SaysWhereTheSyntaxIsWrong) {
    const Document document("a: [1, 2\nb: 3\n");
    ASSERT_EQ(document.lines().size(), 1U);
    EXPECT_THAT(document.lines()[0], ::testing::StartsWith("2:2: error: YAML: "));
}

TEST(Node, RefusesDocumentsThatAreNestedTooDeep) {
    const Document document(std::string(150, '[') + std::string(150, ']'));
    EXPECT_THAT(document.lines(), ElementsAre("1:102: error: the document is nested deeper than 100 levels"));
}

TEST(Node, RefusesAliasesThatGrowWithoutEnd) {
    std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 8; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
        for (int k = 1; k < 10; ++k) text += "," + last;
        text += "]\n";
    }
    const Document document(text);
    ASSERT_EQ(document.lines().size(), 1U);
    EXPECT_THAT(
        document.lines()[0],
        ::testing::EndsWith("error: the document has more than 1,000,000 nodes after its aliases are followed"));
}

TEST(Node, RefusesFilesThatAreTooLargeOrNotUtf8) {
    const Document large("a: " + std::string(5U << 20, 'x'));
    EXPECT_THAT(large.lines(), ElementsAre("0:0: error: the file is larger than 4 MiB"));
    const Document latin("a: \xE4\n");
    EXPECT_THAT(latin.lines(), ElementsAre("0:0: error: the file is not valid UTF-8"));
}

}  // namespace
}  // namespace kdeps::config
