// SPDX-License-Identifier: Apache-2.0
#include "core/base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <map>
#include <mutex>
#include <unordered_map>

namespace kdeps {

namespace {

// Seconds: from a quick lookup to the default timeout of a statement.
const prometheus::Histogram::BucketBoundaries kBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                          0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0};

// The metrics of one kind.  The library makes a metric to find out that it has it already, so each is asked for once.
template <typename Metric>
class Known {
public:
    template <typename Builder, typename... More>
    Metric& find(prometheus::Registry& registry, Builder build, std::string_view name, const Metrics::Labels& labels,
                 const More&... more) {
        thread_local std::string key;
        key.assign(name);
        for (const auto& [label, value] : labels) key.append(1, '\0').append(label).append(1, '\0').append(value);
        const std::lock_guard lock(mutex_);
        if (const auto found = metrics_.find(key); found != metrics_.end()) return *found->second;
        auto family = families_.find(name);
        if (family == families_.end()) {
            auto& made = build().Name(std::string(name)).Register(registry);
            family = families_.emplace(std::string(name), &made).first;
        }
        Metric& made = family->second->Add({labels.begin(), labels.end()}, more...);
        metrics_.emplace(key, &made);
        return made;
    }

private:
    std::mutex mutex_;  // guards the maps; the metrics guard themselves
    std::map<std::string, prometheus::Family<Metric>*, std::less<>> families_;
    std::unordered_map<std::string, Metric*> metrics_;  // by name and labels
};

}  // namespace

struct Metrics::Families {
    prometheus::Registry registry;
    Known<prometheus::Counter> counters;
    Known<prometheus::Gauge> gauges;
    Known<prometheus::Histogram> histograms;
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::Counter::add(double number) const { counter_->Increment(number); }
void Metrics::Histogram::observe(double seconds) const { histogram_->Observe(seconds); }

Metrics::Counter Metrics::counter(std::string_view name, const Labels& labels) {
    return Counter(families_->counters.find(families_->registry, prometheus::BuildCounter, name, labels));
}

Metrics::Histogram Metrics::histogram(std::string_view name, const Labels& labels) {
    return Histogram(
        families_->histograms.find(families_->registry, prometheus::BuildHistogram, name, labels, kBuckets));
}

void Metrics::count(std::string_view name, const Labels& labels, double add) { counter(name, labels).add(add); }

void Metrics::gauge(std::string_view name, const Labels& labels, double value) {
    families_->gauges.find(families_->registry, prometheus::BuildGauge, name, labels).Set(value);
}

void Metrics::observe(std::string_view name, const Labels& labels, double seconds) {
    histogram(name, labels).observe(seconds);
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(families_->registry.Collect()); }

}  // namespace kdeps
