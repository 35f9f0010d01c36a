// SPDX-License-Identifier: Apache-2.0
// What expressions see: get() and its chain, set() and its storages, info, files.
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.hpp"

namespace kdeps::engine {
namespace {

std::string value_of(const std::string& expression, const Request& request = {}) {
    return run("actionId: r\necho: {value: \"{{ " + expression + " }}\"}", request);
}

TEST(Get, LooksFromTheInsideOut) {
    Request request = with_body(R"({"k": "body", "q": "body"})");
    request.path_parameters = {{"k", "path"}, {"p", "path"}};
    request.query = {{"k", "query"}, {"p", "query"}, {"q", "query"}};
    request.headers = {{"k", "header"}, {"h", "header"}};
    EXPECT_EQ(value_of("[get('k'), get('p'), get('q'), get('H'), get('method'), get('none')]", request),
              R"(["path","path","query","header","GET",null])");
    const std::string others = "\n---\n{actionId: k, echo: {value: output}}";
    EXPECT_EQ(run("{actionId: r, requires: [k], echo: {value: \"{{ get('k') }}\"}}" + others, request), "\"output\"");
    EXPECT_EQ(run("{actionId: r, requires: [k], before: [\"set('k', 'session', 'session')\"], echo: {value: \"{{ "
                  "get('k') }}\"}}" +
                      others,
                  request),
              "\"session\"");
    EXPECT_EQ(run("{actionId: r, requires: [k], before: [\"set('k', 's', 'session')\", \"set('k', 'memory')\"], echo: "
                  "{value: \"{{ get('k') }}\"}}" +
                      others,
                  request),
              "\"memory\"");
    EXPECT_EQ(run("{actionId: r, requires: [k], items: [1], before: [\"set('k', 'memory')\", \"set('k', 'item', "
                  "'item')\"], echo: {value: \"{{ get('k') }}\"}}" +
                      others,
                  request),
              "[\"item\"]");
}

TEST(Get, TakesASourceOrADefault) {
    Request request = with_body(R"({"a": {"b": [10, 20]}, "q": "body"})");
    request.query = {{"q", "query"}, {"q", "second"}};
    EXPECT_EQ(value_of("[get('q', 'body'), get('q', 'query'), get('q', 'header'), get('x', 'query', 'default'), "
                       "get('x', 5), get('q', 'other')]",
                       request),
              R"(["body","query",null,"default",5,"query"])");
    EXPECT_EQ(value_of("[get('a.b.1'), get('a.b.9'), get('a.c'), get('a').b]", request), "[20,null,null,[10,20]]");
    EXPECT_EQ(value_of("[get('', 'body').q, input.q, request.query.q, request.body.q]", request),
              R"(["body","query","query","body"])");
}

TEST(Get, NeverReadsAFileByItsName) { EXPECT_EQ(value_of("get('workflow.yaml')"), "null"); }

TEST(Get, ReadsTheEnvironmentOfTheSettings) {
    EXPECT_EQ(Loaded("actionId: r\necho: {value: \"{{ [get('A', 'env'), env('A'), env('KDEPS_TEST_NONE', 'x')] }}\"}",
                     "{agentSettings: {env: {A: b}}}")
                  .text(),
              R"(["b","b","x"])");
}

TEST(Get, GivesUploadedFiles) {
    Request request;
    request.files = {{"doc", "a.txt", "text/plain", "hello"}, {"pic", "b.png", "image/png", "\xFF\xD8"}};
    EXPECT_EQ(value_of("[get('doc'), get('a.txt'), get('doc', 'filetype'), get('pic', 'file'), info('filecount'), "
                       "info('files'), info('filetypes'), request.filesByType('image/png')]",
                       request),
              R"(["hello","hello","text/plain","/9g=",2,["a.txt","b.png"],["text/plain","image/png"],["b.png"]])");
}

TEST(Set, KeepsRunsApart) {
    const Loaded loaded(
        "actionId: r\necho: {value: \"{{ get('k', 'memory', 'nothing') }}\"}\nafter: [\"set('k', 1)\"]");
    EXPECT_EQ(loaded.text(), "\"nothing\"");
    EXPECT_EQ(loaded.text(), "\"nothing\"");
}

TEST(Set, KeepsAppValuesForTheProcess) {
    const Loaded loaded(
        "actionId: r\nbefore: [\"set('n', get('n', 'app', 0) + 1, 'app')\"]\necho: {value: \"{{ get('n', 'app') }}\"}");
    EXPECT_EQ(loaded.text(), "1");
    EXPECT_EQ(loaded.text(), "2");
}

TEST(Set, RefusesAnUnknownStorage) {
    EXPECT_EQ(run("actionId: r\nafter: [\"set('k', 1, 'disk')\"]"),
              "INTERNAL_ERROR 500 INVALID_ARGUMENT r: set() knows no storage 'disk'. Available options: [memory, "
              "session, item, app]");
}

TEST(Session, BelongsToOneClient) {
    const Loaded loaded(
        "actionId: r\nbefore: [\"get('write') == 'yes' ? set('name', get('as'), 'session') : nil\"]\necho: {value: "
        "\"{{ [get('name', 'session'), len(session())] }}\"}");
    Request request;
    const Outcome reading = loaded.run(request);
    EXPECT_EQ(reading.session_id, "");  // no cookie for who only reads
    request.query = {{"write", "yes"}, {"as", "ann"}};
    const Outcome ann = loaded.run(request);
    EXPECT_EQ(ann.session_id.size(), 32U);
    request.query = {{"write", "yes"}, {"as", "bob"}};
    const Outcome bob = loaded.run(request);
    EXPECT_NE(ann.session_id, bob.session_id);
    request.query.clear();
    request.session_id = ann.session_id;
    EXPECT_EQ(loaded.text(request), R"(["ann",1])");
    EXPECT_EQ(loaded.run(request).session_id, "");
    request.session_id = "00000000000000000000000000000000";  // never given out
    EXPECT_EQ(loaded.text(request), "[null,0]");
}

TEST(Session, IsForgottenAfterItsTime) {
    const Loaded loaded(
        "actionId: r\necho: {value: \"{{ get('name', 'session') }}\"}\nafter: [\"set('name', 'x', 'session')\"]",
        "{session: {ttl: 1ns}}");
    Request request;
    request.session_id = loaded.run().session_id;
    EXPECT_EQ(loaded.text(request), "null");
}

TEST(Info, KnowsItsNames) {
    Request request;
    request.id = "id-1";
    request.client_ip = "10.0.0.1";
    request.method = "PUT";
    request.path = "/p";
    EXPECT_EQ(value_of("[info('requestId'), info('clientIp'), info('method'), info('path'), info('name'), "
                       "info('version'), info('description'), info('nothing'), info('sessionId')]",
                       request),
              R"(["id-1","10.0.0.1","PUT","/p","test","1.2.3","A test",null,""])");
}

TEST(Info, TellsTheTimeInTheZoneOfTheWorkflow) {
    EXPECT_EQ(value_of("info('now') matches '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{3}Z$'"), "true");
    EXPECT_EQ(Loaded("actionId: r\necho: {value: \"{{ info('timestamp') matches '[.][0-9]{3}[+]05:30$' }}\"}",
                     "{agentSettings: {timezone: Asia/Kolkata}}")
                  .text(),
              "true");
}

TEST(File, ReadsInsideTheFolderOnly) {
    const Loaded loaded(
        "actionId: r\necho: {value: \"{{ get('all') == nil ? file(get('f')) : file(get('f'), get('all')) }}\"}");
    loaded.folder.write("data/a.txt", "one");
    loaded.folder.write("data/b.txt", "two");
    const testing::TemporaryFolder outside;
    outside.write("secret.txt", "secret");
    std::filesystem::create_symlink(outside.path() / "secret.txt", loaded.folder.path() / "data/c.txt");
    const auto read = [&](const std::string& name, const std::string& selector = "") {
        Request request;
        request.query = {{"f", name}};
        if (!selector.empty()) request.query.emplace_back("all", selector);
        return loaded.text(request);
    };
    EXPECT_EQ(read("data/a.txt"), "\"one\"");
    EXPECT_EQ(read("data/*.txt"), R"(["one","two"])");
    EXPECT_EQ(read("data/*.txt", "count"), "2");
    EXPECT_EQ(read("data/*.txt", "last"), "\"two\"");
    const std::string forbidden = "FORBIDDEN 403 FORBIDDEN r: ";
    EXPECT_EQ(read("data/c.txt"), forbidden + "file('data/c.txt') is outside of the workflow's folder");
    EXPECT_EQ(read("../x"), forbidden + "file('../x') is outside of the workflow's folder");
    EXPECT_EQ(read("/etc/passwd"), forbidden + "file('/etc/passwd') is outside of the workflow's folder");
    EXPECT_EQ(read("../*"), forbidden + "file('../*') is outside of the workflow's folder");
    EXPECT_EQ(read("data/none"),
              "NOT_FOUND 404 NOT_FOUND r: file('data/none'): there is no such file in the workflow's folder");
}

}  // namespace
}  // namespace kdeps::engine
