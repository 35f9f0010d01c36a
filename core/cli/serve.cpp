// SPDX-License-Identifier: Apache-2.0
// `kdeps run` that serves.
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "core/cli/commands.hpp"
#include "core/cli/signals.hpp"
#include "core/http/http.hpp"

namespace kdeps::cli {

namespace {

namespace fs = std::filesystem;

using Snapshot = std::vector<std::pair<std::string, fs::file_time_type>>;

// The files of a workflow with their times, for --dev; also those that its steps name, such as a scriptFile.
Snapshot snapshot(const workflow::Workflow& workflow) {
    Snapshot out;
    std::error_code failed;
    const auto add = [&](const fs::path& file) { out.emplace_back(file.string(), fs::last_write_time(file, failed)); };
    for (const fs::path& file : workflow.files) add(file);
    for (const auto& entry : fs::directory_iterator(workflow.folder / "resources", failed)) add(entry.path());
    add(workflow.folder / ".env");
    const std::function<void(const workflow::ConfigValue&)> add_named = [&](const workflow::ConfigValue& value) {
        constexpr std::size_t kLongest = 1024;
        const value::Value& text = value.literal();
        if (value.kind() == workflow::ConfigValue::Kind::literal && text.is_string() && !text.text().empty() &&
            text.text().size() < kLongest && text.text().find('\n') == std::string::npos) {
            const fs::path file = workflow.folder / text.text();
            if (fs::is_regular_file(file, failed)) add(file);
        }
        value.for_each_child(add_named);
    };
    for (const workflow::Resource& resource : workflow.resources) {
        if (resource.action) add_named(resource.action->config);
    }
    return out;
}

// A workflow and its server; both end together.
class Session {
public:
    Session(std::unique_ptr<Host> host, const RunOptions& options)
        : host_(std::move(host)),
          options_(server_options(*host_, options)),
          server_(*host_->engine, host_->plugins.metrics(), options_) {}

    // Listens; on the socket of the session before, where the address is the same.  Throws Error.
    void bind(const Session* before) {
        const bool is_same = before != nullptr && before->options_.api.host == options_.api.host &&
                             before->options_.api.port == options_.api.port;
        const int kept = is_same ? before->server_.keep_socket() : -1;
        const int port = kept >= 0 ? server_.adopt(kept) : server_.bind();
        log::info("serving '" + host_->workflow->name + "' on http://" + options_.api.host + ":" +
                  std::to_string(port));
        for (const auto& route : host_->workflow->settings.api_server.routes) {
            std::string methods;
            for (const std::string& method : route.methods) methods += (methods.empty() ? "" : ",") + method;
            log::info("route " + methods + " " + route.path);
        }
        host_->engine->start();
    }

    void serve() { server_.serve(); }
    void stop() { server_.stop(); }
    const workflow::Workflow& workflow() const { return *host_->workflow; }

private:
    static http::ServerOptions server_options(const Host& host, const RunOptions& options) {
        const auto& api = host.workflow->settings.api_server;
        http::ServerOptions out;
        out.api = api;
        out.api.host = options.host.value_or(api.host);
        out.api.port = options.port.value_or(api.port);
        out.shutdown_timeout = host.workflow->settings.shutdown_timeout;
        return out;
    }

    const std::unique_ptr<Host> host_;
    const http::ServerOptions options_;
    http::Server server_;
};

// One session after the other: with --dev a changed workflow takes the place of the one before, if it can.
class Serving {
public:
    Serving(std::unique_ptr<Host> host, const RunOptions& options, Signals& signals)
        : options_(options),
          first_(std::make_unique<Session>(std::move(host), options)),
          on_signal_(signals, [this] { end(); }) {}

    int run() {
        for (std::unique_ptr<Session> current = std::move(first_); current != nullptr; current = std::move(next_)) {
            const Snapshot before = snapshot(current->workflow());  // who changes a file once it is served is seen
            if (!is_bound_) current->bind(nullptr);
            is_bound_ = true;
            {
                const std::lock_guard lock(mutex_);
                if (is_ending_) break;
                session_ = current.get();
                is_served_ = false;
            }
            std::thread watcher;
            if (options_.is_dev) watcher = std::thread([&] { watch(*current, before); });
            current->serve();
            {
                const std::lock_guard lock(mutex_);
                session_ = nullptr;
                is_served_ = true;
                changed_.notify_all();
            }
            if (watcher.joinable()) watcher.join();
        }
        return kSuccess;
    }

private:
    void end() {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
        changed_.notify_all();
        if (session_ != nullptr) session_->stop();
        log::info("shutting down; a second signal ends at once");
    }

    // Ends when another session is ready, or this one has ended.
    void watch(Session& current, Snapshot before) {
        constexpr auto kPace = std::chrono::milliseconds(300);
        std::unique_lock lock(mutex_);
        while (!is_ending_ && !is_served_) {
            changed_.wait_for(lock, kPace);
            if (is_ending_ || is_served_) return;
            lock.unlock();
            Snapshot now = snapshot(current.workflow());
            std::unique_ptr<Session> next;
            if (now != before) {
                before = std::move(now);
                next = load(current);
            }
            lock.lock();
            if (next == nullptr || is_ending_) continue;
            next_ = std::move(next);
            current.stop();
            return;
        }
    }

    // Ready to serve, or nothing: whatever is wrong with it, the workflow that is served stays.
    std::unique_ptr<Session> load(const Session& current) const {
        try {
            auto loaded = std::make_unique<Host>(options_.load);
            if (report(*loaded)) {
                log::info("the workflow has changed: reloading");
                auto next = std::make_unique<Session>(std::move(loaded), options_);
                next->bind(&current);
                return next;
            }
            log::warning("the change is not used: it has errors");
        } catch (...) {
            const Error error = current_error();
            log::warning("the change is not used: " + error.message, {{"detail", error.detail}});
        }
        return nullptr;
    }

    const RunOptions& options_;
    bool is_bound_ = false;
    std::unique_ptr<Session> first_;

    std::mutex mutex_;  // guards the rest
    std::condition_variable changed_;
    std::unique_ptr<Session> next_;
    Session* session_ = nullptr;
    bool is_served_ = false;
    bool is_ending_ = false;

    const Signals::Action on_signal_;  // last: it uses all of them
};

}  // namespace

int serve(std::unique_ptr<Host> host, const RunOptions& options, Signals& signals) {
    return Serving(std::move(host), options, signals).run();
}

}  // namespace kdeps::cli
