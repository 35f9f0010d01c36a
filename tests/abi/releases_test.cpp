// SPDX-License-Identifier: Apache-2.0
// Plugins and hosts of different releases together: a plugin built from the frozen headers in today's host, today's
// plugins in a host that ends where 1.0 ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/plugin/plugin.hpp"
#include "core/workflow/workflow.hpp"
#include "tests/abi/old_host.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

// The answer of an example's workflow, as `run --once` prints it.
std::string answer_of(plugin::Registry& plugins, const std::string& example) {
    const fs::path folder = fs::path(KDEPS_EXAMPLES) / example;
    config::Diagnostics faults;
    const auto workflow = workflow::read(folder, {}, plugins, engine::host_names(), faults);
    std::optional<engine::Engine> engine(std::in_place, *workflow, plugins, faults);
    EXPECT_FALSE(faults.has_errors()) << faults.text();
    if (faults.has_errors()) return {};
    engine::Request request;
    std::ifstream arguments(folder / "args");
    for (std::string line; std::getline(arguments, line);) {
        if (const std::size_t equals = line.find('='); equals != std::string::npos)
            request.query.emplace_back(line.substr(0, equals), line.substr(equals + 1));
    }
    const StopFlag stop;
    const engine::Outcome outcome = engine->run(request, stop);
    EXPECT_FALSE(outcome.error) << outcome.error->message;
    return value::to_json(outcome.data) + "\n";
}

std::string expected(const std::string& example) {
    return text_of(fs::path(KDEPS_EXAMPLES) / example / "expected.json");
}

TEST(Releases, APluginBuiltFrom10RunsInThisHost) {
    plugin::Registry plugins({KDEPS_FROZEN_PLUGINS, KDEPS_PLUGIN_FOLDER});
    EXPECT_EQ(answer_of(plugins, "plugin_c"), expected("plugin_c"));
}

class OldHost : public ::testing::TestWithParam<std::string> {};

TEST_P(OldHost, RunsTodaysPlugins) {
    plugin::Registry plugins({KDEPS_TODAYS_PLUGINS, KDEPS_PLUGIN_FOLDER});
    cut_to_1_0(plugins);
    EXPECT_EQ(answer_of(plugins, GetParam()), expected(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Examples, OldHost,
                         ::testing::Values("hello", "one-query", "parameters", "batch", "transaction", "on-error",
                                           "items", "plugin_c"),
                         [](const auto& given) {
                             std::string name = given.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace kdeps::testing
