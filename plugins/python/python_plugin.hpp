// SPDX-License-Identifier: Apache-2.0
// What the steps of a workflow share: the settings, the interpreters, and a pool for each environment.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "environment.hpp"
#include "pool.hpp"
#include "script.hpp"
#include "settings.hpp"

namespace kdeps::python {

// Any thread.
class PythonPlugin {
public:
    PythonPlugin(const Host& host, const Call& call);

    static const void* interface(std::string_view id);

    void configure(const Call& call, const Config& settings);
    // Starts the workers of every environment that a step uses.
    void start();

    // The pool for a venvName (empty = none).  Nothing if no Python fits, which is reported.
    std::shared_ptr<Pool> pool_for(const Call& call, const std::string& venv_name);

    // Has Python read the script; reports what it says.
    void check(const Call& call, const Script& script);

    Settings settings() const;
    std::uint64_t next_script();

private:
    std::shared_ptr<Pool> pool_of(const Environment& environment, std::string_view folder, bool is_used);
    std::optional<Interpreter> interpreter(const Call& call);

    const Host& host_;
    mutable std::mutex mutex_;  // guards everything below
    Settings settings_;
    std::string requirements_;
    std::optional<std::vector<Interpreter>> found_;
    std::optional<Interpreter> chosen_;
    bool has_chosen_ = false;
    struct Shared {
        std::shared_ptr<Pool> pool;
        bool is_used = false;  // by a step, not only to check scripts
    };
    std::map<std::string, Shared> pools_;  // by the content of the environment
    std::uint64_t last_script_ = 0;
};

}  // namespace kdeps::python
