// SPDX-License-Identifier: Apache-2.0
#include "core/cli/conformance/conformance.hpp"

#include <algorithm>

#include "core/cli/conformance/checks.hpp"

namespace kdeps::conformance {

namespace {

bool offers(const plugin::Manifest& manifest, std::string_view interface) {
    return std::any_of(manifest.provides.begin(), manifest.provides.end(),
                       [&](const auto& one) { return one.interface == interface; });
}

}  // namespace

std::size_t Report::count(Verdict verdict) const {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(), [&](const Finding& one) { return one.verdict == verdict; }));
}

Report test(const Options& options) {
    Report report;
    report.library = options.library;
    const Quirks quirks(options.quirks);
    const plugin::Manifest manifest = manifest_of(options.library);
    isolate(
        "lifecycle", options.limit, [&](Reporter& reporter) { check_lifecycle(options, reporter); }, report);
    // What cannot be loaded cannot be called.
    if (report.count(Verdict::failed) > 0) return report;

    using Check = void (*)(const Options&, const Quirks&, Reporter&);
    const auto group = [&](const char* name, Check check) {
        isolate(
            name, options.limit, [&](Reporter& reporter) { check(options, quirks, reporter); }, report);
    };
    if (offers(manifest, KDEPS_EXECUTOR_ID)) {
        group("executor", check_executor);
        group("executor: stopping", check_executor_stops);
        group("executor: threads", check_executor_threads);
        group("executor: leaks", check_executor_leaks);
    }
    if (offers(manifest, KDEPS_DRIVER_ID)) {
        group("driver: URLs", check_driver_urls);
        group("driver", check_driver);
        group("driver: types", check_driver_types);
        group("driver: stopping", check_driver_stops);
        group("driver: threads", check_driver_threads);
        group("driver: leaks", check_driver_leaks);
    }
    return report;
}

}  // namespace kdeps::conformance
