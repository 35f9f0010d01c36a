// SPDX-License-Identifier: Apache-2.0
#include "core/http/server.hpp"

#include <algorithm>
#include <unordered_map>

#include "core/http/client_address.hpp"
#include "core/http/cors.hpp"
#include "core/http/decode.hpp"
#include "core/http/envelope.hpp"
#include "core/http/hangup_watch.hpp"
#include "core/http/listener.hpp"
#include "core/http/route_metrics.hpp"
#include "core/http/router.hpp"

namespace kdeps::http {

namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kCookie = "kdeps_session_id";
constexpr auto kHealthTimeout = std::chrono::seconds(5);

class EngineService final : public Service {
public:
    explicit EngineService(engine::Engine& engine) : engine_(engine) {}
    engine::Outcome run(const engine::Request& request, const StopFlag& stop) override {
        return engine_.run(request, stop);
    }
    value::Value health(std::chrono::nanoseconds timeout) override { return engine_.health(timeout); }
    std::string_view name() const override { return engine_.workflow().name; }
    std::string_view version() const override { return engine_.workflow().version; }

private:
    engine::Engine& engine_;
};

// Headers that cpp-httplib adds to a request.
bool is_added(std::string_view name) {
    return name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" || name == "LOCAL_PORT";
}

// An id that a client gives is taken over if it can stand in a header and a log.
std::string_view header_of(const engine::Request& request, std::string_view name) {
    for (const auto& [key, text] : request.headers) {
        if (engine::same_header(key, name)) return text;
    }
    return {};
}

std::string request_id(const engine::Request& request) {
    constexpr std::size_t kLongest = 128;
    const std::string_view id = header_of(request, "X-Request-ID");
    const bool is_sane = !id.empty() && id.size() <= kLongest &&
                         std::all_of(id.begin(), id.end(), [](unsigned char c) { return c > 32 && c < 127; });
    return is_sane ? std::string(id) : random_uuid();
}

std::string session_of(const engine::Request& request) {
    std::string_view rest = header_of(request, "Cookie");
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        std::string_view one = rest.substr(0, end);
        while (one.starts_with(' ')) one.remove_prefix(1);
        const std::string_view name(kCookie);
        if (one.starts_with(name) && one.size() > name.size() && one[name.size()] == '=')
            return std::string(one.substr(name.size() + 1));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return "";
}

bool can_stand_in_header(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; });
}

}  // namespace

struct Server::Parts {
    Parts(Service& service_of_server, Metrics& metrics_of_server, ServerOptions given)
        : service(service_of_server),
          metrics(metrics_of_server),
          options(std::move(given)),
          router(options.api.routes),
          proxies(options.api.trusted_proxies),
          listener([this](int socket) { hangups.forget(socket); }) {
        for (const workflow::Route& route : router.routes()) {
            route_metrics.try_emplace(&route, metrics, route.path);
        }
        listener.set_payload_max_length(options.api.max_body_bytes);
        listener.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
            // A body is read by the handlers below; everything else is answered at once.
            const bool has_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH" ||
                                  request.method == "DELETE";
            if (has_body) return httplib::Server::HandlerResponse::Unhandled;
            answer(request, response, nullptr);
            return httplib::Server::HandlerResponse::Handled;
        });
        const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                      const httplib::ContentReader& reader) { answer(request, response, &reader); };
        listener.Post(".*", with_body).Put(".*", with_body).Patch(".*", with_body).Delete(".*", with_body);
        listener.set_error_handler(
            [this](const httplib::Request& request, httplib::Response& response) { describe(request, response); });
    }

    void answer(const httplib::Request& given, httplib::Response& response, const httplib::ContentReader* reader);
    void run(engine::Request& request, httplib::Response& response);
    void give(const engine::Outcome& outcome, const engine::Request& request, bool is_secure,
              httplib::Response& response) const;
    bool read_body(const httplib::Request& given, const httplib::ContentReader& reader, engine::Request& request,
                   httplib::Response& response) const;
    bool answer_reserved(std::string_view path, httplib::Response& response);
    engine::Request make_request(const httplib::Request& given) const;
    void refuse(const engine::Request& request, int status, std::string_view code, const std::string& message,
                httplib::Response& response) const;
    void describe(const httplib::Request& given, httplib::Response& response) const;
    bool is_secure(const httplib::Request& given) const {
        return proxies.trusts(given.remote_addr) && given.get_header_value("X-Forwarded-Proto") == "https";
    }

    std::unique_ptr<Service> owned;
    Service& service;
    Metrics& metrics;
    const ServerOptions options;
    const Router router;
    std::unordered_map<const workflow::Route*, RouteMetrics> route_metrics;
    const TrustedProxies proxies;
    HangupWatch hangups;
    Listener listener;
    std::atomic<bool> is_stopping{false};
};

