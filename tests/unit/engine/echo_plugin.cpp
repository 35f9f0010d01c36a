// SPDX-License-Identifier: Apache-2.0
// Executor echo, for tests: gives back its evaluated configuration, or what `value` says; `fail` fails, `wait` blocks
// until it is cancelled, `gate` waits until so many callers are inside at once.
#include <unistd.h>
#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include <kdeps/cpp/executor.hpp>

namespace {

using kdeps::Call;
using kdeps::Config;
using kdeps::Error;
using kdeps::Value;

class Echo;

// Shared by all steps of the process.
struct Shared {
    std::mutex mutex;  // guards everything below
    std::condition_variable changed;
    std::vector<kdeps_call*> cancelled;
    std::int64_t inside = 0;
    std::int64_t most_inside = 0;
};

class EchoPlugin {
public:
    EchoPlugin(const kdeps::Host&, const Call&) {}
    static const void* interface(std::string_view id);

    Shared shared;
};

class Echo {
public:
    Echo(EchoPlugin& plugin, Config config, const Call& call) : shared_(&plugin.shared), config_(config) {
        if (config["refuse"].is_string()) {
            call.report(KDEPS_FAULT_ERROR, config["refuse"], "refused: " + std::string(config["refuse"].string()));
            throw Error(KDEPS_INVALID_ARGUMENT, "refused");
        }
        if (config["refuseSilently"].is_string()) throw Error(KDEPS_INVALID_ARGUMENT, "refused without a report");
    }

    Value run(Call& call) {
        const Entered entered(*shared_);
        const Value given = call.evaluate(config_);
        if (given.is_map()) {
            if (given.has("signal")) signal(given["signal"]);
            if (given.has("gate")) gate(call, given["gate"].integer().value_or(0));
            if (given.has("wait")) block(call, [] { return false; });
            if (given.has("fail")) fail(given["fail"]);
            if (given.has("mostInside")) {
                const std::lock_guard lock(shared_->mutex);
                return call.integer(shared_->most_inside);
            }
            if (given.has("value")) return given["value"];
        }
        return given;
    }

    void cancel(Call& call) {
        const std::lock_guard lock(shared_->mutex);
        shared_->cancelled.push_back(call.get());
        shared_->changed.notify_all();
    }

private:
    // Counts who is inside.
    class Entered {
    public:
        explicit Entered(Shared& shared) : shared_(shared) {
            const std::lock_guard lock(shared_.mutex);
            shared_.most_inside = std::max(shared_.most_inside, ++shared_.inside);
            shared_.changed.notify_all();
        }
        ~Entered() {
            const std::lock_guard lock(shared_.mutex);
            --shared_.inside;
        }
        Entered(const Entered&) = delete;
        Entered& operator=(const Entered&) = delete;

    private:
        Shared& shared_;
    };

    // Tells a test through a pipe that the step runs.
    static void signal(const Value& descriptor) {
        const char byte = 'x';
        [[maybe_unused]] const auto written = write(static_cast<int>(descriptor.integer().value_or(-1)), &byte, 1);
    }

    template <typename Condition>
    void block(const Call& call, Condition is_done) {
        std::unique_lock lock(shared_->mutex);
        const auto is_cancelled = [&] {
            return std::find(shared_->cancelled.begin(), shared_->cancelled.end(), call.get()) !=
                   shared_->cancelled.end();
        };
        while (true) {
            shared_->changed.wait(lock, [&] { return is_done() || is_cancelled(); });
            if (is_done()) return;
            std::erase(shared_->cancelled, call.get());
            lock.unlock();
            call.check();  // passes for a cancel that came too late for an earlier call at the same address
            lock.lock();
        }
    }

    void gate(const Call& call, std::int64_t callers) {
        block(call, [this, callers] { return shared_->most_inside >= callers; });
    }

    // `times` failures of this step, then none; without it always.
    void fail(const Value& how) {
        const std::int64_t times = how["times"].integer().value_or(INT64_MAX);
        const std::lock_guard lock(shared_->mutex);
        if (failures_ >= times) return;
        ++failures_;
        Error error(static_cast<kdeps_status>(how["status"].integer().value_or(KDEPS_INTERNAL)),
                    how.has("message") ? std::string(how["message"].string()) : "it failed");
        error.sqlstate = how["sqlstate"].string();
        error.retry = static_cast<std::uint8_t>(how["retry"].integer().value_or(KDEPS_RETRY_NEVER));
        throw Error(std::move(error));
    }

    Shared* shared_;
    Config config_;
    std::int64_t failures_ = 0;  // guarded by shared_->mutex
};

const void* EchoPlugin::interface(std::string_view id) {
    static const kdeps_executor executor = kdeps::make_executor<EchoPlugin, Echo>({.run_key = "echo", .schema = ""});
    return id == KDEPS_EXECUTOR_ID ? &executor : nullptr;
}

}  // namespace

KDEPS_PLUGIN(EchoPlugin, {.id = "kdeps.test.echo",
                          .version = KDEPS_PLUGIN_VERSION,
                          .summary = "gives back what it is given, fails, waits"})
