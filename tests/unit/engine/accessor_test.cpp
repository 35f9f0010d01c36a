// SPDX-License-Identifier: Apache-2.0
// The functions and objects that the host adds, one by one (rules §3).
#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.hpp"

namespace kdeps::engine {
namespace {

std::string value_of(const std::string& expression, const Request& request = {}) {
    return run("actionId: r\necho: {value: \"{{ " + expression + " }}\"}", request);
}

// With another resource `a` before it, which gives `output`.
std::string value_after(const std::string& output, const std::string& expression) {
    return run("{actionId: r, requires: [a], echo: {value: \"{{ " + expression +
               " }}\"}}\n---\n{actionId: a, echo: {value: " + output + "}}");
}

Request full_request() {
    Request request = with_body(R"({"user": {"name": "Ada"}, "n": 5, "q": "body"})");
    request.is_http = true;
    request.id = "id-1";
    request.method = "POST";
    request.path = "/users/7";
    request.client_ip = "10.0.0.1";
    request.path_parameters = {{"id", "7"}};
    request.query = {{"q", "query"}, {"empty", ""}};
    request.headers = {{"x-api-key", "k"}, {"Content-TYPE", "application/json"}};
    return request;
}

TEST(Json, IsCompact) {
    EXPECT_EQ(value_of("json({b: [1, nil], a: 'x'})"), R"("{\"b\":[1,null],\"a\":\"x\"}")");
    EXPECT_EQ(value_of("json('a')"), R"("\"a\"")");
}

TEST(Debug, IsIndented) { EXPECT_EQ(value_of("debug({a: [1]})"), R"("{\n  \"a\": [\n    1\n  ]\n}")"); }

TEST(Safe, GivesNullWhereThePathEnds) {
    EXPECT_EQ(
        value_of("[safe(input, 'user.name'), safe(input, 'user.none.deep'), safe(input, 'n.deep'), safe(nil, 'a'), "
                 "safe(input, '').n]",
                 full_request()),
        R"(["Ada",null,null,null,5])");
}

TEST(Default, ReplacesNullAndTheEmptyTextOnly) {
    EXPECT_EQ(value_of("[default(get('none'), 'd'), default(get('empty'), 'd'), default(0, 'd'), default(false, 'd'), "
                       "default([], 'd'), get('empty') ?? 'd', get('none') ?? 'd']",
                       full_request()),
              R"(["d","d",0,false,[],"","d"])");
}

TEST(Get, TakesEachSource) {
    const Request request = full_request();
    EXPECT_EQ(
        value_of("[get('q', 'param'), get('id', 'param'), get('n', 'param'), get('q', 'query'), get('id', 'path'), "
                 "get('X-API-KEY', 'header'), get('q', 'body'), get('user.name', 'data'), get('method', 'info'), "
                 "get('none', 'memory'), get('none', 'session'), get('none', 'app'), "
                 "get('none', 'file'), get('none', 'filepath'), get('none', 'filetype'), get('none', 'itemvalues'), "
                 "get('none', 'error'), get('none', 'loop')]",
                 request),
        R"(["query","7",5,"query","7","k","body","Ada","POST",null,null,null,null,null,null,null,null,null])");
    EXPECT_EQ(
        value_of("[get('none', 'query', 3), get('none', 'memory', [1]), get('none', 'env', nil), get('none', {a: 1}), "
                 "get('none', false), get('q', 'query', 'd')]",
                 request),
        R"([3,[1],null,{"a":1},false,"query"])");
    EXPECT_EQ(
        value_of("get('q', 'qurey', 1)", request),
        "INTERNAL_ERROR 500 INVALID_ARGUMENT r: expression at workflow.yaml:7:19: get() knows no source 'qurey'. "
        "Available options: [item, memory, session, output, path, query, body, header, file, info, loop, app, param, "
        "data, filepath, filetype, env, itemvalues, error]");
}

TEST(Get, ReadsPartsOfValuesToo) {
    EXPECT_EQ(value_of("[get({a: 1}, 'a'), get({a: 1}, 'b'), get([1, 2], -1), get([1], 5), [3] | get(0)]"),
              "[1,null,2,null,3]");
}

TEST(Set, IsTrueAndKeepsTypes) {
    EXPECT_EQ(
        run("actionId: r\nbefore: [\"set('l', [1, 1.5, nil])\"]\necho: {value: \"{{ [set('k', 1), get('k'), get('l'), "
            "get('l', 'memory')] }}\"}"),
        "[true,1,[1,1.5,null],[1,1.5,null]]");
}

TEST(Input, IsTheBodyAndAFunction) {
    const Request request = full_request();
    EXPECT_EQ(value_of("[input.user.name, input.none, input('q'), input('id'), input('q', 'body'), input('X-Api-Key', "
                       "'header'), input('q', 'param'), input('none')]",
                       request),
              R"(["Ada",null,"query","7","body","k","query",null])");
    EXPECT_EQ(value_of("input"), "{}");
}

TEST(Request, IsAnObject) {
    const Request request = full_request();
    EXPECT_EQ(value_of("[request.method, request.path, request.IP, request.ID, request.query.q, request.body.n, "
                       "request.params.id]",
                       request),
              R"(["POST","/users/7","10.0.0.1","id-1","query",5,"7"])");
    EXPECT_EQ(value_of("[request.header('x-API-key'), request.params('q'), request.data().n, request.filecount(), "
                       "request.files(), request.filetypes(), request.file('f'), request.filepath('f'), "
                       "request.filetype('f'), request.filesByType('image/*')]",
                       request),
              R"(["k","query",5,0,[],[],null,null,null,[]])");
}

// As the maps of text that they are in the documents: one spelling of header names, and "" for what is not there.
TEST(Request, HasTextsWhereNothingIs) {
    EXPECT_EQ(value_of("[request.headers['X-Api-Key'], request.headers['Content-Type'], request.headers['X-None'], "
                       "request.query.none, 'none' in request.query, len(request.query)]",
                       full_request()),
              R"(["k","application/json","","",false,2])");
}

TEST(Output, IsWhatAResourceGave) {
    EXPECT_EQ(value_after("{x: [1, 2]}", "[output('a').x[1], outputs.a.x[0], get('a').x, get('a', 'output').x]"),
              "[2,1,[1,2],[1,2]]");
}

TEST(Http, AccessorsReadTheResponse) {
    const std::string response = "{statusCode: 200, headers: {Content-Type: text/x}, body: raw, data: {k: 1}}";
    EXPECT_EQ(value_after(response,
                          "[http.responseBody('a').k, http.responseHeader('a', 'content-type'), "
                          "http.responseHeader('a', 'X-None')]"),
              R"([1,"text/x",null])");
    EXPECT_EQ(value_after("{body: raw}", "http.responseBody('a')"), "\"raw\"");
}

TEST(Exec, AccessorsReadTheResult) {
    EXPECT_EQ(value_after("{stdout: out, stderr: err, exitCode: 3}",
                          "[exec.stdout('a'), exec.stderr('a'), exec.exitCode('a')]"),
              R"(["out","err",3])");
    EXPECT_EQ(value_after("5", "[python.stdout('a'), python.stderr('a'), python.exitCode('a')]"), R"(["","",0])");
}

TEST(Item, HasTheKeysOfAMap) {
    EXPECT_EQ(
        run("actionId: r\nitems: [{name: Ada, index: 9}, {name: Bob}]\necho: {value: \"{{ [item.name, item.index, "
            "item.index(), get('item').name] }}\"}"),
        R"([["Ada",9,0,"Ada"],["Bob",null,1,"Bob"]])");
    EXPECT_EQ(value_of("[item.current(), item.prev(), item.next(), item.index(), item.count(), item.values(), item]"),
              "[null,null,null,0,0,[],null]");
}

TEST(Item, HasAllItsNames) {
    EXPECT_EQ(
        run("actionId: r\nitems: [a, b]\necho: {value: \"{{ [get('current'), get('i'), get('total'), get('length'), "
            "get('previous'), get('next', 'item'), get('items'), get('all'), get('list'), info('index'), "
            "info('current')] }}\"}"),
        R"([["a",0,2,2,null,"b",["a","b"],["a","b"],["a","b"],0,"a"],["b",1,2,2,"a",null,["a","b"],["a","b"],["a","b"],1,"b"]])");
}

TEST(Info, HasTheSpellingsOfTheDocuments) {
    const Request request = full_request();
    EXPECT_EQ(value_of("[info('request_id'), info('ID'), info('request.ID'), info('IP'), info('request.IP'), "
                       "info('request.method'), info('request.path'), info('workflow.name'), info('workflow.version'), "
                       "info('workflow.description'), info('filenames'), info('index')]",
                       request),
              R"(["id-1","id-1","id-1","10.0.0.1","10.0.0.1","POST","/users/7","test","1.2.3","A test",[],null])");
    EXPECT_EQ(value_of("[len(info('now')), len(info('timestamp')), len(info('current_time'))]"), "[24,24,24]");
}

TEST(File, TakesTypesForSelectors) {
    const Loaded loaded(
        "actionId: r\necho: {value: \"{{ [file('d/*', 'mime:text/*'), file('d/*', 'mime:text/csv', 'count'), "
        "file('d/*', 'mime:image/png', 'first'), file('d')] }}\"}");
    loaded.folder.write("d/a.txt", "one");
    loaded.folder.write("d/b.CSV", "two");
    loaded.folder.write("d/c.json", "{}");
    EXPECT_EQ(loaded.text(), R"([["one","two"],1,null,["d/a.txt","d/b.CSV","d/c.json"]])");
}

// What the system says of a path is for the log: it names folders of the machine.
TEST(File, TellsNoPathOfTheMachine) {
    Request request;
    request.query = {{"q", std::string(300, 'a')}};
    const Loaded loaded("actionId: r\necho: {value: \"{{ file(get('q')) }}\"}");
    const std::string text = loaded.text(request);
    EXPECT_EQ(text.substr(0, 14), "INTERNAL_ERROR") << text;
    EXPECT_EQ(text.find(loaded.folder.path().string()), std::string::npos) << text;
    EXPECT_EQ(text.find("filesystem error"), std::string::npos) << text;
}

}  // namespace
}  // namespace kdeps::engine
