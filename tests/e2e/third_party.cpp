// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/third_party.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace kdeps::testing {

namespace fs = std::filesystem;

namespace {

Result must(const Arguments& argv) {
    Result result = run(argv);
    EXPECT_EQ(result.exit_code, 0) << argv[0] << ": " << result.err;
    return result;
}

}  // namespace

ThirdParty::ThirdParty() {
    fs::create_directories(plugin());
    for (const char* file : {"libkdeps-test-echo.so", "test-echo.plugin.json"})
        fs::copy(fs::path(KDEPS_TEST_PLUGINS) / file, plugin() / file);
    const Result made = kdeps_here({"plugins", "keygen", (root() / "my").string()});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    key_id_ = made.out.substr(4, 16);
}

ProcessOptions ThirdParty::options() const {
    ProcessOptions out;
    out.env = {{"XDG_DATA_HOME", (root() / "data").string()},
               {"XDG_CONFIG_HOME", (root() / "config").string()},
               {"KDEPS_PLUGIN_INDEX", ""}};
    return out;
}

Result ThirdParty::kdeps_here(const Arguments& arguments, const std::map<std::string, std::string>& more) const {
    ProcessOptions given = options();
    for (const auto& [name, value] : more) given.env[name] = value;
    return kdeps(arguments, given);
}

Result ThirdParty::install(const std::string& what, const Arguments& more) const {
    Arguments arguments = {"plugins", "install", what};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return kdeps_here(arguments);
}

void ThirdParty::sign() const {
    const Result result = kdeps_here({"plugins", "sign", library().string(), "--key", (root() / "my.key").string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
}

void ThirdParty::trust() const {
    fs::create_directories(keys());
    fs::copy(root() / "my.pub", keys() / "my.pub");
}

fs::path ThirdParty::pack(const std::string& name) const {
    must({"tar", "-czf", (root() / name).string(), "-C", plugin().string(), "."});
    return root() / name;
}

void ThirdParty::change(const fs::path& file, const std::string& from, const std::string& to) {
    std::ifstream in(file, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(in), {});
    const std::size_t place = text.find(from);
    ASSERT_NE(place, std::string::npos) << file << " has no " << from;
    text.replace(place, from.size(), to);
    std::ofstream(file, std::ios::binary) << text;
}

std::vector<std::string> ThirdParty::entries() const {
    std::vector<std::string> out;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(installed(), none)) {
        if (entry.path().filename() != ".lock") out.push_back(entry.path().filename());
    }
    std::sort(out.begin(), out.end());
    return out;
}

fs::path ThirdParty::workflow() const {
    return folder_
        .write("workflow/workflow.yaml", R"(apiVersion: kdeps.io/v1
kind: Workflow
metadata: {name: echoes, version: "1.0.0", targetActionId: answer}
settings: {agentSettings: {timezone: UTC}}
---
kind: Resource
apiVersion: kdeps.io/v1
metadata: {actionId: answer, name: Answer}
run:
  echo: {value: "hello"}
)")
        .parent_path();
}

std::string sha256sum(const fs::path& file) { return must({"sha256sum", file.string()}).out.substr(0, 64); }

}  // namespace kdeps::testing
