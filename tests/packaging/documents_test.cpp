// SPDX-License-Identifier: Apache-2.0
// The manual pages and completions know every command, flag and key that there is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/packaging/help.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;

std::string text_of(const fs::path& file) {
    std::ifstream stream(file);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
}

// Without the escapes of roff.
std::string page(const std::string& name) {
    const std::string text = text_of(fs::path(KDEPS_PACKAGING_FOLDER) / "man" / name);
    return std::regex_replace(text, std::regex(R"(\\f[BIP]|\\)"), "");
}

// The part of kdeps(1) about a command: its section and the options before all commands.
std::string section_of(const std::string& text, const HelpPage& help) {
    const std::size_t commands = text.find("\n.SH COMMANDS");
    std::string out = text.substr(0, commands);
    const std::string heading = "\n.SS " + help.name();
    std::size_t at = text.find(heading, commands);
    while (at != std::string::npos && text[at + heading.size()] != ' ' && text[at + heading.size()] != '\n')
        at = text.find(heading, at + 1);
    if (at == std::string::npos) return help.commands.empty() ? "" : out;
    return out + text.substr(at, text.find("\n.S", at + 1) - at);
}

bool has_word(const std::string& text, const std::string& word) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        const char after = at + word.size() < text.size() ? text[at + word.size()] : ' ';
        if (std::isalnum(static_cast<unsigned char>(after)) == 0 && after != '-') return true;
    }
    return false;
}

TEST(ManualPages, KnowEveryCommandAndFlag) {
    const std::string text = page("kdeps.1");
    ASSERT_GE(help_pages().size(), 10U);
    for (const HelpPage& help : help_pages()) {
        const std::string section = section_of(text, help);
        EXPECT_NE(section, "") << "kdeps.1 has no section '.SS " << help.name() << "'";
        for (const std::string& flag : help.flags)
            EXPECT_TRUE(has_word(section, flag)) << "kdeps.1: " << flag << " of '" << help.name() << "' is missing";
    }
}

TEST(ManualPages, AreOfTheProjectsVersion) {
    std::string version = run({KDEPS_BINARY, "version"}).out;
    version.pop_back();
    for (const char* name : {"kdeps.1", "kdeps-workflow.5"}) EXPECT_THAT(page(name), HasSubstr("\"" + version + "\""));
}

// Keys that the core asks for, and those of the schemas of the plugins, as the sources write them.
TEST(ManualPages, KnowEveryKeyOfTheFormat) {
    const std::string text = page("kdeps-workflow.5");
    const std::regex asked(
        R"re((?:get|text|texts|word|words|boolean|integer|duration|require|number|length)\((?:\w+, )?"(\w+)")re");
    const std::regex property(R"re("(\w+)": \{)re");
    const std::set<std::string> not_keys = {"properties", "items", "additionalProperties", "pool"};
    std::set<std::string> keys;
    const auto collect = [&](const fs::path& file, const std::regex& pattern) {
        const std::string source = text_of(file);
        for (auto found = std::sregex_iterator(source.begin(), source.end(), pattern); found != std::sregex_iterator();
             ++found) {
            if (!not_keys.contains((*found)[1])) keys.insert((*found)[1]);
        }
    };
    const fs::path root = KDEPS_SOURCE_FOLDER;
    for (const auto& entry : fs::directory_iterator(root / "core/workflow")) {
        if (entry.path().filename().string().starts_with("read")) collect(entry.path(), asked);
    }
    for (const char* plugin : {"plugins/sql", "plugins/python", "plugins/response"}) {
        for (const auto& entry : fs::directory_iterator(root / plugin)) {
            if (entry.path().extension() == ".cpp") collect(entry.path(), property);
        }
    }
    EXPECT_THAT(keys, Contains("targetActionId"));
    EXPECT_THAT(keys, Contains("connectionName"));
    for (const std::string& key : keys)
        EXPECT_TRUE(has_word(text, key)) << "kdeps-workflow.5: " << key << " is missing";
}

TEST(ManualPages, AreCleanRoff) {
    for (const char* name : {"kdeps.1", "kdeps-workflow.5"}) {
        const std::string file = (fs::path(KDEPS_PACKAGING_FOLDER) / "man" / name).string();
        const Result groff = run({"groff", "-ww", "-man", "-Tutf8", "-z", file});
        EXPECT_EQ(groff.exit_code, 0);
        EXPECT_EQ(groff.err, "");
        ProcessOptions options;
        options.env = {{"MANWIDTH", "80"}, {"LC_ALL", "C.UTF-8"}};
        const Result man = run({"man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", file}, options);
        EXPECT_EQ(man.err, "");
    }
}

