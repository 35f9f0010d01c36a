// SPDX-License-Identifier: Apache-2.0
#include "core/cli/install/signature.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "core/base/base.hpp"
#include "core/plugin/plugin.hpp"

namespace kdeps::install {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kManifestSuffix = ".plugin.json";
// Signed before the manifest, so that a signature of something else never fits one.
constexpr std::string_view kDomain = "kdeps plugin manifest 1\n";
constexpr std::string_view kPublicMark = "kdeps-public-key";
constexpr std::string_view kSecretMark = "kdeps-secret-key";
constexpr std::string_view kSignatureMark = "kdeps-signature";
constexpr std::uintmax_t kLargestKey = 4096;

void start_sodium() {
    if (sodium_init() < 0) throw Error(Status::internal, "libsodium cannot be started");
}

std::string text_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw Error(Status::not_found, "the file '" + file.string() + "' cannot be read");
    return {std::istreambuf_iterator<char>(stream), {}};
}

const unsigned char* bytes_of(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string to_base64(const std::string& bytes) {
    std::string out(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(out.data(), out.size(), bytes_of(bytes), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
    out.pop_back();  // its NUL
    return out;
}

std::string from_base64(const std::string& text) {
    std::string out(text.size(), '\0');
    std::size_t size = 0;
    const char* end = nullptr;
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr,
                          &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text.data() + text.size()) {
        return {};
    }
    out.resize(size);
    return out;
}

// The words of the only line of a file, after its mark; empty if it is no such file.
std::vector<std::string> words_of(const fs::path& file, std::string_view mark) {
    std::error_code failed;
    if (fs::file_size(file, failed) > kLargestKey || failed) return {};
    std::istringstream line(text_of(file));
    std::string first;
    line >> first;
    if (first != mark) return {};
    return {std::istream_iterator<std::string>(line), {}};
}

std::string key_id(const std::string& public_key) { return plugin::sha256_of(public_key).substr(0, 16); }

std::string signed_text(const fs::path& manifest) { return std::string(kDomain) + text_of(manifest); }

void create(const fs::path& file, const std::string& text, mode_t mode) {
    const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0) {
        throw Error(errno == EEXIST ? Status::already_exists : Status::unavailable,
                    errno == EEXIST ? "the file '" + file.string() + "' exists; it is not replaced"
                                    : "the file '" + file.string() + "' cannot be written: " + std::strerror(errno));
    }
    const bool is_written = write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (close(descriptor) != 0 || !is_written)
        throw Error(Status::unavailable, "the file '" + file.string() + "' cannot be written");
}

}  // namespace

fs::path signature_file(const fs::path& manifest) {
    std::string name = manifest.filename().string();
    if (name.ends_with(kManifestSuffix)) name.resize(name.size() - kManifestSuffix.size());
    return manifest.parent_path() / (name + ".plugin.sig");
}

std::string make_key(const fs::path& stem) {
    start_sodium();
    std::string secret(crypto_sign_SECRETKEYBYTES, '\0');
    std::string open_key(crypto_sign_PUBLICKEYBYTES, '\0');
    crypto_sign_keypair(reinterpret_cast<unsigned char*>(open_key.data()),
                        reinterpret_cast<unsigned char*>(secret.data()));
    create(stem.string() + ".key", std::string(kSecretMark) + " " + to_base64(secret) + "\n", S_IRUSR | S_IWUSR);
    sodium_memzero(secret.data(), secret.size());
    create(stem.string() + ".pub", std::string(kPublicMark) + " " + to_base64(open_key) + "\n",
           S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
    return key_id(open_key);
}

std::string sign(const fs::path& manifest, const fs::path& secret_key) {
    start_sodium();
    const std::vector<std::string> words = words_of(secret_key, kSecretMark);
    std::string secret = words.size() == 1 ? from_base64(words[0]) : std::string();
    if (secret.size() != crypto_sign_SECRETKEYBYTES) {
        throw Error(Status::bad_data,
                    "'" + secret_key.string() + "' is no secret key; make one with: kdeps plugins keygen NAME");
    }
    const std::string text = signed_text(manifest);
    std::string signature(crypto_sign_BYTES, '\0');
    crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, bytes_of(text), text.size(),
                         bytes_of(secret));
    std::string open_key(crypto_sign_PUBLICKEYBYTES, '\0');
    crypto_sign_ed25519_sk_to_pk(reinterpret_cast<unsigned char*>(open_key.data()), bytes_of(secret));
    sodium_memzero(secret.data(), secret.size());
    const fs::path file = signature_file(manifest);
    std::ofstream stream(file, std::ios::binary);
    stream << kSignatureMark << ' ' << key_id(open_key) << ' ' << to_base64(signature) << '\n';
    stream.close();
    if (!stream) throw Error(Status::unavailable, "the file '" + file.string() + "' cannot be written");
    return key_id(open_key);
}

