// SPDX-License-Identifier: Apache-2.0
#include "core/cli/run_once.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "core/cli/signals.hpp"
#include "core/http/http.hpp"

namespace kdeps::cli {

namespace {

std::string read_body(const std::string& given) {
    if (given == "-") {
        return {std::istreambuf_iterator<char>(std::cin), {}};
    }
    if (given.starts_with('@')) {
        std::ifstream stream(given.substr(1), std::ios::binary);
        if (!stream) throw Error(Status::invalid_argument, "--body: the file '" + given.substr(1) + "' cannot be read");
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    return given;
}

std::pair<std::string, std::string> split(const std::string& text, char at, const std::string& flag,
                                          const std::string& example) {
    const std::size_t place = text.find(at);
    if (place == std::string::npos || place == 0) {
        throw Error(Status::invalid_argument, flag + ": '" + text + "' must look like " + example);
    }
    std::string value = text.substr(place + 1);
    if (at == ':')
        value.erase(0, value.find_first_not_of(' ') == std::string::npos ? value.size() : value.find_first_not_of(' '));
    return {text.substr(0, place), value};
}

void write_out(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

// The data alone: text as it is (csv), everything else as JSON.
std::string data_text(const value::Value& data) {
    std::string out;
    if (data.is_string()) {
        out = data.text();
    } else {
        value::append_json(data, out);
    }
    if (out.empty() || out.back() != '\n') out += '\n';
    return out;
}

}  // namespace

engine::Request make_request(const workflow::Workflow& workflow, const RunOptions& options) {
    engine::Request request;
    request.id = random_uuid();
    request.client_ip = "127.0.0.1";
    const auto& routes = workflow.settings.api_server.routes;
    if (!options.route.empty()) {
        const std::size_t space = options.route.find(' ');
        request.method = space == std::string::npos ? "GET" : options.route.substr(0, space);
        request.path =
            space == std::string::npos
                ? options.route
                : options.route.substr(std::min(options.route.find_first_not_of(' ', space), options.route.size()));
        if (!request.path.starts_with('/')) {
            throw Error(Status::invalid_argument, "--route: '" + options.route + "' must look like 'GET /path'");
        }
        request.is_http = true;
        if (const std::size_t question = request.path.find('?'); question != std::string::npos) {
            http::parse_query(std::string_view(request.path).substr(question + 1), request.query);
            request.path.resize(question);
        }
        const http::Router router(routes);
        const auto found = router.find(request.method, request.path);
        if (found.route == nullptr && !routes.empty()) {
            std::string known;
            for (const auto& route : routes) known += (known.empty() ? "" : ", ") + route.path;
            throw Error(Status::not_found, "--route: no route takes '" + request.method + " " + request.path +
                                               "'; the workflow has " + known);
        }
        if (found.route != nullptr) {
            request.route = found.route->path;
            request.path_parameters = found.parameters;
        }
        request.path = http::decode_percent(request.path, false);
    } else if (routes.size() == 1) {
        // The only route is meant.
        request.is_http = true;
        request.route = routes[0].path;
        request.path = routes[0].path;
        request.method = options.body.empty() ? routes[0].methods.front() : "POST";
    }
    for (const std::string& param : options.params) {
        request.query.push_back(split(param, '=', "--param", "name=value"));
    }
    for (const std::string& header : options.headers) {
        request.headers.push_back(split(header, ':', "--header", "'Name: value'"));
    }
    if (!options.body.empty()) {
        const std::string text = read_body(options.body);
        if (text.find_first_not_of(" \t\r\n") != std::string::npos) {
            try {
                request.body = value::parse_json(text);
            } catch (const Error& error) {
                throw Error(Status::invalid_argument, "--body: " + error.message);
            }
            request.has_body = true;
        }
    }
    if (options.timeout_seconds > 0) {
        // More than this is no limit.
        constexpr double kLongest = 1e9;
        request.time_limit =
            std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(options.timeout_seconds, kLongest) * 1e9));
        request.deadline = Deadline::after(request.time_limit);
    }
    return request;
}

int run_once(Host& host, const RunOptions& options, Signals& signals) {
    const engine::Request request = make_request(*host.workflow, options);
    StopFlag stop;
    const Signals::Action on_signal(signals, [&] { stop.request(); });
    host.engine->start();
    const engine::Outcome outcome = host.engine->run(request, stop);
    if (outcome.error) {
        log::error(outcome.error->message,
                   {{"resource", outcome.error->resource}, {"request", request.id}, {"detail", outcome.error->detail}});
        write_out(http::envelope(outcome, request) + "\n");
        return kRunFailed;
    }
    write_out(options.wants_envelope ? http::envelope(outcome, request) + "\n" : data_text(outcome.data));
    return outcome.success ? kSuccess : kRunFailed;
}

}  // namespace kdeps::cli
