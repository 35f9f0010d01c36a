// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms of the process, in Prometheus' text format.  Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Histogram;
}  // namespace prometheus

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

    // A metric with its labels, for who adds to it often and would not have it looked up each time.  Lives as long as
    // the Metrics.
    class Counter {
    public:
        void add(double number) const;

    private:
        friend class Metrics;
        explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
        prometheus::Counter* counter_;
    };
    class Histogram {
    public:
        void observe(double seconds) const;

    private:
        friend class Metrics;
        explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
        prometheus::Histogram* histogram_;
    };
    Counter counter(std::string_view name, const Labels& labels);
    Histogram histogram(std::string_view name, const Labels& labels);

    std::string text() const;  // the exposition that GET /metrics answers

private:
    struct Families;
    std::unique_ptr<Families> families_;
};

}  // namespace kdeps
