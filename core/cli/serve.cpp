// SPDX-License-Identifier: Apache-2.0
// `kdeps run` that serves.
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "core/cli/commands.hpp"
#include "core/cli/signals.hpp"
#include "core/http/http.hpp"

namespace kdeps::cli {

namespace {

namespace fs = std::filesystem;

// The files of a workflow with their times, for --dev.
std::vector<std::pair<std::string, fs::file_time_type>> snapshot(const workflow::Workflow& workflow) {
    std::vector<std::pair<std::string, fs::file_time_type>> out;
    std::error_code failed;
    const auto add = [&](const fs::path& file) { out.emplace_back(file.string(), fs::last_write_time(file, failed)); };
    for (const fs::path& file : workflow.files) add(file);
    for (const auto& entry : fs::directory_iterator(workflow.folder / "resources", failed)) add(entry.path());
    add(workflow.folder / ".env");
    return out;
}

// Serves until a signal, or until a file of the workflow changes.
class Session {
public:
    Session(Host& host, const RunOptions& options)
        : host_(host), server_(*host.engine, host.plugins.metrics(), server_options(host, options)) {}

    void announce(const RunOptions& options) {
        const int port = server_.bind();
        const std::string address = options.host.value_or(host_.workflow->settings.api_server.host);
        log::info("serving '" + host_.workflow->name + "' on http://" + address + ":" + std::to_string(port));
        for (const auto& route : host_.workflow->settings.api_server.routes) {
            std::string methods;
            for (const std::string& method : route.methods) methods += (methods.empty() ? "" : ",") + method;
            log::info("route " + methods + " " + route.path);
        }
    }

    void serve() { server_.serve(); }
    void stop() { server_.stop(); }

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

    Host& host_;
    http::Server server_;
};

}  // namespace

int serve(std::unique_ptr<Host> host, const RunOptions& options) {
    std::mutex mutex;  // guards the rest
    std::condition_variable changed;
    Session* session = nullptr;
    bool is_ending = false;
    const Signals signals([&](int number) {
        if (number > 1) _exit(kRunFailed);  // asked twice: at once
        const std::lock_guard lock(mutex);
        log::info("shutting down; a second signal ends at once");
        is_ending = true;
        changed.notify_all();
        if (session != nullptr) session->stop();
    });
    while (true) {
        std::unique_ptr<Host> next;  // ends after the session: a host that was replaced must outlive its server
        auto before = snapshot(*host->workflow);  // who changes a file once it is served is seen
        Session current(*host, options);
        current.announce(options);
        host->engine->start();
        {
            const std::lock_guard lock(mutex);
            if (is_ending) return kSuccess;
            session = &current;
        }
        std::thread watcher;
        bool is_served = false;
        if (options.is_dev) {
            watcher = std::thread([&] {
                std::unique_lock lock(mutex);
                while (!is_ending && !is_served) {
                    changed.wait_for(lock, std::chrono::milliseconds(300));
                    auto now = snapshot(*host->workflow);
                    if (now == before || is_ending || is_served) continue;
                    before = std::move(now);
                    lock.unlock();
                    auto loaded = std::make_unique<Host>(options.load);
                    const bool is_usable = report(*loaded);
                    lock.lock();
                    if (is_usable && !is_ending) {
                        log::info("the workflow has changed: reloading");
                        next = std::move(loaded);
                        current.stop();
                        return;
                    }
                    log::warning("the change is not used: it has errors");
                }
            });
        }
        current.serve();
        {
            const std::lock_guard lock(mutex);
            session = nullptr;
            is_served = true;
            changed.notify_all();
        }
        if (watcher.joinable()) watcher.join();
        if (next == nullptr) return kSuccess;
        std::swap(host, next);
    }
}

}  // namespace kdeps::cli
