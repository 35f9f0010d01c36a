// SPDX-License-Identifier: Apache-2.0
// Which libraries are loaded: what the manifest says of them, who could have changed them, what the lock says.
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/plugin/digest.hpp"
#include "core/plugin/lock.hpp"
#include "core/plugin/trust.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/plugin/plugin_fixture.hpp"

namespace kdeps::plugin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, IsThatOfFips180) {
    EXPECT_EQ(sha256_of(""), kEmpty);
    EXPECT_EQ(sha256_of("abc"), kAbc);
}

// A plugin whose library holds the text abc.
struct Trust : ::testing::Test {
    Trust() : library(folder.write("libgreeting.so", "abc")) { write_manifest(kAbc); }

    void write_manifest(const std::string& sha256) {
        file = folder.write("greeting.plugin.json", R"({"id": "com.example.greeting", "version": "1.0.0", "abi": "1.0",
            "library": "libgreeting.so", "provides": [], "sha256": ")" +
                                                        sha256 + "\"}");
    }
    std::string verdict() const {
        return message_of([&] { check_trust(read_manifest(file)); });
    }

    testing::TemporaryFolder folder;
    fs::path library;
    fs::path file;
};

TEST_F(Trust, TakesALibraryThatIsWhatItsManifestSays) { EXPECT_EQ(verdict(), "no error"); }

TEST_F(Trust, RefusesAChangedLibrary) {
    folder.write("libgreeting.so", "abd");
    EXPECT_EQ(verdict(), "FORBIDDEN: plugin 'com.example.greeting': library '" + library.string() +
                             "' has changed: its sha256 is "
                             "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9, its manifest says " +
                             kAbc + "; install the plugin again");
}

TEST_F(Trust, RefusesAManifestWithoutChecksum) {
    write_manifest("");
    EXPECT_EQ(verdict(), "FORBIDDEN: plugin 'com.example.greeting': manifest '" + file.string() +
                             "' has no sha256 of the library; build with kdeps_add_plugin(), which writes it");
}

TEST_F(Trust, RefusesALibraryThatEveryUserMayChange) {
    chmod(library.c_str(), 0777);
    EXPECT_EQ(verdict(), "FORBIDDEN: plugin 'com.example.greeting': library '" + library.string() +
                             "' can be changed by every user; run: chmod o-w '" + library.string() + "'");
}

TEST_F(Trust, RefusesAManifestThatEveryUserMayChange) {
    chmod(file.c_str(), 0666);
    EXPECT_EQ(verdict(), "FORBIDDEN: plugin 'com.example.greeting': manifest '" + file.string() +
                             "' can be changed by every user; run: chmod o-w '" + file.string() + "'");
}

TEST_F(Trust, RefusesAFolderThatEveryUserMayChange) {
    chmod(folder.path().c_str(), 0777);
    EXPECT_EQ(verdict(), "FORBIDDEN: plugin 'com.example.greeting': manifest: the folder '" + folder.path().string() +
                             "' can be changed by every user; run: chmod o-w '" + folder.path().string() + "'");
}

TEST_F(Trust, LooksAtWhereALinkLeads) {
    const testing::TemporaryFolder other;
    fs::rename(library, other.path() / "libgreeting.so");
    fs::create_symlink(other.path() / "libgreeting.so", library);
    EXPECT_EQ(verdict(), "no error");
    chmod(other.path().c_str(), 0777);
    EXPECT_EQ(verdict(), "FORBIDDEN: plugin 'com.example.greeting': library: the folder '" + other.path().string() +
                             "' can be changed by every user; run: chmod o-w '" + other.path().string() + "'");
}

TEST_F(Trust, RefusesAForeignLibrary) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
    ASSERT_EQ(chown(library.c_str(), 1234, 0), 0);
    EXPECT_EQ(verdict(),
              "FORBIDDEN: plugin 'com.example.greeting': library '" + library.string() +
                  "' belongs to the user with id 1234, who is neither root nor who runs kdeps; if you trust it, "
                  "install it again or change its owner");
}

TEST_F(Trust, NamesALibraryThatIsNotThere) {
    fs::remove(library);
    EXPECT_EQ(verdict(),
              "UNAVAILABLE: plugin library '" + library.string() + "' cannot be opened: the file does not exist");
}

TEST_F(Trust, IsAskedBeforeALibraryIsOpened) {
    folder.write("libgreeting.so", "abd");
    const Registry registry({folder.path()});
    EXPECT_THAT(message_of([&] { registry.plugins().at(0)->load(); }),
                ::testing::HasSubstr("libgreeting.so' has changed: its sha256 is "));
}

struct LockTest : Trust {
    LockTest() : lock(folder.path() / "kdeps.lock", "/srv/shop") {}
    std::string verdict() const {
        return message_of([&] { lock.check(read_manifest(file)); });
    }
    Lock lock;
};

TEST_F(LockTest, IsReadAsItWasWritten) {
    lock.put("com.example.b", {"1.0.0", kAbc, "https://example.com/b.tar.gz", "0123456789abcdef"});
    lock.put("com.example.a", {"2.0.0", kEmpty, "/srv/a.tar.gz", ""});
    lock.write();
    const Lock read(lock.file());
    ASSERT_EQ(read.plugins().size(), 2U);
    EXPECT_EQ(read.plugins().begin()->first, "com.example.a");
    const Locked& b = read.plugins().at("com.example.b");
    EXPECT_EQ(b.version, "1.0.0");
    EXPECT_EQ(b.sha256, kAbc);
    EXPECT_EQ(b.source, "https://example.com/b.tar.gz");
    EXPECT_EQ(b.signed_by, "0123456789abcdef");
}

TEST_F(LockTest, TakesWhatIsInIt) {
    lock.put("com.example.greeting", {"1.0.0", kAbc, "/srv/a.tar.gz", ""});
    EXPECT_EQ(verdict(), "no error");
}

TEST_F(LockTest, RefusesWhatIsNotInIt) {
    EXPECT_EQ(verdict(), "FORBIDDEN: plugin 'com.example.greeting' is not in the lock file '" + lock.file().string() +
                             "'; if it belongs there, run: kdeps plugins lock '/srv/shop'");
}

TEST_F(LockTest, RefusesAnotherLibrary) {
    lock.put("com.example.greeting", {"0.9.0", kEmpty, "/srv/a.tar.gz", ""});
    EXPECT_EQ(verdict(),
              std::string("FORBIDDEN: plugin 'com.example.greeting' 1.0.0 is not the one in the lock file '") +
                  lock.file().string() + "': its sha256 is " + kAbc + ", the lock wants version 0.9.0 with " + kEmpty +
                  " from '/srv/a.tar.gz'; install that one, or run: kdeps plugins lock '/srv/shop'");
}

TEST_F(LockTest, IsEnforcedBeforeALibraryIsOpened) {
    Registry registry({folder.path()});
    registry.enforce(lock);
    EXPECT_THAT(message_of([&] { registry.plugins().at(0)->load(); }), ::testing::HasSubstr("is not in the lock file"));
}

TEST_F(LockTest, NamesItsFault) {
    folder.write("kdeps.lock", "{");
    EXPECT_THAT(message_of([&] { Lock{lock.file()}; }),
                ::testing::StartsWith("BAD_DATA: lock file '" + lock.file().string() + "': is not a valid lock: "));
    folder.write("kdeps.lock", R"({"format": 2, "plugins": []})");
    EXPECT_EQ(message_of([&] { Lock{lock.file()}; }),
              "BAD_DATA: lock file '" + lock.file().string() + "': has format 2, this version of kdeps reads 1");
}

}  // namespace
}  // namespace kdeps::plugin