engine::Request Server::Parts::make_request(const httplib::Request& given) const {
    engine::Request request;
    request.is_http = true;
    request.method = given.method;
    const std::string_view target = given.target;
    const std::size_t question = std::min(target.find_first_of("?#"), target.size());
    request.path = decode_percent(target.substr(0, question), false);
    if (question < target.size() && target[question] == '?') {
        std::string_view query = target.substr(question + 1);
        parse_query(query.substr(0, query.find('#')), request.query);
    }
    request.headers.reserve(given.headers.size());
    for (const auto& [name, text] : given.headers) {
        if (!is_added(name)) request.headers.emplace_back(header_text(name), header_text(text));
    }
    request.id = request_id(request);
    request.client_ip = proxies.client(given.remote_addr, header_of(request, "X-Forwarded-For"));
    request.session_id = session_of(request);
    return request;
}

void Server::Parts::refuse(const engine::Request& request, int status, std::string_view code,
                           const std::string& message, httplib::Response& response) const {
    response.status = status;
    response.set_header("X-Request-ID", request.id);
    response.set_content(error_envelope(code, message, request), kJson);
}

// What cpp-httplib refuses by itself gets a body like every other error.
void Server::Parts::describe(const httplib::Request& given, httplib::Response& response) const {
    if (!response.body.empty() || response.content_length_ > 0 || given.method == "HEAD") return;
    engine::Request request = make_request(given);
    switch (response.status) {
        case 413:
            refuse(request, 413, "PAYLOAD_TOO_LARGE",
                   "the body is larger than " + std::to_string(options.api.max_body_bytes) +
                       " bytes (apiServer.maxBodyBytes)",
                   response);
            break;
        case 414: refuse(request, 414, "BAD_REQUEST", "the request's URL is too long", response); break;
        case 404: refuse(request, 404, "NOT_FOUND", "no route takes " + request.path, response); break;
        case 500: refuse(request, 500, "INTERNAL_ERROR", "internal error", response); break;
        default: refuse(request, response.status, "BAD_REQUEST", "the request cannot be read", response); break;
    }
}

