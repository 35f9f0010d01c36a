// SPDX-License-Identifier: Apache-2.0
// A third party's plugin and a user of their own for it: folders for plugins, configuration and keys that no other test
// sees.
#pragma once

#include <gtest/gtest.h>

#include "tests/e2e/kdeps_host.hpp"
#include "tests/support/temporary_folder.hpp"

namespace kdeps::testing {

class ThirdParty : public ::testing::Test {
protected:
    // A copy of the plugin kdeps.test.echo in plugin(), a key pair my.key and my.pub in root().
    ThirdParty();

    std::filesystem::path root() const { return folder_.path(); }
    std::filesystem::path plugin() const { return root() / "plugin"; }
    std::filesystem::path library() const { return plugin() / "libkdeps-test-echo.so"; }
    std::filesystem::path manifest() const { return plugin() / "test-echo.plugin.json"; }
    std::filesystem::path signature() const { return plugin() / "test-echo.plugin.sig"; }
    std::filesystem::path installed() const { return root() / "data/kdeps/plugins"; }
    std::filesystem::path keys() const { return root() / "config/kdeps/keys"; }

    // With the folders of this user.
    Result kdeps_here(const Arguments& arguments, const std::map<std::string, std::string>& more = {}) const;
    Result install(const std::string& what, const Arguments& more = {}) const;

    void sign() const;
    void trust() const;  // my.pub
    // The plugin's folder as an archive in root().
    std::filesystem::path pack(const std::string& name = "echo.tar.gz") const;
    // "a -> b" of the first one in a file.
    static void change(const std::filesystem::path& file, const std::string& from, const std::string& to);
    std::string key_id() const { return key_id_; }

    // What is in the user's folder but the lock of installations; empty if nothing was ever installed.
    std::vector<std::string> entries() const;
    // A workflow that answers with what echo gives.
    std::filesystem::path workflow() const;

    ProcessOptions options() const;

private:
    TemporaryFolder folder_;
    std::string key_id_;
};

// The sha256 of a file, from the program of the system.
std::string sha256sum(const std::filesystem::path& file);

}  // namespace kdeps::testing