std::vector<fs::path> key_folders() {
    std::vector<fs::path> out;
    if (const char* given = std::getenv("KDEPS_TRUSTED_KEYS"); given != nullptr && *given != '\0') {
        std::istringstream list(given);
        for (std::string folder; std::getline(list, folder, ':');) {
            if (!folder.empty()) out.emplace_back(folder);
        }
        return out;
    }
    if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != '\0') {
        out.push_back(fs::path(config) / "kdeps/keys");
    } else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
        out.push_back(fs::path(home) / ".config/kdeps/keys");
    }
    out.emplace_back("/etc/kdeps/keys");
    return out;
}

TrustedKeys::TrustedKeys(std::vector<fs::path> folders) : folders_(std::move(folders)) {
    start_sodium();
    for (const fs::path& folder : folders_) {
        std::error_code failed;
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(folder, failed)) {
            if (entry.path().extension() == ".pub") files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
        for (const fs::path& file : files) {
            plugin::check_owner(file, "trusted key");
            const std::vector<std::string> words = words_of(file, kPublicMark);
            std::string bytes = words.size() == 1 ? from_base64(words[0]) : std::string();
            if (bytes.size() != crypto_sign_PUBLICKEYBYTES) {
                throw Error(Status::bad_data, "trusted key '" + file.string() +
                                                  "' is no public key; put there what 'kdeps plugins keygen' "
                                                  "wrote as NAME.pub, or remove it");
            }
            std::string id = key_id(bytes);
            keys_.push_back({std::move(id), std::move(bytes), file});
        }
    }
}

TrustedKeys::Answer TrustedKeys::check(const fs::path& manifest, const std::string& plugin) const {
    const fs::path file = signature_file(manifest);
    std::error_code failed;
    if (!fs::exists(file, failed)) return {};
    const std::vector<std::string> words = words_of(file, kSignatureMark);
    const std::string signature = words.size() == 2 ? from_base64(words[1]) : std::string();
    if (signature.size() != crypto_sign_BYTES) {
        throw Error(Status::forbidden, "plugin '" + plugin + "': '" + file.filename().string() +
                                           "' is no signature; sign it again with: kdeps plugins sign");
    }
    const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& one) { return one.id == words[0]; });
    if (key == keys_.end()) return {Verdict::unknown_key, words[0]};
    const std::string text = signed_text(manifest);
    if (crypto_sign_verify_detached(bytes_of(signature), bytes_of(text), text.size(), bytes_of(key->bytes)) != 0) {
        throw Error(Status::forbidden, "plugin '" + plugin + "': its signature by the key " + key->id + " ('" +
                                           key->file.filename().string() +
                                           "') does not fit its manifest: one of them was changed after the signing; "
                                           "fetch the plugin again, or ask who signed it");
    }
    return {Verdict::good, key->id};
}

std::string TrustedKeys::folders_text() const {
    std::string out;
    for (const fs::path& folder : folders_) out += (out.empty() ? "'" : ", '") + folder.string() + "'";
    return out;
}

}  // namespace kdeps::install
