// SPDX-License-Identifier: Apache-2.0
// Manifests: what is in one, what is wrong in one, which of several counts.
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/plugin/plugin_fixture.hpp"

namespace kdeps::plugin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kGood =
    R"({"id": "com.example.greeting", "version": "1.2.3", "abi": "1.0", "summary": "Says hello", "package": "greeting", "sha256": "ab",
    "library": "libgreeting.so", "provides": [{"interface": "kdeps.executor/1", "names": ["greeting", "hello"]}]})";

TEST(Manifest, TellsWhatThePluginProvides) {
    const testing::TemporaryFolder folder;
    const auto file = folder.write("greeting.plugin.json", kGood);
    const Manifest manifest = read_manifest(file);
    EXPECT_EQ(manifest.id, "com.example.greeting");
    EXPECT_EQ(manifest.version, "1.2.3");
    EXPECT_EQ(manifest.abi, "1.0");
    EXPECT_EQ(manifest.summary, "Says hello");
    EXPECT_EQ(manifest.package, "greeting");
    EXPECT_EQ(manifest.library, folder.path() / "libgreeting.so");
    EXPECT_EQ(manifest.file, file);
    EXPECT_TRUE(manifest.offers("kdeps.executor/1", "hello"));
    EXPECT_FALSE(manifest.offers("kdeps.executor/1", "hell"));
    EXPECT_FALSE(manifest.offers("kdeps.driver/1", "hello"));
}

std::string fault(std::string_view text) {
    const testing::TemporaryFolder folder;
    const auto file = folder.write("x.plugin.json", text);
    const std::string message = message_of([&] { read_manifest(file); });
    const std::string prefix = "BAD_DATA: plugin manifest '" + file.string() + "': ";
    EXPECT_TRUE(message.starts_with(prefix)) << message;
    return message.substr(std::min(prefix.size(), message.size()));
}

TEST(Manifest, NamesItsFault) {
    EXPECT_THAT(fault("{"), ::testing::StartsWith("is not a valid manifest: "));
    EXPECT_THAT(fault(R"({"version": "1", "abi": "1.0"})"), ::testing::EndsWith("key 'id' not found"));
    EXPECT_THAT(fault(R"({"id": 5})"), ::testing::EndsWith("type must be string, but is number"));
    EXPECT_EQ(fault(R"({"id": "a", "version": "1", "abi": "1.0", "provides": [], "library": "../libx.so"})"),
              "'library' must be a file name without a folder, not '../libx.so'");
    EXPECT_EQ(fault(std::string((1U << 20) + 1, ' ')), "is larger than 1 MiB");
}

TEST(Manifest, OfAFileThatIsNotThereCannotBeRead) {
    EXPECT_EQ(message_of([] { read_manifest("/nowhere/x.plugin.json"); }),
              "BAD_DATA: plugin manifest '/nowhere/x.plugin.json': cannot be read: No such file or directory");
}

TEST(Manifests, OfOneIdTheFirstFolderWins) {
    const testing::TemporaryFolder first;
    const testing::TemporaryFolder second;
    first.write("greeting.plugin.json", kGood);
    second.write("greeting.plugin.json", kGood);
    second.write("broken.plugin.json", "{");
    second.write("notes.json", "{");
    const SearchResult found = find_manifests({first.path(), "/nowhere", second.path()});
    ASSERT_EQ(found.manifests.size(), 1U);
    EXPECT_EQ(found.manifests[0].file.parent_path(), first.path());
    ASSERT_EQ(found.faults.size(), 1U);
    EXPECT_THAT(found.faults[0], ::testing::HasSubstr("broken.plugin.json"));
}

TEST(Manifests, AreLookedForInTheFoldersInOrder) {
    setenv("KDEPS_PLUGIN_PATH", "/one:/two::", 1);
    setenv("XDG_DATA_HOME", "/data", 1);
    std::vector<std::string> folders;
    for (const auto& folder : search_folders({"/given"})) folders.push_back(folder.string());
    unsetenv("KDEPS_PLUGIN_PATH");
    unsetenv("XDG_DATA_HOME");
    ASSERT_EQ(folders.size(), 5U);
    EXPECT_THAT(folders.back(), ::testing::EndsWith("/lib/kdeps/plugins"));
    folders.pop_back();
    EXPECT_THAT(folders, ElementsAre("/given", "/one", "/two", "/data/kdeps/plugins"));
}

TEST(Registry, ListsKeysWithoutOpeningALibrary) {
    const testing::TemporaryFolder folder;
    folder.write("greeting.plugin.json", kGood);  // its library does not exist
    const Registry registry({folder.path()});
    EXPECT_THAT(registry.run_keys(), ElementsAre("greeting", "hello"));
    EXPECT_THAT(registry.settings_keys(), IsEmpty());
    EXPECT_EQ(registry.plugins().at(0)->state(), Plugin::State::found);
    EXPECT_FALSE(registry.executor("other").has_value());
}

TEST(Registry, GivesTheErrorOfABrokenPluginEachTimeAndOnlyToWhoAsks) {
    const testing::TemporaryFolder folder;
    folder.write("greeting.plugin.json", kGood);
    const Registry registry({folder.path()});
    const std::string expected = "UNAVAILABLE: plugin library '" + (folder.path() / "libgreeting.so").string() +
                                 "' cannot be opened: the file does not exist";
    EXPECT_EQ(message_of([&] { registry.executor("greeting"); }), expected);
    EXPECT_EQ(message_of([&] { registry.executor("greeting"); }), expected);
    EXPECT_EQ(registry.plugins().at(0)->state(), Plugin::State::failed);
}

}  // namespace
}  // namespace kdeps::plugin
