// SPDX-License-Identifier: Apache-2.0
// `kdeps new`: which files, which names.  That they build and run: tests/abi/third_party_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <fstream>
#include <iterator>

#include "core/base/base.hpp"
#include "core/cli/new/new.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::scaffold {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct New : ::testing::Test {
    std::vector<std::string> files(const Request& request) const {
        std::vector<std::string> out;
        for (const fs::path& file : create(request, folder.path()))
            out.push_back(fs::relative(file, folder.path()).string());
        return out;
    }
    std::string refusal(const Request& request) const {
        try {
            create(request, folder.path());
            return "was made";
        } catch (const Error& error) {
            return error.message;
        }
    }
    std::string text(const fs::path& file) const {
        std::ifstream stream(folder.path() / file);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    testing::TemporaryFolder folder;
};

TEST_F(New, AWorkflowHasASettingsFileAResourceAndWhatBelongsToAProject) {
    EXPECT_THAT(files({Kind::workflow, "my-shop", "", Language::cpp}),
                ElementsAre("my-shop/.github/workflows/ci.yml", "my-shop/.gitignore", "my-shop/README.md",
                            "my-shop/resources/answer.yaml", "my-shop/workflow.yaml"));
    EXPECT_THAT(text("my-shop/workflow.yaml"), HasSubstr("  name: my-shop\n"));
}

TEST_F(New, APluginIsInTheLanguageThatIsAsked) {
    EXPECT_THAT(files({Kind::executor, "send_mail", "", Language::cpp}),
                ElementsAre("send_mail/.github/workflows/ci.yml", "send_mail/.gitignore", "send_mail/CMakeLists.txt",
                            "send_mail/README.md", "send_mail/quirks.yaml", "send_mail/send_mail.cpp",
                            "send_mail/workflow.yaml"));
    EXPECT_THAT(text("send_mail/send_mail.cpp"), HasSubstr("class SendMail final {"));
    EXPECT_THAT(text("send_mail/CMakeLists.txt"), HasSubstr("ID com.example.send_mail "));
    create({Kind::driver, "csv", "org.acme.csv", Language::c}, folder.path());
    EXPECT_THAT(text("csv/csv.c"), HasSubstr(".id = STR(\"org.acme.csv\")"));
    EXPECT_THAT(text("csv/.github/workflows/ci.yml"), HasSubstr(" gcc cmake "));
}

TEST_F(New, NoMarkOfATemplateIsLeft) {
    for (const Request& request :
         {Request{Kind::workflow, "a", "", Language::cpp}, Request{Kind::executor, "b", "", Language::cpp},
          Request{Kind::executor, "c", "", Language::c}, Request{Kind::driver, "d", "", Language::cpp},
          Request{Kind::driver, "e", "", Language::c}}) {
        for (const fs::path& file : create(request, folder.path())) {
            const std::string content = text(fs::relative(file, folder.path()));
            EXPECT_FALSE(content.empty()) << file;
            EXPECT_THAT(content, ::testing::Not(::testing::ContainsRegex("@[A-Za-z]+@"))) << file;
        }
    }
}

TEST_F(New, AnExecutorIsAboutThirtyLines) {
    create({Kind::executor, "greeting", "", Language::cpp}, folder.path());
    const std::string code = text("greeting/greeting.cpp");
    EXPECT_LE(std::count(code.begin(), code.end(), '\n'), 32);
}

TEST_F(New, NothingIsOverwritten) {
    folder.write("shop/notes.txt", "mine");
    EXPECT_EQ(
        refusal({Kind::workflow, "shop", "", Language::cpp}),
        "'" + (folder.path() / "shop").string() + "' exists; nothing was written. Give another name, or remove it");
    EXPECT_EQ(text("shop/notes.txt"), "mine");
    EXPECT_FALSE(fs::exists(folder.path() / "shop/workflow.yaml"));
}

TEST_F(New, NamesAreChecked) {
    EXPECT_EQ(refusal({Kind::workflow, "../shop", "", Language::cpp}),
              "'../shop' cannot be the name of a workflow: use a-z, 0-9, '-' and '_', a letter first, at most 40. "
              "Example: my-shop");
    EXPECT_EQ(refusal({Kind::executor, "Send-Mail", "", Language::cpp}),
              "'Send-Mail' cannot be the name of an executor: use a-z, 0-9 and '_', a letter first, at most 40. "
              "Example: send_mail");
    EXPECT_EQ(refusal({Kind::driver, "my_db", "", Language::cpp}),
              "'my_db' cannot be the name of a driver, which is the scheme of its URLs: use a-z and 0-9, a letter "
              "first, at most 40. Example: csv");
    EXPECT_EQ(refusal({Kind::driver, "csv", "a b", Language::cpp}),
              "'a b' cannot be the id of a plugin. Example: com.example.csv");
    EXPECT_THAT(refusal({Kind::driver, "", "", Language::cpp}), HasSubstr("'' cannot be the name of a driver"));
    EXPECT_THAT(refusal({Kind::executor, std::string(41, 'a'), "", Language::cpp}), HasSubstr("at most 40"));
    EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace kdeps::scaffold