bool Server::Parts::read_body(const httplib::Request& given, const httplib::ContentReader& reader,
                              engine::Request& request, httplib::Response& response) const {
    const std::size_t most = options.api.max_body_bytes;
    std::size_t total = 0;
    bool is_too_large = false;
    const auto fits = [&](std::size_t size) {
        total += size;
        is_too_large = is_too_large || total > most;
        return !is_too_large;
    };
    bool is_read = false;
    if (given.is_multipart_form_data()) {
        std::vector<httplib::MultipartFormData> parts;
        is_read = reader(
            [&](const httplib::MultipartFormData& part) {
                parts.push_back(part);
                return fits(part.name.size() + part.filename.size());
            },
            [&](const char* data, std::size_t size) {
                if (!fits(size)) return false;
                parts.back().content.append(data, size);
                return true;
            });
        value::Map fields;
        for (httplib::MultipartFormData& part : parts) {
            check_part(part.name, part.filename, part.filename.empty() ? &part.content : nullptr);
            if (!part.filename.empty()) {
                request.files.push_back({part.name, part.filename, part.content_type, std::move(part.content)});
            } else if (fields.find(part.name) == nullptr) {
                fields.set(part.name, value::Value(std::move(part.content)));
            }
        }
        request.body = value::Value::map(std::move(fields));
        request.has_body = true;
    } else {
        std::string body;
        is_read = reader([&](const char* data, std::size_t size) {
            if (!fits(size)) return false;
            body.append(data, size);
            return true;
        });
        if (is_read) decode_body(std::move(body), given.get_header_value("Content-Type"), request);
    }
    if (is_too_large) {
        response.set_header("Connection", "close");
        refuse(request, 413, "PAYLOAD_TOO_LARGE",
               "the body is larger than " + std::to_string(most) + " bytes (apiServer.maxBodyBytes)", response);
        return false;
    }
    if (!is_read) {
        // cpp-httplib has set the status: too long, or broken off.
        if (response.status < 400) response.status = 400;
        describe(given, response);
        return false;
    }
    return true;
}

bool Server::Parts::answer_reserved(std::string_view path, httplib::Response& response) {
    if (path == "/metrics") {
        response.set_content(metrics.text(), "text/plain; version=0.0.4");
        return true;
    }
    if (path != "/health" && path != "/ready") return false;
    value::Map body;
    body.set("status", "ok");
    value::Map workflow;
    workflow.set("name", service.name());
    workflow.set("version", service.version());
    body.set("workflow", value::Value::map(std::move(workflow)));
    if (path == "/ready") {
        const value::Value all = service.health(kHealthTimeout);
        value::List connections;
        bool is_ready = !is_stopping;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const value::Value one = all.at(i);
            const auto ok = one.find("ok");
            is_ready = is_ready && ok && ok->is_bool() && ok->boolean();
            // Names and states only: what the error says is for the log and for `kdeps connections`.
            value::Map shown;
            for (const char* key : {"name", "ok", "latencyMs", "pool"}) {
                if (auto found = one.find(key)) shown.set(key, std::move(*found));
            }
            connections.push_back(value::Value::map(std::move(shown)));
        }
        body.set("connections", value::Value::list(std::move(connections)));
        if (!is_ready) {
            body.set("status", "unavailable");
            response.status = 503;
            response.set_header("Retry-After", "1");
        }
    }
    response.set_content(value::to_json(value::Value::map(std::move(body))) + "\n", kJson);
    return true;
}

void Server::Parts::answer(const httplib::Request& given, httplib::Response& response,
                           const httplib::ContentReader* reader) {
    engine::Request request = make_request(given);
    const bool is_preflight = request.method == "OPTIONS" && given.has_header("Access-Control-Request-Method");
    if (options.api.cors) {
        for (const auto& [name, text] : cors_headers(*options.api.cors, given.get_header_value("Origin"), is_preflight))
            response.set_header(name, text);
    }
    const std::string_view target = given.target;
    Router::Found found = router.find(request.method, target.substr(0, target.find_first_of("?#")));
    if (found.route == nullptr) {
        const bool is_read_only = request.method == "GET" || request.method == "HEAD";
        if (is_preflight && options.api.cors) {
            response.status = 204;
        } else if (found.allow.empty() && is_read_only && answer_reserved(request.path, response)) {
            response.set_header("X-Request-ID", request.id);
        } else if (found.allow.empty()) {
            refuse(request, 404, "NOT_FOUND", "no route takes " + request.path, response);
        } else {
            response.set_header("Allow", found.allow);
            refuse(request, 405, "METHOD_NOT_ALLOWED",
                   request.path + " takes " + found.allow + ", not " + request.method, response);
        }
        return;
    }
    request.route = found.route->path;
    request.path_parameters = std::move(found.parameters);
    engine::Outcome outcome;
    const auto began = Clock::now();
    try {
        check_target(request);
        if (reader != nullptr && !read_body(given, *reader, request, response)) return;
        StopFlag stop;
        const HangupWatch::Guard guard(hangups, Listener::current_socket(), stop);
        outcome = service.run(request, stop);
    } catch (...) {
        outcome = engine::Outcome();
        outcome.success = false;
        outcome.error = current_error();
        outcome.status = engine::error_code(*outcome.error).http_status;
    }
    give(outcome, request, is_secure(given), response);
    const std::chrono::duration<double> seconds = Clock::now() - began;
    route_metrics.at(found.route).count(request.method, response.status, seconds.count());
    if (outcome.error) {
        const Error& error = *outcome.error;
        const auto level = response.status >= 500 ? log::Level::error : log::Level::info;
        log::write(level, error.message,
                   {{"resource", error.resource},
                    {"request", request.id},
                    {"status", std::to_string(response.status)},
                    {"detail", error.detail}});
    } else if (log::is_enabled(log::Level::debug)) {
        log::debug(request.method + " " + request.path,
                   {{"request", request.id},
                    {"status", std::to_string(response.status)},
                    {"took", duration_text(std::chrono::duration_cast<std::chrono::nanoseconds>(seconds))}});
    }
}

