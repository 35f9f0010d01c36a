// SPDX-License-Identifier: Apache-2.0
// `kdeps plugins test LIB`: does a plugin keep the contract of sdk/ABI.md?
#include <cstdio>

#include "core/cli/commands.hpp"
#include "core/cli/conformance/conformance.hpp"

namespace kdeps::cli {

int plugins_test(const PluginTestOptions& options) {
    // What a plugin logs while it is led astray on purpose helps nobody.
    log::configure(log::Level::off, log::Format::text);
    conformance::Options test;
    test.library = options.library;
    test.quirks = options.quirks;
    test.url = options.url;
    test.plugin_folders = options.plugin_folders;
    const conformance::Report report = conformance::test(test);
    std::fputs((options.is_json ? conformance::to_json(report) : conformance::to_text(report)).c_str(), stdout);
    return report.count(conformance::Verdict::failed) == 0 ? kSuccess : kRunFailed;
}

}  // namespace kdeps::cli
