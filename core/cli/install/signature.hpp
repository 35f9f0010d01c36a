// SPDX-License-Identifier: Apache-2.0
// Ed25519 signatures of plugins (RFC 8032, libsodium).  What is signed is the manifest, foo.plugin.json, which holds
// the checksum of the library: so one signature, foo.plugin.sig, covers both, in an archive and beside a library.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kdeps::install {

// The file of a plugin's signature, from that of its manifest.
std::filesystem::path signature_file(const std::filesystem::path& manifest);

// Writes STEM.key, which only its owner may read, and STEM.pub; gives the id of the key.  Throws Error
// (ALREADY_EXISTS) rather than replace one.
std::string make_key(const std::filesystem::path& stem);

// Writes the signature of a manifest beside it; gives the id of the key.
std::string sign(const std::filesystem::path& manifest, const std::filesystem::path& secret_key);

// KDEPS_TRUSTED_KEYS (folders separated by ':'), or the user's ~/.config/kdeps/keys and /etc/kdeps/keys.
std::vector<std::filesystem::path> key_folders();

// The public keys (*.pub) that this user trusts.
class TrustedKeys {
public:
    // Throws Error if a key is no key, or if others than root and the user could have put it there.
    explicit TrustedKeys(std::vector<std::filesystem::path> folders);

    enum class Verdict { good, unsigned_, unknown_key };
    struct Answer {
        Verdict verdict = Verdict::unsigned_;
        std::string key_id;  // of who signed; empty if nobody did
    };
    // Throws Error (FORBIDDEN) if a trusted key's signature does not fit the manifest, or if it is no signature.
    Answer check(const std::filesystem::path& manifest, const std::string& plugin) const;

    // "'/a', '/b'": for messages.
    std::string folders_text() const;

private:
    struct Key {
        std::string id;
        std::string bytes;
        std::filesystem::path file;
    };
    std::vector<std::filesystem::path> folders_;
    std::vector<Key> keys_;
};

}  // namespace kdeps::install
