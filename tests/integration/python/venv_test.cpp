// SPDX-License-Identifier: Apache-2.0
// Environments with packages of their own: made once, told apart by content, clear when they cannot be made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/integration/python/python_workflow.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/process.hpp"

namespace kdeps::testing {
namespace {

using ::testing::HasSubstr;

// One environment with the packages of PyPI for all tests.
class Packages : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        setenv("KDEPS_VENV_PATH", venvs().path().c_str(), 1);
        const Result index =
            run({"/usr/bin/python3", "-c", "import socket; socket.create_connection(('pypi.org', 443), 5)"});
        const Result pip = index.exit_code == 0
                               ? index
                               : run({"/usr/bin/python3", "-m", "pip", "download", "--no-deps", "--retries", "0", "-d",
                                      venvs().path().string(), "polars==1.31.0"},
                                     {}, std::chrono::minutes(3));
        is_reachable_ = pip.exit_code == 0;
    }
    void SetUp() override {
        if (!is_reachable_) GTEST_SKIP() << "PyPI is not reached";
    }
    static PythonOptions options() {
        return {.settings =
                    "agentSettings:\n  pythonPackages: [\"pyarrow==17.0.0\", \"polars==1.31.0\", "
                    "\"numpy<2\"]\nsqlConnections: {db: {connection: \"sqlite://:memory:\"}}",
                .resources =
                    "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: rows, name: rows}\nrun:\n  "
                    "sql:\n    connectionName: db\n"
                    "    query: \"WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 20000) "
                    "SELECT id, id * 0.5 AS price, 'name ' || id AS name FROM n\"\n",
                .fields = "timeout: 300s",
                .requires_ids = "rows"};
    }
    static std::string answer(std::string_view script) {
        PythonWorkflow workflow(script, options());
        const std::string faults = workflow.faults();
        return faults.empty() ? workflow.answer() : faults;
    }

private:
    static TemporaryFolder& venvs() {
        static TemporaryFolder folder;
        return folder;
    }
    static inline bool is_reachable_ = false;
};

TEST_F(Packages, PyarrowReadsTheSharedMemoryItself) {
    EXPECT_EQ(
        answer("import pyarrow as pa, pyarrow.compute as pc\n"
               "t = get('rows')\n"
               "a, b = pa.table(t), pa.table(t)\n"
               "def addresses(table, i): return [c.buffers()[-1].address for c in table.column(i).chunks]\n"
               "maps = [[int(x, 16) for x in line.split()[0].split('-')] for line in open('/proc/self/maps') if "
               "'kdeps-table' in line]\n"
               "inside = all(any(low <= x < high for low, high in maps) for i in range(3) for x in addresses(a, i))\n"
               "return [inside, addresses(a, 0) == addresses(b, 0), a.num_rows, pc.sum(a['price']).as_py()]"),
        "[true,true,20000,100005000]");
}

TEST_F(Packages, PolarsReadsAndGivesBack) {
    EXPECT_EQ(
        answer("import polars as pl, datetime, decimal\n"
               "f = pl.DataFrame(get('rows'))\n"
               "g = f.filter(pl.col('id') <= 2).with_columns(day=pl.lit(datetime.date(2024, 1, 2)), "
               "kind=pl.col('name').cast(pl.Categorical), tags=pl.concat_list('id', 'id'),\n"
               "                                              at=pl.lit(datetime.datetime(2024, 1, 2, 3)))\n"
               "return {'sum': f['price'].sum(), 'frame': g}"),
        R"({"sum":100005000,"frame":[{"id":1,"price":0.5,"name":"name 1","day":"2024-01-02","kind":"name 1","tags":[1,1],"at":"2024-01-02T03:00:00"},)"
        R"({"id":2,"price":1,"name":"name 2","day":"2024-01-02","kind":"name 2","tags":[2,2],"at":"2024-01-02T03:00:00"}]})");
}

TEST_F(Packages, PolarsReadsTheSharedMemoryItself) {
    EXPECT_EQ(
        answer("import polars as pl\n"
               "t = get('rows')[3000:4000]\n"
               "addresses = [pl.DataFrame(t)[name].to_arrow().buffers()[1].address for name in ('id', 'price') for "
               "i in range(2)]\n"
               "maps = [[int(x, 16) for x in line.split()[0].split('-')] for line in open('/proc/self/maps') if "
               "'kdeps-table' in line]\n"
               "return [all(any(low <= x < high for low, high in maps) for x in addresses), addresses[0] == "
               "addresses[1], addresses[2] == addresses[3]]"),
        "[true,true,true]");
}

TEST_F(Packages, ARequirementsFileIsHeeded) {
    PythonOptions options{.settings = "agentSettings: {requirementsFile: more/needs.txt}",
                          .files = {{"more/needs.txt", "# small\niniconfig==2.0.0\n"}}};
    options.fields = "timeout: 300s";
    const char* script = "import sys, iniconfig, importlib.metadata as m\nreturn [m.version('iniconfig'), sys.prefix]";
    std::string first;
    {
        PythonWorkflow workflow(script, options);
        first = workflow.answer();
        EXPECT_THAT(first, ::testing::StartsWith("[\"2.0.0\","));
    }
    // Another content is another environment.
    options.files["more/needs.txt"] += "# and a remark\n";
    PythonWorkflow workflow(script, options);
    EXPECT_NE(workflow.answer(), first);
}

