// SPDX-License-Identifier: Apache-2.0
#include "step.hpp"

#include "result.hpp"

namespace kdeps::python {

const char* const kStepSchema = R"({
  "type": "object",
  "properties": {
    "script": {"type": "string", "x-kdeps-read": "template", "examples": ["return {'total': len(get('rows'))}"]},
    "scriptFile": {"type": "string", "x-kdeps-read": "literal", "examples": ["scripts/clean.py"]},
    "args": {"type": "array", "examples": ["[--fast, \"{{ get('id') }}\"]"]},
    "env": {"type": "object", "additionalProperties": {}},
    "venvName": {"type": "string", "x-kdeps-read": "literal", "examples": ["reports"]},
    "file": {"type": "string", "x-kdeps-read": "literal"}
  }
})";

// One call: the worker, what it was lent, what it has printed.
struct Step::Exchange {
    std::unique_ptr<Worker> worker;
    Lender lender;
    Output output;
    std::vector<Value> values;  // of the script's expressions
    Value params;
    std::vector<std::string> args;
    std::vector<std::pair<std::string, std::string>> env;
    bool is_usable = false;  // may the worker serve again?
};

namespace {

// Waits past the deadline a little: at it the watch of the host ends the worker, and then the reason is known.
nanoseconds patience(const Call& call) {
    const nanoseconds left = call.remaining();
    return left == nanoseconds::max() ? left : left + std::chrono::seconds(1);
}

constexpr int kMostAttempts = 5;

std::string last_line(std::string_view text) {
    text = text.substr(0, text.find_last_not_of(" \r\n") + 1);
    return std::string(text.substr(text.rfind('\n') + 1));
}

}  // namespace

Step::Step(PythonPlugin& plugin, const Config& config, const Call& call)
    : plugin_(plugin),
      config_(config),
      script_(config, call),
      key_(plugin.next_script()),
      pool_(plugin.pool_for(call, std::string(config["venvName"].string()))),
      memory_limit_(plugin.settings().memory_limit_text),
      stdout_key_("python.stdout:" + std::string(call.resource())),
      stderr_key_("python.stderr:" + std::string(call.resource())),
      exit_code_key_("python.exitCode:" + std::string(call.resource())) {
    wants_params_ = script_.source().find("params") != std::string::npos;
    if (pool_ != nullptr && !script_.source().empty()) plugin.check(call, script_);
}

Value Step::run(Call& call) {
    Exchange exchange;
    // Before a worker is taken: expressions may run for long.
    for (const Config& expression : script_.expressions()) exchange.values.push_back(call.evaluate(expression));
    if (wants_params_) exchange.params = call.get("", "param");
    if (const Config args = config_["args"]; args.get() != nullptr) {
        const Value given = call.evaluate(args);
        for (std::size_t i = 0; i < given.size(); ++i) exchange.args.push_back(to_text(given.at(i)));
    }
    if (const Config env = config_["env"]; env.get() != nullptr) {
        const Value given = call.evaluate(env);
        for (std::size_t i = 0; i < given.size(); ++i) exchange.env.emplace_back(given.key(i), to_text(given.at(i)));
    }

    const auto activity = std::make_shared<Activity>();
    {
        const std::lock_guard lock(mutex_);
        running_[call.get()] = activity;
    }
    struct Registered {
        Step& step;
        kdeps_call* call;
        Exchange& exchange;
        Activity& activity;
        ~Registered() {
            activity.leave();
            if (exchange.worker != nullptr) step.pool_->release(std::move(exchange.worker), exchange.is_usable);
            const std::lock_guard lock(step.mutex_);
            step.running_.erase(call);
        }
    } const registered{*this, call.get(), exchange, *activity};

    // A worker may die at any moment, also between two calls; one that never read the call did nothing of it.
    for (int attempt = 1;; ++attempt) {
        exchange.worker = pool_->acquire(call, *activity);
        if (!activity->enter(*exchange.worker)) {
            exchange.is_usable = true;
            call.check();
        }
        if (const auto result = talk(call, exchange)) return *result;
        if (attempt == kMostAttempts) fail_without_result(call, exchange, Worker::Received::gone);
        activity->leave();
        pool_->release(std::move(exchange.worker), false);
        exchange.lender = {};
        exchange.output = {};
    }
}

void Step::cancel(Call& call) {
    std::shared_ptr<Activity> activity;
    {
        const std::lock_guard lock(mutex_);
        const auto found = running_.find(call.get());
        if (found != running_.end()) activity = found->second;
    }
    if (activity != nullptr) activity->stop();
}

void Step::write_request(const Call& call, Exchange& exchange, bool has_source, Packet& packet) const {
    Writer& body = packet.body;
    body.put(key_);
    body.put<std::uint8_t>(has_source);
    if (has_source) {
        body.text(script_.source());
        body.text(script_.file());
    }
    body.put(static_cast<std::uint64_t>(exchange.values.size()));
    for (const Value& value : exchange.values) exchange.lender.write(call, value, packet);
    body.put<std::uint8_t>(wants_params_);
    if (wants_params_) exchange.lender.write(call, exchange.params, packet);
    body.put(static_cast<std::uint64_t>(exchange.args.size()));
    for (const std::string& argument : exchange.args) body.text(argument);
    body.put(static_cast<std::uint64_t>(exchange.env.size()));
    for (const auto& [name, value] : exchange.env) {
        body.text(name);
        body.text(value);
    }
}

