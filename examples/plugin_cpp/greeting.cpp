// SPDX-License-Identifier: Apache-2.0
// An executor in C++: says hello.
#include <kdeps/cpp/executor.hpp>

namespace {

// Greets whoever `who` names.
class Greeting final {
public:
    explicit Greeting(kdeps::Config config) : who_(config["who"]) {}

    kdeps::Value run(kdeps::Call& call) const {
        return call.string("Hello, " + std::string(call.evaluate(who_).string()) + "!");
    }

private:
    kdeps::Config who_;
};

}  // namespace

KDEPS_EXECUTOR_PLUGIN(Greeting, {.id = "com.example.greeting", .version = "1.0.0", .run_key = "greeting"})