// The completion of a shell, written by the binary.
std::string completion_file(const TemporaryFolder& folder, const std::string& shell) {
    const Result result = run({KDEPS_BINARY, "completion", shell});
    EXPECT_EQ(result.exit_code, 0);
    return folder.write("kdeps." + shell, result.out).string();
}

std::set<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

TEST(Completion, BashOffersEveryCommandAndFlag) {
    const TemporaryFolder folder;
    const std::string file = completion_file(folder, "bash");
    const auto offered = [&](const std::string& line) {
        return words_of(run({"bash", "-c",
                             "source \"$0\"; COMP_WORDS=($1 \"$2\"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _kdeps; "
                             "echo \"${COMPREPLY[@]}\"",
                             file, line.substr(0, line.rfind(' ')), line.substr(line.rfind(' ') + 1)})
                            .out);
    };
    for (const HelpPage& help : help_pages()) {
        const std::set<std::string> flags = offered(help.name() + " -");
        for (const std::string& flag : help.flags) EXPECT_THAT(flags, Contains(flag)) << help.name();
        const std::set<std::string> commands = offered(help.name() + " ");
        for (const std::string& command : help.commands) EXPECT_THAT(commands, Contains(command)) << help.name();
    }
    EXPECT_EQ(offered("kdeps graph . --format d"), std::set<std::string>{"dot"});
}

TEST(Completion, FishOffersEveryCommandAndFlag) {
    const TemporaryFolder folder;
    const std::string file = completion_file(folder, "fish");
    std::string script = "source " + file + "\n";
    for (const HelpPage& help : help_pages()) {
        script += "echo '== " + help.name() + "'\ncomplete -C '" + help.name() + " -'\ncomplete -C '" + help.name() +
                  " --'\ncomplete -C '" + help.name() + " '\n";
    }
    ProcessOptions options;
    options.env = {{"HOME", folder.path().string()}};
    options.folder = folder.path();
    const std::string out = run({"fish", "--no-config", "-c", script}, options).out;
    for (const HelpPage& help : help_pages()) {
        const std::size_t at = out.find("== " + help.name() + "\n");
        ASSERT_NE(at, std::string::npos);
        std::set<std::string> offered;
        std::istringstream lines(out.substr(at, out.find("== ", at + 1) - at));
        for (std::string line; std::getline(lines, line);) offered.insert(line.substr(0, line.find('\t')));
        for (const std::string& flag : help.flags) EXPECT_THAT(offered, Contains(flag)) << help.name();
        for (const std::string& command : help.commands) EXPECT_THAT(offered, Contains(command)) << help.name();
    }
}

// zsh completes in a terminal only: _arguments is replaced by one that shows what it was given.
TEST(Completion, ZshOffersEveryCommandAndFlag) {
    const TemporaryFolder folder;
    const std::string file = completion_file(folder, "zsh");
    std::string script =
        "compdef() { : }; _describe() { print -rl -- ${(P)2} }; _arguments() { print -rl -- \"$@\"; state=command "
        "}\nsource " +
        file + "\n";
    for (const HelpPage& help : help_pages()) {
        std::string function = "_kdeps";
        for (const std::string& word : help.command) function += "_" + word;
        script += "print '== " + help.name() + "'; " + function + "\n";
    }
    const Result result = run({"zsh", "-f", "-c", script});
    EXPECT_EQ(result.err, "");
    for (const HelpPage& help : help_pages()) {
        const std::size_t at = result.out.find("== " + help.name() + "\n");
        ASSERT_NE(at, std::string::npos);
        const std::string offered = result.out.substr(at, result.out.find("== ", at + 1) - at);
        for (const std::string& flag : help.flags)
            EXPECT_TRUE(offered.find("\n*" + flag + "[") != std::string::npos ||
                        offered.find("\n*" + flag + "=[") != std::string::npos)
                << help.name() << " " << flag;
        for (const std::string& command : help.commands)
            EXPECT_THAT(offered, HasSubstr("\n" + command + ":")) << help.name();
    }
}

}  // namespace
}  // namespace kdeps::testing
