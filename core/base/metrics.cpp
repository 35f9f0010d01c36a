// SPDX-License-Identifier: Apache-2.0
#include "core/base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <map>
#include <mutex>

namespace kdeps {

namespace {

// Seconds: from a quick lookup to the default timeout of a statement.
const prometheus::Histogram::BucketBoundaries kBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                          0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0};

prometheus::Labels to_labels(const Metrics::Labels& labels) { return {labels.begin(), labels.end()}; }

}  // namespace

struct Metrics::Families {
    prometheus::Registry registry;
    std::mutex mutex;  // guards the maps; the families guard themselves
    std::map<std::string, prometheus::Family<prometheus::Counter>*, std::less<>> counters;
    std::map<std::string, prometheus::Family<prometheus::Gauge>*, std::less<>> gauges;
    std::map<std::string, prometheus::Family<prometheus::Histogram>*, std::less<>> histograms;

    template <typename Metric, typename Builder>
    prometheus::Family<Metric>& family(std::map<std::string, prometheus::Family<Metric>*, std::less<>>& known,
                                       std::string_view name, Builder build) {
        const std::lock_guard lock(mutex);
        auto found = known.find(name);
        if (found == known.end()) {
            auto& made = build().Name(std::string(name)).Register(registry);
            found = known.emplace(std::string(name), &made).first;
        }
        return *found->second;
    }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::Counter::add(double number) const { counter_->Increment(number); }
void Metrics::Histogram::observe(double seconds) const { histogram_->Observe(seconds); }

Metrics::Counter Metrics::counter(std::string_view name, const Labels& labels) {
    return Counter(families_->family<prometheus::Counter>(families_->counters, name, prometheus::BuildCounter)
                       .Add(to_labels(labels)));
}

Metrics::Histogram Metrics::histogram(std::string_view name, const Labels& labels) {
    return Histogram(families_->family<prometheus::Histogram>(families_->histograms, name, prometheus::BuildHistogram)
                         .Add(to_labels(labels), kBuckets));
}

void Metrics::count(std::string_view name, const Labels& labels, double add) { counter(name, labels).add(add); }

void Metrics::gauge(std::string_view name, const Labels& labels, double value) {
    families_->family<prometheus::Gauge>(families_->gauges, name, prometheus::BuildGauge)
        .Add(to_labels(labels))
        .Set(value);
}

void Metrics::observe(std::string_view name, const Labels& labels, double seconds) {
    histogram(name, labels).observe(seconds);
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(families_->registry.Collect()); }

}  // namespace kdeps
