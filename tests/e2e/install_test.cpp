// SPDX-License-Identifier: Apache-2.0
// `kdeps plugins install`, `remove`, `verify`, `sign`: what comes in, what does not, and what is said of it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>
#include <fstream>

#include "tests/e2e/third_party.hpp"

namespace kdeps::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

using Install = ThirdParty;

TEST_F(Install, ASignedArchiveIsInstalledListedVerifiedAndRun) {
    sign();
    trust();
    const fs::path archive = pack();
    const fs::path folder = installed() / "kdeps.test.echo";
    const Result first = install(archive.string());
    EXPECT_EQ(first.out, "installed kdeps.test.echo 0.1.0 to " + folder.string() + "\n");
    EXPECT_EQ(first.err, "");
    EXPECT_THAT(entries(), ElementsAre("kdeps.lock", "kdeps.test.echo"));
    EXPECT_EQ(install(archive.string()).out,
              "installed kdeps.test.echo 0.1.0 (was 0.1.0) to " + folder.string() + "\n");
    EXPECT_THAT(kdeps_here({"plugins", "list"}).out,
                HasSubstr("\nkdeps.test.echo              0.1.0     1.1  kdeps.executor/1 echo"));
    EXPECT_EQ(kdeps_here({"plugins", "verify", "echo"}).out,
              "ok       kdeps.test.echo 0.1.0, signed by " + key_id() + "\n");
    EXPECT_EQ(kdeps_here({"run", workflow().string(), "--once"}).out, "hello\n");

    EXPECT_EQ(kdeps_here({"plugins", "remove", "kdeps.test.echo"}).out, "removed kdeps.test.echo\n");
    EXPECT_THAT(entries(), ElementsAre("kdeps.lock"));
    const Result again = kdeps_here({"plugins", "remove", "kdeps.test.echo"});
    EXPECT_EQ(again.exit_code, 1);
    EXPECT_EQ(again.err, "error: no plugin 'kdeps.test.echo' is installed in '" + installed().string() + "'\n");
}

TEST_F(Install, ALibraryWithItsManifestIsInstalled) {
    sign();
    trust();
    EXPECT_EQ(install(library().string()).exit_code, 0);
    EXPECT_EQ(kdeps_here({"run", workflow().string(), "--once"}).out, "hello\n");
}

TEST_F(Install, AnUnsignedPluginIsTakenOnlyIfThatIsAsked) {
    const Result refused = install(library().string());
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err,
              "error: plugin 'kdeps.test.echo' is not signed: there is no 'test-echo.plugin.sig' beside its manifest; "
              "if you trust where it came from, add --allow-unsigned\n");
    EXPECT_THAT(entries(), IsEmpty());
    const Result taken = install(library().string(), {"--allow-unsigned"});
    EXPECT_EQ(taken.exit_code, 0);
    EXPECT_EQ(taken.err, "warning: plugin 'kdeps.test.echo' is not signed by a trusted key\n");
    EXPECT_EQ(kdeps_here({"plugins", "verify", "echo"}).out, "ok       kdeps.test.echo 0.1.0, not signed\n");
}

