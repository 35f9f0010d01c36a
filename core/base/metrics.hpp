// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms of the process, in Prometheus' text format.  Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kdeps {

class Metrics {
public:
    using Labels = std::vector<std::pair<std::string, std::string>>;

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    void count(std::string_view name, const Labels& labels, double add);
    void gauge(std::string_view name, const Labels& labels, double value);
    void observe(std::string_view name, const Labels& labels, double seconds);

    std::string text() const;  // the exposition that GET /metrics answers

private:
    struct Families;
    std::unique_ptr<Families> families_;
};

}  // namespace kdeps