void Server::Parts::give(const engine::Outcome& outcome, const engine::Request& request, bool is_secure,
                         httplib::Response& response) const {
    response.status = outcome.status;
    response.set_header("X-Request-ID", request.id);
    if (outcome.status == 503) response.set_header("Retry-After", "1");
    std::string type = kJson;
    for (const auto& [name, text] : outcome.headers) {
        if (!can_stand_in_header(name) || !can_stand_in_header(text) || name.empty()) {
            log::warning("a response header is left out: it holds a line break",
                         {{"header", name}, {"request", request.id}});
        } else if (media_type(name) == "content-type") {
            type = text;
        } else {
            response.set_header(name, text);
        }
    }
    if (!outcome.session_id.empty()) {
        response.set_header("Set-Cookie", std::string(kCookie) + "=" + outcome.session_id +
                                              "; Path=/; HttpOnly; SameSite=Lax" + (is_secure ? "; Secure" : ""));
    }
    // A text with a type of its own (csv, html) is the body as it is.
    const bool is_raw =
        outcome.data.is_string() && !outcome.error && media_type(type) != kJson && !media_type(type).ends_with("+json");
    response.body = is_raw ? outcome.data.text() : envelope(outcome, request);
    response.set_header("Content-Type", type);
}

Server::Server(Service& service, Metrics& metrics, ServerOptions options)
    : parts_(std::make_unique<Parts>(service, metrics, std::move(options))) {}

Server::Server(engine::Engine& engine, Metrics& metrics, ServerOptions options) {
    auto service = std::make_unique<EngineService>(engine);
    parts_ = std::make_unique<Parts>(*service, metrics, std::move(options));
    parts_->owned = std::move(service);
}

Server::~Server() = default;

int Server::bind() {
    const workflow::ApiServer& api = parts_->options.api;
    int port = 0;
    if (api.port == 0) {
        port = parts_->listener.bind_to_any_port(api.host);
    } else if (parts_->listener.bind_to_port(api.host, api.port)) {
        port = api.port;
    }
    if (port > 0) {
        parts_->listener.widen_backlog();
        return port;
    }
    throw Error(Status::unavailable, "cannot listen on " + api.host + ":" + std::to_string(api.port) + ": " +
                                         std::strerror(errno) +
                                         "; choose another port with --port, or end what uses it");
}

int Server::adopt(int socket) {
    parts_->listener.adopt(socket);
    return parts_->listener.port();
}

int Server::keep_socket() const { return parts_->listener.keep_socket(); }

void Server::serve() { parts_->listener.listen_after_bind(); }

void Server::stop() {
    if (parts_->is_stopping.exchange(true)) return;
    parts_->hangups.stop_all_at(Deadline::after(parts_->options.shutdown_timeout));
    parts_->listener.end();
}

}  // namespace kdeps::http