// The real uv, from PyPI.
TEST_F(Packages, UvIsUsedIfPresent) {
    const TemporaryFolder tools;
    const Result installed =
        run({"/usr/bin/python3", "-m", "pip", "install", "--target", tools.path().string(), "uv==0.4.30"}, {},
            std::chrono::minutes(3));
    if (installed.exit_code != 0) GTEST_SKIP() << "uv is not reached: " << installed.err;
    const std::string path = std::getenv("PATH");
    setenv("PATH", (tools.path() / "bin").string().append(":").append(path).c_str(), 1);
    PythonWorkflow workflow(
        "import sys, iniconfig\nreturn [line.split(' = ')[0] for line in open(sys.prefix + '/pyvenv.cfg') if "
        "line.startswith('uv ')]",
        {.settings = "agentSettings: {pythonPackages: [\"iniconfig==2.0.0\"]}",
         .fields = "timeout: 300s\nvenvName: uv"});
    EXPECT_EQ(workflow.answer(), R"(["uv"])");
    setenv("PATH", path.c_str(), 1);
}

TEST_F(Packages, PyarrowGivesBack) {
    EXPECT_EQ(
        answer("import pyarrow as pa, decimal\n"
               "return pa.table({'d': pa.array([decimal.Decimal('1.10'), None]), 's': pa.array([{'a': 1}, {'a': "
               "None}]), 'n': pa.array([1, 2], pa.uint8()),\n"
               "                 't': pa.array([0, 1], pa.timestamp('ms', 'Europe/Berlin')), 'k': pa.array(['x', "
               "'x']).dictionary_encode()})"),
        R"([{"d":1.10,"s":{"a":1},"n":1,"t":"1970-01-01T00:00:00Z","k":"x"},{"d":null,"s":{"a":null},"n":2,"t":"1970-01-01T00:00:00.001Z","k":"x"}])");
}

TEST_F(Packages, AnEnvironmentIsMadeOnce) {
    PythonWorkflow workflow(
        "import sys, os\nreturn [sys.prefix == os.environ['VIRTUAL_ENV'], sys.executable.startswith(sys.prefix)]",
        options());
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(workflow.answer(), "[true,true]");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5) * kPatience);
}

TEST(Environment, OfflineItSaysSo) {
    const TemporaryFolder venvs;
    setenv("KDEPS_VENV_PATH", venvs.path().c_str(), 1);
    setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple", 1);
    setenv("PIP_RETRIES", "0", 1);
    PythonWorkflow workflow("return 1", {.settings = "agentSettings: {pythonPackages: [kdeps-no-such-package]}"});
    EXPECT_THAT(workflow.answer(), HasSubstr("UNAVAILABLE: installing python packages failed: the package index cannot "
                                             "be reached; connect to the network, or set PIP_INDEX_URL"));
    unsetenv("PIP_INDEX_URL");
    unsetenv("PIP_RETRIES");
}

// What another user can change there runs as this one: a .pth file is enough.
TEST(Environment, AreOnlyInFoldersThatNobodyElseCanChange) {
    const auto answer_in = [](const std::filesystem::path& folder) {
        setenv("KDEPS_VENV_PATH", folder.c_str(), 1);
        return PythonWorkflow("return 1", {.fields = "venvName: own"}).answer();
    };
    const TemporaryFolder venvs;
    const std::filesystem::path open_to_all = venvs.path() / "open";
    std::filesystem::create_directory(open_to_all);
    std::filesystem::permissions(open_to_all, std::filesystem::perms::all);
    EXPECT_THAT(answer_in(open_to_all), HasSubstr("FORBIDDEN: python environments are not kept in '"));
    EXPECT_THAT(answer_in(open_to_all / "below" / "venvs"), HasSubstr("other users can change it"));
    if (geteuid() == 0) {
        const std::filesystem::path strange = venvs.path() / "strange";
        std::filesystem::create_directory(strange);
        ASSERT_EQ(chown(strange.c_str(), 65534, 65534), 0);
        EXPECT_THAT(answer_in(strange), HasSubstr("it belongs to the user with id 65534"));
        EXPECT_THAT(answer_in(strange / "venvs"), HasSubstr("it belongs to the user with id 65534"));
    }
}

TEST(Environment, ANameAloneMakesAnEmptyOne) {
    const TemporaryFolder venvs;
    setenv("KDEPS_VENV_PATH", venvs.path().c_str(), 1);
    PythonWorkflow workflow(
        "import sys\ntry:\n    import numpy\n    found = True\nexcept ImportError:\n    found = False\nreturn [found, "
        "sys.prefix != sys.base_prefix]",
        {.fields = "venvName: own"});
    EXPECT_EQ(workflow.answer(), "[false,true]");
}

// Each name has workers of its own; without one a script sees the system's packages.
TEST(Environment, ResourcesWithOtherNamesRunInOthers) {
    const TemporaryFolder venvs;
    setenv("KDEPS_VENV_PATH", venvs.path().c_str(), 1);
    PythonOptions options{.resources =
                              "---\napiVersion: kdeps.io/v1\nkind: Resource\nmetadata: {actionId: other, name: "
                              "other}\nrun:\n  python:\n    venvName: first\n    timeout: 120s\n    script: |\n"
                              "      import sys\n      return sys.prefix != sys.base_prefix\n",
                          .requires_ids = "other"};
    PythonWorkflow workflow("import sys\nreturn [get('other'), sys.prefix != sys.base_prefix]", options);
    EXPECT_EQ(workflow.answer(), "[true,false]");
}

TEST(Environment, AMissingRequirementsFileIsAFault) {
    PythonWorkflow workflow("return 1", {.settings = "agentSettings: {requirementsFile: none.txt}"});
    EXPECT_THAT(workflow.faults(), HasSubstr("settings.agentSettings.requirementsFile: 'none.txt' cannot be read; "
                                             "paths start at the folder of the workflow"));
}

}  // namespace
}  // namespace kdeps::testing
