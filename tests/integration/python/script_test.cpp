// SPDX-License-Identifier: Apache-2.0
// What a script may say and what comes of it (rules §6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>

#include "tests/integration/python/python_workflow.hpp"
#include "tests/support/descriptor.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;

std::string answer(std::string_view script, const PythonOptions& options = {}, const engine::Pairs& query = {}) {
    PythonWorkflow workflow(script, options);
    const std::string faults = workflow.faults();
    return faults.empty() ? workflow.answer(query) : faults;
}

// A second resource that shows what the first has left.
PythonOptions shown_by(const std::string& response) {
    return {.resources =
                "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: other, name: other}\nrun:\n" +
                response};
}

TEST(Script, ReturnsAtTopLevel) {
    EXPECT_EQ(answer("x = 20\nif x > 10:\n    return {'x': x + 1}\nreturn None"), R"({"x":21})");
}

TEST(Script, NamesOfAScriptWithReturnAreThoseOfAModule) {
    EXPECT_EQ(answer("from math import *\n"
                     "count: int = 0\n"
                     "def add():\n"
                     "    global count\n"
                     "    count += 1\n"
                     "    return [count * k for k in range(2)]\n"
                     "class Point:\n"
                     "    size = floor(2.5)\n"
                     "add()\n"
                     "return [count, add(), Point.size, 'add' in globals()]"),
              R"([1,[0,2],2,true])");
    EXPECT_EQ(answer("import collections\nn = 0\nfor n in range(3): pass\nwith open('/dev/null') as f: pass\ntry:\n    "
                     "1/0\nexcept ZeroDivisionError as e:\n    m = str(e)\nreturn [n, f.closed, m]"),
              R"([2,true,"division by zero"])");
}

TEST(Script, AReturnInsideOfTryIsNoException) { EXPECT_EQ(answer("try:\n    return 1\nexcept:\n    return 2\n"), "1"); }

TEST(Script, WithoutReturnStdoutIsTheResult) {
    EXPECT_EQ(answer("import json\nprint(json.dumps({'a': [1, 2.5, None], 'big': 12345678901234567890123}))"),
              R"({"a":[1,2.5,null],"big":12345678901234567890123})");
    EXPECT_EQ(answer("print('hi')"), R"("hi\n")");
    EXPECT_EQ(answer("print('{\"a\": 1} and more')"), R"("{\"a\": 1} and more\n")");
    EXPECT_EQ(answer("if False:\n    return 1\nprint(7)"), "7");
    EXPECT_EQ(answer("import os\nos.system('echo 3')\nprint(4)"), R"("3\n4\n")");
}

TEST(Script, ParametersAndInfo) {
    EXPECT_EQ(answer("return [params, get('a'), get('a', 'query'), get('none', 5), get('a', 'memory', 6), "
                     "info('name'), params.get('b', 9)]",
                     {}, {{"a", "x"}}),
              R"([{"a":"x"},"x","x",5,6,"t",9])");
}

TEST(Script, SetStoresAndIsStillPythonsSet) {
    EXPECT_EQ(answer("set('k', {'n': 1})\nreturn [get('k'), sorted(set([2, 1, 2])), isinstance({1}, set), len(set()), "
                     "set.union({1}, {2}) == {1, 2}]"),
              R"([{"n":1},[1,2],true,0,true])");
    EXPECT_THAT(answer("set('k', 1, 'nowhere')"),
                HasSubstr("INTERNAL: Error: set() knows no storage 'nowhere'. Available options: [memory, session, "
                          "item, app] (workflow.yaml:"));
}

TEST(Script, ArgumentsAndEnvironment) {
    EXPECT_EQ(answer("import sys, os\nreturn [sys.argv[1:], os.environ['A'], os.environ['B']]",
                     {.settings = "agentSettings:\n  env: {A: agent, B: agent}",
                      .fields = "args: [one, \"{{ 1 + 1 }}\"]\nenv: {B: \"{{ 'own' }}\"}"}),
              R"([["one","2"],"agent","own"])");
}

TEST(Script, ExpressionsAreNamesOutsideOfStringsAndTextInside) {
    EXPECT_EQ(
        answer("rows = {{ [1, 2, nil] }}\n"
               "name = \"{{ get('q') }}\"\n"
               "raw = r'{{ get('q') }}\\n'\n"
               "long = '''<{{ get('q') }}>'''  # {{ get('q') }}\n"
               "f = f'{len(rows)} {{ 1000000.0 }} {name!r:>4}'\n"
               "return [rows, name, raw, long, f, b'{{ true }}', '{{ nil }}', '{{ [1, \"a\"] }}']",
               {}, {{"q", "\"'\\ \n\") + evil("}}),
        R"([[1,2,null],"\"'\\ \n\") + evil(","\"'\\ \n\") + evil(\\n","<\"'\\ \n\") + evil(>","3 1000000 '\"\\'\\\\ \\n\") + evil('","dHJ1ZQ==","","[1,\"a\"]"])");
}

