// SPDX-License-Identifier: Apache-2.0
// run.python of one resource (rules §6).
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "python_plugin.hpp"
#include "values.hpp"

namespace kdeps::python {

extern const char* const kStepSchema;

// Immutable after its construction but for what is running; any thread.
class Step {
public:
    Step(PythonPlugin& plugin, const Config& config, const Call& call);

    Value run(Call& call);
    void cancel(Call& call);

private:
    struct Exchange;

    void write_request(const Call& call, Exchange& exchange, bool has_source, Packet& packet) const;
    // Nothing if the worker was gone before it read the call.
    std::optional<Value> talk(const Call& call, Exchange& exchange) const;
    void answer(const Call& call, Exchange& exchange, const Frame& question) const;
    Value read_result(const Call& call, Exchange& exchange, const Frame& frame) const;
    [[noreturn]] void fail_without_result(const Call& call, Exchange& exchange, Worker::Received received) const;
    void keep_output(const Call& call, const Output& output, int exit_code) const;

    PythonPlugin& plugin_;
    const Config config_;
    const Script script_;
    const std::uint64_t key_;
    bool wants_params_ = false;
    std::shared_ptr<Pool> pool_;
    std::string memory_limit_;
    const std::string stdout_key_;  // of what the accessors python.stdout and so on read
    const std::string stderr_key_;
    const std::string exit_code_key_;

    std::mutex mutex_;  // guards running_
    std::unordered_map<kdeps_call*, std::shared_ptr<Activity>> running_;
};

}  // namespace kdeps::python
