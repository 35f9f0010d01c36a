// SPDX-License-Identifier: Apache-2.0
// Takes typed fields out of a map of the workflow and reports what does not fit.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/workflow/workflow.hpp"

namespace kdeps::workflow {

// One map.  Every key that is asked for counts as known; report_unknown() warns of the others.
class Fields {
public:
    Fields(const config::Node* node, std::string name, config::Diagnostics& faults)
        : node_(node), name_(std::move(name)), faults_(faults) {
        if (node_ != nullptr && node_->kind != config::Node::Kind::map) {
            if (node_->kind != config::Node::Kind::null) {
                faults_.error(name_ + ": Expected type: object", node_->position);
            }
            node_ = nullptr;
        }
    }

    const config::Node* node() const { return node_; }
    config::Diagnostics& faults() { return faults_; }
    std::string field(std::string_view key) const {
        return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
    }

    const config::Node* get(std::string_view key) {
        known_.insert(std::string(key));
        return node_ == nullptr ? nullptr : node_->find(key);
    }
    void ignore(std::initializer_list<std::string_view> keys) {
        for (const auto key : keys) known_.insert(std::string(key));
    }

    std::optional<std::string> text(std::string_view key) {
        const config::Node* found = get(key);
        if (found == nullptr || found->kind == config::Node::Kind::null) return std::nullopt;
        if (found->kind != config::Node::Kind::scalar) {
            faults_.error(field(key) + ": Expected type: string", found->position);
            return std::nullopt;
        }
        return found->text;
    }

    std::optional<bool> boolean(std::string_view key) {
        const auto found = text(key);
        if (!found) return std::nullopt;
        const auto value = parse_bool(*found);
        if (!value)
            faults_.error(field(key) + ": '" + *found + "' is not accepted. Expected type: boolean",
                          node_->find(key)->position);
        return value;
    }

    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most) {
        const config::Node* found = get(key);
        if (found == nullptr || found->kind == config::Node::Kind::null) return std::nullopt;
        config::Node plain = *found;
        plain.is_quoted = false;
        const value::Value value = plain.scalar();
        if (found->kind != config::Node::Kind::scalar || !value.is_int()) {
            faults_.error(field(key) + ": '" + found->text + "' is not accepted. Expected type: integer",
                          found->position);
            return std::nullopt;
        }
        if (value.integer() < least || value.integer() > most) {
            faults_.error(field(key) + ": '" + found->text + "' must be between " + std::to_string(least) + " and " +
                              std::to_string(most),
                          found->position);
            return std::nullopt;
        }
        return value.integer();
    }

    std::optional<std::chrono::nanoseconds> duration(std::string_view key) {
        const auto found = text(key);
        if (!found) return std::nullopt;
        const auto value = parse_duration(*found);
        if (!value)
            faults_.error(field(key) + ": '" + *found + "' is not a duration. Example: 500ms, 30s, 1m30s, 1h",
                          node_->find(key)->position);
        return value;
    }

    std::optional<std::vector<std::string>> texts(std::string_view key) {
        const config::Node* found = get(key);
        if (found == nullptr || found->kind == config::Node::Kind::null) return std::nullopt;
        std::vector<std::string> out;
        if (found->kind != config::Node::Kind::list) {
            faults_.error(field(key) + ": Expected type: array", found->position);
            return out;
        }
        for (const config::Node& element : found->children) {
            if (element.kind != config::Node::Kind::scalar) {
                faults_.error(field(key) + ": Expected type: string", element.position);
            } else {
                out.push_back(element.text);
            }
        }
        return out;
    }

    // One of a few words.
    std::optional<std::string> word(std::string_view key, const std::vector<std::string>& options) {
        const auto found = text(key);
        if (!found) return std::nullopt;
        for (const std::string& option : options) {
            if (option == *found) return found;
        }
        std::string list;
        for (const std::string& option : options) list += (list.empty() ? "" : ", ") + option;
        faults_.error(field(key) + ": '" + *found + "' is not accepted" + did_you_mean(*found, options) +
                          ". Available options: [" + list + "]",
                      node_->find(key)->position);
        return std::nullopt;
    }

    // A list of words, each one of a few.
    std::optional<std::vector<std::string>> words(std::string_view key, const std::vector<std::string>& options) {
        const auto found = texts(key);
        if (!found) return std::nullopt;
        std::vector<std::string> out;
        for (std::size_t i = 0; i < found->size(); ++i) {
            if (std::find(options.begin(), options.end(), (*found)[i]) != options.end()) {
                out.push_back((*found)[i]);
            } else {
                std::string list;
                for (const std::string& option : options) list += (list.empty() ? "" : ", ") + option;
                faults_.error(field(key) + ": '" + (*found)[i] + "' is not accepted" +
                                  did_you_mean((*found)[i], options) + ". Available options: [" + list + "]",
                              node_->find(key)->children[i].position);
            }
        }
        return out;
    }

    void require(std::string_view key) {
        if (node_ != nullptr && get(key) == nullptr) {
            faults_.error((name_.empty() ? "(root)" : name_) + ": " + std::string(key) + " is required",
                          node_->position);
        }
    }

    bool knows(std::string_view key) const { return known_.contains(std::string(key)); }
    std::vector<std::string> known() const { return {known_.begin(), known_.end()}; }

    void report_unknown() {
        if (node_ == nullptr) return;
        const std::vector<std::string> known(known_.begin(), known_.end());
        for (const config::Node& key : node_->keys) {
            if (!known_.contains(key.text)) {
                faults_.warning("unknown key '" + field(key.text) + "'" + did_you_mean(key.text, known), key.position);
            }
        }
    }

private:
    const config::Node* node_;
    std::string name_;
    config::Diagnostics& faults_;
    std::set<std::string> known_;
};

// The parts of read(), one file each.
struct Reading {
    const ReadOptions& options;
    const ExecutorCatalog& catalog;
    const expr::Names& names;
    config::Diagnostics& faults;
    Workflow& workflow;
};
void read_settings(const config::Node* node, Reading& reading);
void read_resource(const config::Node& node, Reading& reading);
void check_api_version(Fields& fields, bool is_required);
std::optional<OnError> read_on_error(const config::Node* node, const std::string& field, Reading& reading);
void read_validation(Fields& validation, Fields& custom, std::string_view custom_key, Resource& resource,
                     Reading& reading);

// An action or response: checks it against its executor's schema and compiles it.  The executor must exist.
Action read_action(const std::string& run_key, const config::Node& node, const std::string& field,
                   const ExecutorInfo& info, Reading& reading);

// A list of expressions, or one.
std::vector<ConfigValue> read_expressions(Fields& fields, std::string_view key, Reading& reading);

// ${NAME} and ${NAME:-default} in every string of a settings tree, from the environment and the .env file in `folder`
// (rules §1). Names that are missing go to `missing`.
void substitute_environment(config::Node& node, const std::filesystem::path& folder, std::set<std::string>& missing);

// KDEPS_CONNECTION_<NAME> and --connection over settings.sqlConnections (rules §1).
void override_connections(config::Node& settings, const std::map<std::string, std::string>& given);

}  // namespace kdeps::workflow
