// SPDX-License-Identifier: Apache-2.0
// The metrics of one route.  Any thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/base.hpp"

namespace kdeps::http {

class RouteMetrics {
public:
    RouteMetrics(Metrics& metrics, std::string route)
        : metrics_(metrics),
          route_(std::move(route)),
          seconds_(metrics.histogram("kdeps_http_request_seconds", {{"route", route_}})) {}

    void count(std::string_view method, int status, double seconds) {
        seconds_.observe(seconds);
        counter(method, status).add(1);
    }

private:
    struct Known {
        std::string method;
        int status;
        Metrics::Counter counter;
    };

    // Few methods and statuses: a walk is the fastest search.
    Metrics::Counter counter(std::string_view method, int status) {
        const std::lock_guard lock(mutex_);
        for (const Known& known : known_) {
            if (known.status == status && known.method == method) return known.counter;
        }
        return known_
            .emplace_back(Known{std::string(method), status,
                                metrics_.counter("kdeps_http_requests_total", {{"route", route_},
                                                                               {"method", std::string(method)},
                                                                               {"status", std::to_string(status)}})})
            .counter;
    }

    Metrics& metrics_;
    const std::string route_;
    const Metrics::Histogram seconds_;
    std::mutex mutex_;  // guards known_
    std::vector<Known> known_;
};

}  // namespace kdeps::http
