// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/lock.hpp"

#include <unistd.h>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/base.hpp"

namespace kdeps::plugin {

namespace fs = std::filesystem;

namespace {

constexpr int kFormat = 1;

}  // namespace

Lock::Lock(fs::path file, fs::path workflow) : file_(std::move(file)), workflow_(std::move(workflow)) {
    std::error_code failed;
    if (!fs::exists(file_, failed)) return;
    const auto refuse = [&](const std::string& why) -> Error {
        return {Status::bad_data, "lock file '" + file_.string() + "': " + why};
    };
    try {
        std::ifstream stream(file_);
        const nlohmann::json json = nlohmann::json::parse(stream);
        if (const int format = json.at("format").get<int>(); format != kFormat) {
            throw refuse("has format " + std::to_string(format) + ", this version of kdeps reads " +
                         std::to_string(kFormat));
        }
        for (const auto& entry : json.at("plugins")) {
            put(entry.at("id").get<std::string>(),
                {entry.at("version").get<std::string>(), entry.at("sha256").get<std::string>(),
                 entry.at("source").get<std::string>(), entry.value("signedBy", "")});
        }
    } catch (const nlohmann::json::exception& error) {
        throw refuse(std::string("is not a valid lock: ") + error.what());
    }
}

void Lock::write() const {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& [id, locked] : plugins_) {
        nlohmann::ordered_json entry = {
            {"id", id}, {"version", locked.version}, {"sha256", locked.sha256}, {"source", locked.source}};
        if (!locked.signed_by.empty()) entry["signedBy"] = locked.signed_by;
        list.push_back(std::move(entry));
    }
    const nlohmann::ordered_json json = {{"format", kFormat}, {"plugins", std::move(list)}};
    const fs::path next = file_.string() + "." + std::to_string(getpid());
    std::ofstream stream(next, std::ios::binary);
    stream << json.dump(2) << '\n';
    stream.close();
    std::error_code failed;
    if (stream) fs::rename(next, file_, failed);
    if (!stream || failed) {
        std::error_code ignored;
        fs::remove(next, ignored);
        throw Error(Status::unavailable, "lock file '" + file_.string() + "' cannot be written" +
                                             (failed ? ": " + failed.message() : std::string()));
    }
}

void Lock::check(const Manifest& manifest) const {
    const auto found = plugins_.find(manifest.id);
    if (found == plugins_.end()) {
        throw Error(Status::forbidden, "plugin '" + manifest.id + "' is not in the lock file '" + file_.string() +
                                           "'; if it belongs there, run: kdeps plugins lock '" + workflow_.string() +
                                           "'");
    }
    if (found->second.sha256 != manifest.sha256) {
        throw Error(Status::forbidden,
                    "plugin '" + manifest.id + "' " + manifest.version + " is not the one in the lock file '" +
                        file_.string() + "': its sha256 is " + manifest.sha256 + ", the lock wants version " +
                        found->second.version + " with " + found->second.sha256 + " from '" + found->second.source +
                        "'; install that one, or run: kdeps plugins lock '" + workflow_.string() + "'");
    }
}

}  // namespace kdeps::plugin