std::optional<Value> Step::talk(const Call& call, Exchange& exchange) const {
    Worker& worker = *exchange.worker;
    {
        Packet packet;
        const bool is_new = !worker.scripts.contains(key_);
        try {
            write_request(call, exchange, is_new, packet);
        } catch (...) {
            exchange.is_usable = true;  // nothing was sent
            throw;
        }
        ++worker.calls;
        if (!worker.send(Message::run, packet)) return std::nullopt;
        if (is_new) worker.scripts.insert(key_);
        exchange.lender.sent();
    }
    Frame frame;
    for (bool has_begun = false;; has_begun = true) {
        const Worker::Received received = worker.receive(frame, exchange.output, patience(call));
        if (received == Worker::Received::unread && !has_begun) return std::nullopt;
        if (received != Worker::Received::frame) fail_without_result(call, exchange, received);
        if (frame.type == Message::result) return read_result(call, exchange, frame);
        answer(call, exchange, frame);
    }
}

void Step::answer(const Call& call, Exchange& exchange, const Frame& question) const {
    Packet packet;
    Message type = Message::reply;
    try {
        Reader in(question.body);
        const std::string_view name = in.text();
        const std::string_view where = in.text();
        switch (question.type) {
            case Message::get: exchange.lender.write(call, call.get(name, where), packet); break;
            case Message::set:
                call.set(name, exchange.lender.read(call, in, question.memory), where);
                packet.body.tag(Tag::null);
                break;
            case Message::info: exchange.lender.write(call, call.info(name), packet); break;
            default: throw Error(KDEPS_BAD_DATA, "the python worker asks for what there is not");
        }
    } catch (const std::exception& error) {
        packet = {};
        packet.body.text(error.what());
        type = Message::refusal;
    }
    if (!exchange.worker->send(type, packet)) fail_without_result(call, exchange, Worker::Received::gone);
    exchange.lender.sent();
}

void Step::keep_output(const Call& call, const Output& output, int exit_code) const {
    call.set(stdout_key_, call.string(valid_utf8(output.out)));
    call.set(stderr_key_, call.string(valid_utf8(output.err)));
    call.set(exit_code_key_, call.integer(exit_code));
}

Value Step::read_result(const Call& call, Exchange& exchange, const Frame& frame) const {
    Reader in(frame.body);
    const auto ending = in.take<Ending>();
    Value out;
    int exit_code = 0;
    std::optional<Error> failure;
    switch (ending) {
        case Ending::returned: out = exchange.lender.read(call, in, frame.memory); break;
        case Ending::finished: out = printed(call, valid_utf8(exchange.output.out)); break;
        case Ending::exited:
            exit_code = in.take<std::int32_t>();
            if (exit_code == 0) {
                out = printed(call, valid_utf8(exchange.output.out));
            } else {
                const std::string said = valid_utf8(last_line(exchange.output.err));
                failure = Error(KDEPS_INTERNAL, "the script ended with exit code " + std::to_string(exit_code) +
                                                    (said.empty() ? "" : ": " + said));
            }
            break;
        case Ending::raised: {
            const std::string type(in.text());
            const std::string message(in.text());
            const auto line = in.take<std::int32_t>();
            in.text();  // of that line
            exit_code = 1;
            std::string text = type + (message.empty() ? "" : ": " + message);
            // The source is the workflow's own matter: the log has it, in the traceback.
            if (line > 0) text += " (" + script_.place(line) + ")";
            if (type == "MemoryError" && !memory_limit_.empty())
                text += "; settings.python.memoryLimit is " + memory_limit_;
            failure = Error(type == "MemoryError" ? KDEPS_EXHAUSTED : KDEPS_INTERNAL, text);
            break;
        }
        case Ending::refused:
            exit_code = 1;
            failure = Error(KDEPS_BAD_DATA, "the result of the script: " + std::string(in.text()));
            break;
    }
    if (in.take<std::uint8_t>() != 0)
        call.log(KDEPS_LOG_WARNING, "NaN or infinity in the result became null: JSON has no such numbers");
    exchange.is_usable = in.take<std::uint8_t>() == 0;
    keep_output(call, exchange.output, exit_code);
    if (failure) {
        failure->detail = valid_utf8(exchange.output.err);
        throw Error(std::move(*failure));
    }
    return out;
}

void Step::fail_without_result(const Call& call, Exchange& exchange, Worker::Received received) const {
    exchange.worker->kill();
    const kdeps_status state = call.state();
    if (received == Worker::Received::too_much) {
        keep_output(call, {}, 137);
        throw Error(KDEPS_EXHAUSTED, "the script printed more than " + std::to_string(kMostOutput >> 20) +
                                         " MiB; return a value instead, or write to a file");
    }
    const End end = exchange.worker->end();
    keep_output(call, exchange.output, end.exit_code);
    if (received == Worker::Received::late || state == KDEPS_TIMEOUT)
        throw Error(KDEPS_TIMEOUT, "the script was ended");
    if (state != KDEPS_OK) call.check();
    const std::string said = valid_utf8(last_line(exchange.output.err));
    Error error(KDEPS_INTERNAL, "the python process of the script " + end.text + (said.empty() ? "" : ": " + said));
    error.detail = valid_utf8(exchange.output.err);
    throw Error(std::move(error));
}

}  // namespace kdeps::python
