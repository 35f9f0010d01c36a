// SPDX-License-Identifier: Apache-2.0
// The host and its extension tables, looked up once when the plugin starts.
#pragma once

#include <kdeps/kdeps.h>

#include <kdeps/cpp/error.hpp>
#include <new>
#include <string>
#include <string_view>
#include <vector>

KDEPS_SDK_BEGIN

// Any thread.  Lives as long as the plugin's instance.
class Host {
public:
    // Throws Error (UNSUPPORTED) if the host lacks an extension that every host of this major has.
    explicit Host(const kdeps_host* host)
        : host_(host),
          values_(extension<kdeps_values>(KDEPS_VALUE_ID)),
          expressions_(extension<kdeps_expressions>(KDEPS_EXPRESSION_ID)),
          diagnostics_(extension<kdeps_diagnostics>(KDEPS_DIAGNOSTICS_ID)),
          context_(extension<kdeps_context>(KDEPS_CONTEXT_ID)),
          progress_(extension<kdeps_progress>(KDEPS_PROGRESS_ID)),
          metrics_(extension<kdeps_metrics>(KDEPS_METRICS_ID)),
          background_(extension<kdeps_background>(KDEPS_BACKGROUND_ID)) {}

    const kdeps_host* get() const { return host_; }
    const kdeps_values& values() const { return *values_; }
    const kdeps_expressions& expressions() const { return *expressions_; }
    const kdeps_diagnostics& diagnostics() const { return *diagnostics_; }
    const kdeps_context& context() const { return *context_; }
    const kdeps_progress& progress() const { return *progress_; }
    const kdeps_background& background() const { return *background_; }

    void log(std::int32_t level, std::string_view message) const { host_->log(host_, nullptr, level, to_str(message)); }

    using Labels = std::initializer_list<std::string_view>;  // key, value, key, value ...
    void count(std::string_view name, Labels labels, double add) const { metric(metrics_->count, name, labels, add); }
    void gauge(std::string_view name, Labels labels, double value) const {
        metric(metrics_->gauge, name, labels, value);
    }
    void observe(std::string_view name, Labels labels, double seconds) const {
        metric(metrics_->observe, name, labels, seconds);
    }

private:
    template <typename Table>
    const Table* extension(const char* id) const {
        const auto* table = static_cast<const Table*>(host_->get_extension(host_, id));
        if (table == nullptr) {
            throw Error(KDEPS_UNSUPPORTED, std::string("the host does not offer ") + id);
        }
        return table;
    }

    template <typename Slot>
    void metric(Slot slot, std::string_view name, Labels labels, double value) const {
        std::vector<kdeps_str> texts;
        for (const std::string_view label : labels) {
            texts.push_back(to_str(label));
        }
        slot(host_, to_str(name), texts.data(), texts.size(), value);
    }

    const kdeps_host* host_;
    const kdeps_values* values_;
    const kdeps_expressions* expressions_;
    const kdeps_diagnostics* diagnostics_;
    const kdeps_context* context_;
    const kdeps_progress* progress_;
    const kdeps_metrics* metrics_;
    const kdeps_background* background_;
};

// Runs `work` and reports what it throws as the error of the call: the only try/catch of a plugin.
template <typename Work>
kdeps_status guarded(const kdeps_host* host, kdeps_call* call, Work&& work) noexcept {
    const auto fail = [&](const Error& error) {
        const kdeps_error out = error.to_c();
        return host->fail(call, &out);
    };
    try {
        work();
        return KDEPS_OK;
    } catch (const Error& error) {
        return fail(error);
    } catch (const std::bad_alloc&) {
        return fail(Error(KDEPS_EXHAUSTED, "not enough memory"));
    } catch (const std::exception& error) {
        return fail(Error(KDEPS_INTERNAL, error.what()));
    } catch (...) {
        return fail(Error(KDEPS_INTERNAL, "unknown exception"));
    }
}

KDEPS_SDK_END