TEST_F(Install, AnUnknownKeyIsNamed) {
    sign();
    const Result refused = install(library().string());
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "error: plugin 'kdeps.test.echo' is signed by the key " + key_id() +
                               ", which is not among the trusted keys in '" + keys().string() +
                               "', '/etc/kdeps/keys'; put its .pub file there if you trust it, or add "
                               "--allow-unsigned\n");
    EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(Install, ASignatureByAnotherKeyDoesNotFit) {
    kdeps_here({"plugins", "keygen", (root() / "other").string()});
    const Result by_other =
        kdeps_here({"plugins", "sign", library().string(), "--key", (root() / "other.key").string()});
    trust();
    change(signature(), by_other.out.substr(20, 16), key_id());  // as if my key had signed it
    const Result refused = install(library().string(), {"--allow-unsigned"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "error: plugin 'kdeps.test.echo': its signature by the key " + key_id() +
                               " ('my.pub') does not fit its manifest: one of them was changed after the signing; "
                               "fetch the plugin again, or ask who signed it\n");
    EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(Install, AChangedManifestDoesNotFitItsSignature) {
    sign();
    trust();
    change(manifest(), "\"version\": \"0.1.0\"", "\"version\": \"9.9.9\"");
    const Result refused = install(pack().string());
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "error: plugin 'kdeps.test.echo': its signature by the key " + key_id() +
                               " ('my.pub') does not fit its manifest: one of them was changed after the signing; "
                               "fetch the plugin again, or ask who signed it\n");
}

TEST_F(Install, AChangedLibraryIsRefused) {
    sign();
    trust();
    const std::string before = sha256sum(library());
    std::ofstream(library(), std::ios::binary | std::ios::app) << "x";
    const fs::path archive = pack();
    const Result refused = install(archive.string());
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "error: plugin 'kdeps.test.echo' from '" + archive.string() +
                               "' is refused: the sha256 of its library is " + sha256sum(library()) +
                               ", its manifest says " + before + "; one of them was changed, fetch the plugin again\n");
    EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(Install, AWrongArchiveIsRefusedAndLeavesNothing) {
    sign();
    trust();
    const fs::path good = pack();
    const std::string sum = sha256sum(good);
    const auto refusal = [&](const Arguments& tar, const Arguments& more = {}) {
        const fs::path file = root() / "bad.tar.gz";
        fs::remove(file);
        Arguments argv = {"tar", "-czPf", file.string(), "-C", root().string()};
        argv.insert(argv.end(), tar.begin(), tar.end());
        EXPECT_EQ(run(argv).exit_code, 0);
        const Result result = install(file.string(), more);
        EXPECT_EQ(result.exit_code, 1);
        EXPECT_THAT(entries(), IsEmpty());
        return result.err;
    };
    const std::string name = "error: archive '" + (root() / "bad.tar.gz").string() + "' ";
    EXPECT_EQ(refusal({"--transform", "s,plugin/lib,../../lib,", "plugin"}),
              name + "is refused: its entry '../../libkdeps-test-echo.so' leads out of the folder\n");
    EXPECT_EQ(refusal({"--transform", "s,^plugin,/plugin,", "plugin"}),
              name + "is refused: its entry '/plugin/' leads out of the folder\n");
    fs::create_symlink("/etc/passwd", plugin() / "link");
    EXPECT_EQ(refusal({"plugin/link"}), name + "is refused: its entry 'plugin/link' is no plain file\n");
    fs::remove(plugin() / "link");
    fs::create_hard_link(manifest(), plugin() / "again");
    EXPECT_THAT(refusal({"plugin"}), MatchesRegex(".*its entry 'plugin/.*' is no plain file\n"));
    fs::remove(plugin() / "again");
    const std::string bad = "error: '" + (root() / "bad.tar.gz").string() + "' ";
    EXPECT_EQ(refusal({"--exclude", "*.json", "plugin"}),
              bad + "holds 0 manifests (*.plugin.json); the archive of a plugin holds one\n");
    EXPECT_EQ(refusal({"--exclude", "*.so", "plugin"}),
              bad + "lacks the library 'libkdeps-test-echo.so' that its manifest names\n");
    const std::string other = refusal({"plugin"}, {"--sha256", sum});
    EXPECT_EQ(other,
              bad + "is refused: its sha256 is " + sha256sum(root() / "bad.tar.gz") + ", --sha256 wants " + sum + "\n");
    // A byte behind 256 MiB of nothing, in an archive of some hundred bytes.
    std::ofstream(plugin() / "sparse", std::ios::binary).seekp(256U << 20U) << "x";
    EXPECT_EQ(refusal({"--sparse", "plugin/sparse"}), name + "is refused: it unpacks to more than 256 MiB\n");
}

TEST_F(Install, ATruncatedArchiveIsRefused) {
    const fs::path archive = pack();
    fs::resize_file(archive, fs::file_size(archive) / 2);
    const Result refused = install(archive.string(), {"--allow-unsigned"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "error: archive '" + archive.string() + "' cannot be read: truncated gzip input\n");
    EXPECT_THAT(entries(), IsEmpty());
    std::ofstream(archive) << "no archive at all";
    EXPECT_EQ(install(archive.string()).err,
              "error: archive '" + archive.string() + "' cannot be read: Unrecognized archive format\n");
}

TEST_F(Install, AnIdThatIsNoNameOfAFolderIsRefused) {
    change(manifest(), "kdeps.test.echo", "../../../evil");
    const Result refused = install(pack().string(), {"--allow-unsigned"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err,
              "error: plugin '../../../evil': its id may have letters, digits, '.', '-' and '_' only, at most 128 of "
              "them, and begins with a letter or digit\n");
}

TEST_F(Install, WhatIsNoFileIsNamed) {
    EXPECT_EQ(install("./nothing.tar.gz").err, "error: the file './nothing.tar.gz' does not exist\n");
    EXPECT_EQ(install("greeting").err,
              "error: 'greeting' is no file, and there is no index to look it up in; give one with --index FILE|URL or "
              "KDEPS_PLUGIN_INDEX\n");
    EXPECT_EQ(install("ftp://example.com/x.tar.gz").err,
              "error: 'ftp://example.com/x.tar.gz' cannot be fetched: only http:// and https:// can\n");
}

TEST_F(Install, WhatAKilledInstallationLeftBehindIsSweptAway) {
    fs::create_directories(installed() / ".install-abcdef");
    std::ofstream(installed() / ".install-abcdef/libx.so") << "half";
    EXPECT_EQ(install(library().string(), {"--allow-unsigned"}).exit_code, 0);
    EXPECT_THAT(entries(), ElementsAre("kdeps.lock", "kdeps.test.echo"));
}

TEST_F(Install, AnotherInstallationIsNotDisturbed) {
    fs::create_directories(installed());
    const int held = open((installed() / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(flock(held, LOCK_EX), 0);
    const Result refused = install(library().string(), {"--allow-unsigned"});
    close(held);
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "error: another installation to '" + installed().string() + "' is under way\n");
}

TEST_F(Install, AKeyIsNeverReplacedAndIsItsOwnersAlone) {
    const Result again = kdeps_here({"plugins", "keygen", (root() / "my").string()});
    EXPECT_EQ(again.exit_code, 2);
    EXPECT_EQ(again.err, "error: the file '" + (root() / "my.key").string() + "' exists; it is not replaced\n");
    EXPECT_EQ(fs::status(root() / "my.key").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Install, ATrustedKeyThatOthersCouldHavePutThereIsRefused) {
    sign();
    trust();
    fs::permissions(keys() / "my.pub", fs::perms::others_write, fs::perm_options::add);
    const Result refused = install(library().string());
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_EQ(refused.err, "error: trusted key '" + (keys() / "my.pub").string() +
                               "' can be changed by every user; run: chmod o-w '" + (keys() / "my.pub").string() +
                               "'\n");
}

TEST_F(Install, WhatIsChangedAfterwardsIsNotLoaded) {
    ASSERT_EQ(install(library().string(), {"--allow-unsigned"}).exit_code, 0);
    const fs::path library = installed() / "kdeps.test.echo/libkdeps-test-echo.so";
    const std::string before = sha256sum(library);
    std::ofstream(library, std::ios::binary | std::ios::app) << "x";
    const std::string reason = "plugin 'kdeps.test.echo': library '" + library.string() +
                               "' has changed: its sha256 is " + sha256sum(library) + ", its manifest says " + before +
                               "; install the plugin again\n";
    const Result run = kdeps_here({"run", workflow().string(), "--once"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr("executor 'echo': " + reason));
    const Result verify = kdeps_here({"plugins", "verify"});
    EXPECT_EQ(verify.exit_code, 1);
    EXPECT_THAT(verify.out, HasSubstr("refused  " + reason));
    EXPECT_THAT(kdeps_here({"plugins", "list"}).out, HasSubstr("\nrefused: " + reason));
    // The others go on.
    EXPECT_THAT(verify.out, HasSubstr("\nok       kdeps.driver.sqlite "));
}

TEST_F(Install, WhatIsExchangedWithItsManifestIsToldByVerify) {
    ASSERT_EQ(install(library().string(), {"--allow-unsigned"}).exit_code, 0);
    const fs::path folder = installed() / "kdeps.test.echo";
    const std::string before = sha256sum(folder / "libkdeps-test-echo.so");
    std::ofstream(folder / "libkdeps-test-echo.so", std::ios::binary | std::ios::app) << "x";
    const std::string after = sha256sum(folder / "libkdeps-test-echo.so");
    change(folder / "test-echo.plugin.json", before, after);
    const Result verify = kdeps_here({"plugins", "verify", "echo"});
    EXPECT_EQ(verify.exit_code, 1);
    EXPECT_EQ(verify.out, "refused  plugin 'kdeps.test.echo' is not what was installed: its sha256 is " + after +
                              ", '" + (installed() / "kdeps.lock").string() + "' says " + before +
                              "; install it again\n");
}

// A run with --locked takes the plugins of the lock only, each as it is there.
TEST_F(Install, ALockedRunTakesWhatWasLocked) {
    sign();
    trust();
    ASSERT_EQ(install(library().string()).exit_code, 0);
    const fs::path folder = workflow();
    const fs::path lock = folder / "kdeps.lock";
    EXPECT_EQ(kdeps_here({"plugins", "lock", folder.string()}).out, lock.string() + ": 1 plugins\n");
    EXPECT_EQ(kdeps_here({"run", folder.string(), "--once", "--locked"}).out, "hello\n");
    EXPECT_EQ(kdeps_here({"validate", folder.string(), "--locked"}).exit_code, 0);

    const std::string sum = sha256sum(library());
    const std::string other(64, '0');
    change(lock, sum, other);
    const Result changed = kdeps_here({"validate", folder.string(), "--locked"});
    EXPECT_EQ(changed.exit_code, 2);
    EXPECT_THAT(
        changed.err,
        HasSubstr("executor 'echo': plugin 'kdeps.test.echo' 0.1.0 is not the one in the lock file '" + lock.string() +
                  "': its sha256 is " + sum + ", the lock wants version 0.1.0 with " + other + " from '" +
                  library().string() + "'; install that one, or run: kdeps plugins lock '" + folder.string() + "'\n"));
    change(lock, "kdeps.test.echo", "kdeps.test.other");
    const Result missing = kdeps_here({"run", folder.string(), "--once", "--locked"});
    EXPECT_EQ(missing.exit_code, 2);
    EXPECT_THAT(missing.err,
                HasSubstr("executor 'echo': plugin 'kdeps.test.echo' is not in the lock file '" + lock.string() +
                          "'; if it belongs there, run: kdeps plugins lock '" + folder.string() + "'\n"));
    // Without --locked the lock is of no effect.
    EXPECT_EQ(kdeps_here({"run", folder.string(), "--once"}).exit_code, 0);
}

TEST_F(Install, ALockedRunNeedsALock) {
    const fs::path folder = workflow();
    const Result without = kdeps_here({"run", folder.string(), "--once", "--locked"});
    EXPECT_EQ(without.exit_code, 2);
    EXPECT_EQ(without.err, "error: --locked: there is no lock file '" + (folder / "kdeps.lock").string() +
                               "'; write it with: kdeps plugins lock '" + folder.string() + "'\n");
    // The record of the installations will do.
    ASSERT_EQ(install(library().string(), {"--allow-unsigned"}).exit_code, 0);
    EXPECT_EQ(kdeps_here({"run", folder.string(), "--once", "--locked"}).out, "hello\n");
}

}  // namespace
}  // namespace kdeps::testing
