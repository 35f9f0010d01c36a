// SPDX-License-Identifier: Apache-2.0
// What one resource sees while it runs: get() with its whole chain, set(), info(), the current item, the error that
// onError handles.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/engine/run.hpp"

namespace kdeps::engine {

// Where iteration stands.
struct Iteration {
    value::Value items;  // a list
    std::size_t index = 0;
    Store store;                                    // set(k, v, 'item')
    value::Value results = value::Value::list({});  // of the iterations of a loop so far

    value::Value at(std::int64_t offset) const;  // the item so far from the current one, or null
};

// One thread at a time.
class Scope final : public plugin::CallContext, public expr::Environment {
public:
    Scope(Run& run, const workflow::Resource& resource) : run_(run), resource_(resource) {}

    // CallContext: `hint` is a source (rules §3) or empty.
    value::Value get(std::string_view key, std::string_view hint) override;
    void set(std::string_view key, value::Value value, std::string_view storage) override;
    value::Value info(std::string_view name) override;
    expr::Environment& environment() override { return *this; }

    // Environment.
    value::Value variable(std::string_view name) override;
    value::Value all() override;
    void check() override;  // throws Error when the run should end

    // increment(), append() and compareAndSet(): one step for all who share the store.  `function` is for messages.
    void update(std::string_view key, std::string_view storage, const char* function, const Change& change);

    // Is this word a source, such as 'query', and not a default?
    static bool is_source(std::string_view word);
    static std::string source_names();

    // nullopt: nothing has that name there.
    std::optional<value::Value> look_up(std::string_view key, std::string_view hint) const;
    // Of what the request brought: what validation checks is what get() and input() read.
    std::optional<value::Value> from_request(std::string_view key) const;

    Run& run() { return run_; }
    const workflow::Resource& resource() const { return resource_; }
    Iteration* iteration() { return iteration_; }
    void set_iteration(Iteration* iteration) { iteration_ = iteration; }
    // What the action gave, before the resource has ended: seen under the resource's own id, here only.
    void set_own_output(value::Value output) { own_output_ = std::move(output); }
    void set_error(const Error* error) { error_ = error; }
    const Error* error() const { return error_; }

private:
    enum Kinds : unsigned { kInChain = 1, kOfRequest = 2, kIsParameter = 4 };
    // A place where names are looked up.
    struct Source {
        std::string_view name;
        std::optional<value::Value> (Scope::*find)(std::string_view) const;
        unsigned kinds;
    };
    static const std::array<Source, 19> kSources;

    void with_store(std::string_view key, std::string_view storage, const char* function,
                    const std::function<void(Store&)>& use);
    std::optional<value::Value> walk(std::string_view key, unsigned kind) const;
    std::optional<value::Value> from_iteration(std::string_view key) const;
    std::optional<value::Value> from_memory(std::string_view key) const;
    std::optional<value::Value> from_session(std::string_view key) const;
    std::optional<value::Value> from_app(std::string_view key) const;
    std::optional<value::Value> from_output(std::string_view action_id) const;
    std::optional<value::Value> from_path(std::string_view name) const;
    std::optional<value::Value> from_query(std::string_view name) const;
    std::optional<value::Value> from_body(std::string_view path) const;
    std::optional<value::Value> from_parameters(std::string_view name) const;
    std::optional<value::Value> from_header(std::string_view name) const;
    std::optional<value::Value> from_file(std::string_view name) const;
    std::optional<value::Value> from_file_path(std::string_view name) const;
    std::optional<value::Value> from_file_type(std::string_view name) const;
    std::optional<value::Value> from_info(std::string_view name) const;
    std::optional<value::Value> from_env(std::string_view name) const;
    std::optional<value::Value> from_item_values(std::string_view action_id) const;
    std::optional<value::Value> from_error(std::string_view part) const;

    value::Value parameters() const;  // all of path, query and body
    const UploadedFile* find_file(std::string_view name) const;

    Run& run_;
    const workflow::Resource& resource_;
    Iteration* iteration_ = nullptr;
    const Error* error_ = nullptr;
    std::optional<value::Value> own_output_;
};

// error.message .type .code .statusCode .details .sqlstate .resource (rules §3).
value::Value error_value(const Error& error);

}  // namespace kdeps::engine
