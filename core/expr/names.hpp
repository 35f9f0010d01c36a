// SPDX-License-Identifier: Apache-2.0
// The names that an expression may use beside the language's own: variables, functions and methods of the host.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/value/value.hpp"

namespace kdeps::expr {

// What a program runs in.  One thread.
class Environment {
public:
    virtual ~Environment() = default;
    // Value of a variable that Names knows.
    virtual value::Value variable(std::string_view name) = 0;
    // All of them, for $env.
    virtual value::Value all() { return {}; }
    // Called now and then while a long evaluation goes on; throws to end it.
    virtual void check() {}
};

struct HostFunction {
    std::string name;  // "get", "item.current"
    std::size_t min_arguments = 0;
    std::size_t max_arguments = 0;
    value::Value (*call)(Environment&, std::span<const value::Value>) = nullptr;
};

// Filled before the first compilation, then immutable; outlives the programs that were compiled with it.
class Names {
public:
    void add_variable(std::string name) { variables_.insert(std::move(name)); }
    // A name with a dot is a method of an object: item.current().
    void add_function(HostFunction function) {
        const std::string name = function.name;
        functions_[name] = std::move(function);
        if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
            objects_.insert(name.substr(0, dot));
        }
    }

    bool has_variable(std::string_view name) const { return variables_.contains(name); }
    bool has_object(std::string_view name) const { return objects_.contains(name); }
    const HostFunction* function(std::string_view name) const {
        const auto found = functions_.find(name);
        return found == functions_.end() ? nullptr : &found->second;
    }
    std::vector<std::string> all() const {
        std::vector<std::string> names(variables_.begin(), variables_.end());
        for (const auto& [name, function] : functions_) {
            names.push_back(name);
        }
        return names;
    }

private:
    std::set<std::string, std::less<>> variables_;
    std::set<std::string, std::less<>> objects_;
    std::map<std::string, HostFunction, std::less<>> functions_;
};

}  // namespace kdeps::expr