TEST(Script, BracesOfPythonAreItsOwn) {
    EXPECT_EQ(answer("x = {'a': {'b': {'c': 1}}}\ny = [{'d': {}}, {1, 2}]\nreturn [x, y[0], f'{x[\"a\"]}']"),
              R"([{"a":{"b":{"c":1}}},{"d":{}},"{'b': {'c': 1}}"])");
    // Beside an expression too.
    EXPECT_EQ(answer("x = {'a': {'b': {{ 1 + 1 }}}}\nreturn {'x': x, 'f': f'{x} {{ get('q') }}'}", {}, {{"q", "{}"}}),
              R"({"x":{"a":{"b":2}},"f":"{'a': {'b': 2}} {}"})");
}

TEST(Script, AFileIsTakenAsItIs) {
    EXPECT_EQ(answer("",
                     {.fields = "scriptFile: a.py",
                      .files = {{"a.py", "x = 1\nprint(f'{{{x}}} {{ get(1) }}', '{{ get(\"q\") }}')\n"}}},
                     {{"q", "no"}}),
              R"("{1} { get(1) } {{ get(\"q\") }}\n")");
}

TEST(Script, ArgumentsOfAFile) {
    EXPECT_EQ(
        answer("",
               {.fields = "scriptFile: tools/a.py\nargs: [--id, \"{{ get('q') }}\", 7]\nenv: {DEEP: \"{{ get('q') "
                          "}}\"}",
                .files = {{"tools/a.py",
                           "import sys, os\nreturn [sys.argv[0].endswith('tools/a.py'), "
                           "sys.argv[1:], os.environ['DEEP'], __name__, "
                           "__file__.endswith('a.py')]\n"}}},
               {{"q", "a b; $c"}}),
        R"([true,["--id","a b; $c","7"],"a b; $c","__main__",true])");
}

TEST(Script, NumbersKeepTheirDigits) {
    EXPECT_EQ(
        answer("import decimal\nset('d', decimal.Decimal('1.1000'))\nset('i', 2**63 - 1)\nset('j', -2**63)\nset('k', "
               "2**64)\nreturn [get('d') == decimal.Decimal('1.1'), type(get('d')).__name__, get('i') == 2**63 - 1, "
               "get('j') == -2**63, get('k') == 2**64, get('d'), get('k'), 1e300, 0.1, -0.0]"),
        R"([true,"Decimal",true,true,true,1.1000,18446744073709551616,1e+300,0.1,-0])");
    EXPECT_THAT(answer("return 10 ** 5000"), HasSubstr("BAD_DATA: the result of the script: Exceeds the limit"));
}

TEST(Script, AnswersOfGetAreOfTheirType) {
    EXPECT_EQ(answer("set('b', b'\\x00\\xff')\nset('n', None)\nset('l', (1, {'a': [True]}))\nset('t', 'ä€😀')\n"
                     "return [get('b') == b'\\x00\\xff', get('n', 'memory', 5), get('l'), get('t'), len(get('t'))]"),
              R"([true,5,[1,{"a":[true]}],"ä€😀",3])");
}

TEST(Script, AFailureInsideOfAModuleNamesTheLineOfTheScript) {
    EXPECT_EQ(answer("", {.fields = "scriptFile: a.py",
                          .files = {{"helper.py", "def fail():\n    raise LookupError('deep')\n"},
                                    {"a.py", "import helper\n\nhelper.fail()\n"}}}),
              "INTERNAL: LookupError: deep (a.py:3)");
}

// The next call of the worker begins as if there had been none, also with what a module has kept.
TEST(Script, NothingOfAFailedCallIsSeenByAnother) {
    PythonWorkflow workflow(
        "import os, sys, helper\nseen = ['LEFT' in os.environ, os.getcwd() == '/', sys.path[0] == '/left', "
        "'KDEPS_OWN' in os.environ, sys.argv[1:]]\n"
        "if get('what', '') == 'fail':\n    helper.spoil()\n    sys.argv.append('left')\n    raise "
        "ValueError('spoilt')\n"
        "return seen",
        {.settings = "python: {workers: 1}",
         .fields = "args: [one]",
         .files = {
             {"helper.py",
              "import gc, os, sys, warnings\ndef spoil():\n    os.environ['LEFT'] = '1'\n    os.chdir('/')\n    "
              "sys.path.insert(0, '/left')\n    gc.disable()\n    sys.stdout.close()\n    "
              "sys.settrace(lambda *a: None)\n    warnings.simplefilter('error')\n    sys.excepthook = None\n"}}});
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(workflow.answer(), R"([false,false,false,false,["one"]])");
        EXPECT_THAT(workflow.answer({{"what", "fail"}}), HasSubstr("INTERNAL: ValueError: spoilt"));
    }
}

TEST(Script, ValuesOfManyTypes) {
    EXPECT_EQ(
        answer("import datetime as d, decimal, uuid, enum, dataclasses, collections, pathlib\n"
               "@dataclasses.dataclass\nclass P:\n    x: int\n    y: list\n"
               "class C(enum.Enum):\n    RED = 'r'\n"
               "z = d.timezone(d.timedelta(hours=2))\n"
               "return [d.datetime(2024, 1, 2, 3, 4, 5, 600), d.datetime(2024, 1, 2, 3, tzinfo=z), d.date(2024, 1, 2), "
               "d.time(1, 2), d.timedelta(hours=1.5),\n"
               "        decimal.Decimal('1.10'), decimal.Decimal('NaN'), b'ab', bytearray(b'ab'), (1, 2), {3}, "
               "range(2), P(1, [P(2, [])]), C.RED,\n"
               "        uuid.UUID(int=1), {1: 'a', None: 'b'}, 2**70, float('inf'), True, "
               "collections.OrderedDict(a=1), {'a': 1}.keys(), pathlib.Path('/x')]"),
        R"(["2024-01-02T03:04:05.000600","2024-01-02T01:00:00Z","2024-01-02","01:02:00","PT1H30M",1.10,null,"YWI=","YWI=",[1,2],[3],[0,1],)"
        R"({"x":1,"y":[{"x":2,"y":[]}]},"r","00000000-0000-0000-0000-000000000001",{"1":"a","null":"b"},1180591620717411303424,null,true,{"a":1},["a"],"/x"])");
}

TEST(Script, WhatCannotBeHandedOverSaysSo) {
    EXPECT_EQ(answer("return {'a': object()}"),
              "BAD_DATA: the result of the script: a value of type object cannot be handed over; make it a dict, a "
              "list, a text, a number or a table");
    EXPECT_EQ(answer("a = []\na.append(a)\nreturn a"),
              "BAD_DATA: the result of the script: the value is nested more than 500 levels deep, or contains itself");
}

TEST(Script, AnExceptionNamesTheLineOfTheWorkflow) {
    EXPECT_EQ(answer("def f(x):\n    return 1 / x\n\nf(0)"),
              "INTERNAL: ZeroDivisionError: division by zero (workflow.yaml:19, line 2 of the script)");
    EXPECT_EQ(answer("import json\n\nx = {{ \n 1 }}\njson.loads('{')"),
              "INTERNAL: json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 "
              "column 2 (char 1) (workflow.yaml:22, line 5 of the "
              "script)");
}

TEST(Script, ASyntaxErrorIsFoundAtLoad) {
    PythonWorkflow workflow("x = 1\ny = = 2\n");
    EXPECT_EQ(workflow.faults(),
              "workflow.yaml:19:11: error: run.python.script: SyntaxError: invalid syntax\n  19 |       y = = 2\n     "
              "|           ^\n1 error\n");
}

TEST(Script, ComesFromAFile) {
    EXPECT_EQ(answer("", {.fields = "scriptFile: scripts/a.py",
                          .files = {{"scripts/a.py", "import helper\nreturn helper.two()\n"},
                                    {"helper.py", "def two(): return 2\n"}}}),
              "2");
    EXPECT_EQ(answer("", {.fields = "scriptFile: a.py", .files = {{"a.py", "\nraise ValueError('no')\n"}}}),
              "INTERNAL: ValueError: no (a.py:2)");
    EXPECT_THAT(
        answer("", {.fields = "scriptFile: none.py"}),
        HasSubstr("run.python.scriptFile: 'none.py' cannot be read; paths start at the folder of the workflow"));
}

TEST(Script, ExitCodes) {
    EXPECT_EQ(answer("import sys\nprint('[1]')\nsys.exit()"), "[1]");
    EXPECT_EQ(answer("import sys\nsys.exit(3)"), "INTERNAL: the script ended with exit code 3");
    EXPECT_EQ(answer("import sys\nsys.exit('no luck')"), "INTERNAL: the script ended with exit code 1: no luck");
}

TEST(Script, OutputIsKeptAlsoOnFailure) {
    PythonOptions options = shown_by(
        "  python:\n    script: |\n      import sys\n      print('out')\n      print('err', file=sys.stderr)\n      "
        "sys.exit(4)\n"
        "  onError: {action: continue, fallback: none}\n");
    options.requires_ids = "other";
    EXPECT_EQ(
        answer(
            "return ['{{ python.stdout('other') }}', '{{ python.stderr('other') }}', {{ python.exitCode('other') }}]",
            options),
        R"(["out\n","err\n",4])");
}

TEST(Script, NothingOfACallIsSeenByAnother) {
    PythonWorkflow workflow(
        "import os, sys, json, builtins, string, decimal, random, warnings\n"
        "seen = ['x' in globals(), 'LEFT' in os.environ, hasattr(json, 'left'), hasattr(builtins, 'left'), "
        "string.digits, json.dumps(1),\n"
        "        os.getcwd() == '/', sys.path[0] == '/left', decimal.getcontext().prec, sys.getrecursionlimit(), "
        "random.random() == 0.5714025946899135]\n"
        "x = 1\nos.environ['LEFT'] = '1'\njson.left = 1\nbuiltins.left = 1\nstring.digits = 'none'\njson.dumps = "
        "lambda x: 'patched'\n"
        "os.chdir('/')\nsys.path.insert(0, '/left')\ndecimal.getcontext().prec = "
        "3\nsys.setrecursionlimit(500)\nsys.stdout = None\nrandom.seed(10)\n"
        "return seen",
        {.settings = "python: {workers: 1}"});
    const std::string expected = R"([false,false,false,false,"0123456789","1",false,false,28,1000,false])";
    for (int i = 0; i < 3; ++i) EXPECT_EQ(workflow.answer(), expected);
}

// What modules and the process keep past Python's own sight.
TEST(Script, NothingOfTheProcessIsSeenByAnother) {
    PythonWorkflow workflow(
        "import os, socket, csv\n"
        "seen = [socket.getdefaulttimeout(), csv.field_size_limit(), os.path.exists('/proc/self/fd/77'),\n"
        "        os.popen('echo $LEFT_BEHIND').read().strip(), os.readlink('/proc/self/fd/0')]\n"
        "socket.setdefaulttimeout(0.5)\ncsv.field_size_limit(5)\nos.putenv('LEFT_BEHIND', 'yes')\n"
        "left = os.open('/etc/hostname', os.O_RDONLY)\nos.close(0)\nos.open('/etc/hostname', os.O_RDONLY)\n"
        "return seen",
        {.settings = "python: {workers: 1}"});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(workflow.answer(), R"([null,131072,false,"","/dev/null"])");
}

// Tables that were lent and modules that keep files open are no reason to begin anew each time.
TEST(Script, KeepsItsProcess) {
    PythonWorkflow workflow(
        "import os, json, csv, socket, sqlite3, asyncio, tempfile\nos.environ['X'] = '1'\nt = get('rows')\nasync def "
        "f():\n    return 1\nasyncio.run(f())\nwith tempfile.TemporaryFile() as g:\n    g.write(b'x')\nreturn "
        "[os.getpid(), len(t), t.column('id')[0]]",
        {.settings = "sqlConnections: {db: {connection: \"sqlite://:memory:\"}}\npython: {workers: 1}",
         .resources =
             "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: rows, name: rows}\nrun:\n  sql:\n"
             "    connectionName: db\n    query: \"WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n "
             "WHERE id < 20000) SELECT id, id * 0.5 AS price FROM n\"\n",
         .requires_ids = "rows"});
    workflow.answer();
    const std::string second = workflow.answer();
    EXPECT_THAT(second, HasSubstr(",20000,1]"));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(workflow.answer(), second);
}

// Not even the host's own: a script finds its streams, its socket and what it opens itself.
TEST(Script, FindsNoDescriptorOfTheHost) {
    const Descriptor of_host(open("/etc/hostname", O_RDONLY));  // without CLOEXEC, as libraries do
    PythonWorkflow workflow(
        "import os\nreturn [os.readlink('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd') "
        "if os.path.exists('/proc/self/fd/' + n) and 'hostname' in os.readlink('/proc/self/fd/' + n)]");
    EXPECT_EQ(workflow.answer(), "[]");
}

TEST(Script, TheNearestPythonIsTaken) {
    PythonWorkflow lenient("return 1", {.settings = "agentSettings: {pythonVersion: \"3.12\"}"});
    EXPECT_THAT(
        lenient.faults(),
        HasSubstr("warning: settings.agentSettings.pythonVersion: python 3.12 is not installed; scripts run with 3."));
    EXPECT_EQ(lenient.answer(), "1");
    PythonWorkflow strict("return 1",
                          {.settings = "agentSettings: {pythonVersion: \"2.7\"}\npython: {strictVersion: true}"});
    EXPECT_THAT(
        strict.faults(),
        HasSubstr("error: settings.agentSettings.pythonVersion: python 2.7 is not installed. Available options: [3."));
}

}  // namespace
}  // namespace kdeps::testing
