// SPDX-License-Identifier: Apache-2.0
// One executor behind the ABI; `fields` in its configuration tells what it does: nothing, or read every field of a map
// and give a map of the same fields back.
#include <kdeps/cpp/executor.hpp>

namespace {

class Bench final {
public:
    explicit Bench(kdeps::Config config) : fields_(config["fields"]) {}

    kdeps::Value run(kdeps::Call& call) const {
        if (fields_.is_null()) return call.null();
        const kdeps::Value in = call.evaluate(fields_);
        const kdeps::Value out = call.map();
        for (std::size_t i = 0; i < in.size(); ++i) call.put(out, in.key(i), call.cell(in.at(i).cell()));
        return out;
    }

private:
    kdeps::Config fields_;
};

}  // namespace

KDEPS_EXECUTOR_PLUGIN(Bench, {.id = "kdeps.bench.abi", .version = KDEPS_PLUGIN_VERSION, .run_key = "empty"})
