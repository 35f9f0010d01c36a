// SPDX-License-Identifier: Apache-2.0
// Executor "python" and the owner of settings.python.
#include "python_plugin.hpp"

#include <fstream>
#include <iterator>
#include <kdeps/cpp/executor.hpp>

#include "step.hpp"

namespace kdeps::python {

namespace {

constexpr std::string_view kSummary = "Executor python: scripts in warm interpreters";
constexpr auto kCheckTimeout = std::chrono::seconds(30);

class PythonStep {
public:
    PythonStep(PythonPlugin& plugin, const Config& config, const Call& call)
        : step_(std::make_unique<Step>(plugin, config, call)) {}
    Value run(Call& call) { return step_->run(call); }
    void cancel(Call& call) { step_->cancel(call); }

private:
    std::unique_ptr<Step> step_;
};

using Held = Holder<PythonPlugin>;

kdeps_settings settings_table() {
    kdeps_settings out{};
    out.struct_size = sizeof(out);
    out.settings_key = to_str("python");
    out.config_schema = to_str(kSettingsSchema);
    out.configure = [](kdeps_instance* instance, kdeps_call* raw, kdeps_value settings) {
        Held& held = Held::of(instance);
        return guarded(held.host.get(), raw,
                       [&] { held.instance.configure(Call(held.host, raw), Config(&held.host, nullptr, settings)); });
    };
    out.start = [](kdeps_instance* instance, kdeps_call*) { Held::of(instance).instance.start(); };
    return out;
}

}  // namespace

PythonPlugin::PythonPlugin(const Host& host, const Call&) : host_(host) {}

const void* PythonPlugin::interface(std::string_view id) {
    static const kdeps_executor executor = make_executor<PythonPlugin, PythonStep>(
        {.run_key = "python", .schema = kStepSchema, .default_timeout = std::chrono::seconds(60)});
    static const kdeps_settings settings = settings_table();
    return id == KDEPS_EXECUTOR_ID   ? static_cast<const void*>(&executor)
           : id == KDEPS_SETTINGS_ID ? static_cast<const void*>(&settings)
                                     : nullptr;
}

void PythonPlugin::configure(const Call& call, const Config& settings) {
    const std::lock_guard lock(mutex_);
    settings_ = read_settings(call, settings);
    requirements_.clear();
    if (!settings_.requirements_file.empty()) {
        const std::filesystem::path path = std::filesystem::path(call.folder()) / settings_.requirements_file;
        std::ifstream stream(path, std::ios::binary);
        if (!stream) {
            call.report(KDEPS_FAULT_ERROR, settings_.requirements_at,
                        "settings.agentSettings.requirementsFile: '" + settings_.requirements_file +
                            "' cannot be read; paths start at the folder of the workflow");
        }
        requirements_.assign(std::istreambuf_iterator<char>(stream), {});
    }
    has_chosen_ = false;
    pools_.clear();
}

void PythonPlugin::start() {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, shared] : pools_) shared.is_used ? shared.pool->start() : shared.pool->rest();
}

// Once for all steps, so that a warning comes once.
std::optional<Interpreter> PythonPlugin::interpreter(const Call& call) {
    if (!found_) found_ = find_interpreters();
    if (!has_chosen_) {
        has_chosen_ = true;
        chosen_ = choose(*found_, settings_, call);
    }
    return chosen_;
}

std::shared_ptr<Pool> PythonPlugin::pool_for(const Call& call, const std::string& venv_name) {
    const std::lock_guard lock(mutex_);
    const auto chosen = interpreter(call);
    if (!chosen) return nullptr;
    return pool_of({*chosen, settings_.packages, requirements_, venv_name}, call.folder(), true);
}

std::shared_ptr<Pool> PythonPlugin::pool_of(const Environment& environment, std::string_view folder, bool is_used) {
    Shared& shared = pools_[environment.key()];
    if (shared.pool == nullptr) {
        Launch launch;
        launch.program = environment.interpreter.program;
        launch.executable = environment.interpreter.executable;
        launch.folder = folder;
        launch.memory_limit = settings_.memory_limit;
        launch.environment = settings_.environment;
        shared.pool = std::make_shared<Pool>(
            host_, settings_.pool, [environment, launch](const Call& call, const std::atomic<bool>& stop) {
                if (!environment.is_venv()) return launch;
                Launch out = launch;
                out.executable = make_environment(environment, call, stop);
                out.environment["VIRTUAL_ENV"] =
                    std::filesystem::path(out.executable).parent_path().parent_path().string();
                return out;
            });
    }
    shared.is_used = shared.is_used || is_used;
    return shared.pool;
}

void PythonPlugin::check(const Call& call, const Script& script) {
    std::shared_ptr<Pool> pool;
    {
        const std::lock_guard lock(mutex_);
        // The system's environment: nothing is installed to read a script.
        pool = pool_of({*chosen_, {}, {}, {}}, call.folder(), false);
    }
    const BackgroundCall background(host_, "python", kCheckTimeout);
    Activity activity;
    std::unique_ptr<Worker> worker = pool->acquire(background.call(), activity);
    Packet packet;
    packet.body.text(script.source());
    packet.body.text(script.file());
    Frame frame;
    Output output;
    bool is_answered = false;
    try {
        is_answered = worker->send(Message::check, packet) &&
                      worker->receive(frame, output, kCheckTimeout) == Worker::Received::frame &&
                      frame.type == Message::checked;
    } catch (...) {
        pool->release(std::move(worker), false);
        throw;
    }
    pool->release(std::move(worker), is_answered);
    if (!is_answered) throw Error(KDEPS_INTERNAL, "the python worker ended while it read the script");
    Reader in(frame.body);
    if (in.take<std::uint8_t>() == 0) return;
    const std::string message(in.text());
    const auto line = in.take<std::int32_t>();
    script.report(call, line, in.take<std::int32_t>(), message);
}

Settings PythonPlugin::settings() const {
    const std::lock_guard lock(mutex_);
    return settings_;
}

std::uint64_t PythonPlugin::next_script() {
    const std::lock_guard lock(mutex_);
    return ++last_script_;
}

}  // namespace kdeps::python

KDEPS_PLUGIN(kdeps::python::PythonPlugin,
             {.id = "kdeps.executor.python", .version = KDEPS_PLUGIN_VERSION, .summary = kdeps::python::kSummary})
