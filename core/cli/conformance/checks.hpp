// SPDX-License-Identifier: Apache-2.0
// The groups of checks.  Each runs in a process of its own.
#pragma once

#include "core/cli/conformance/isolate.hpp"
#include "core/cli/conformance/subject.hpp"

namespace kdeps::conformance {

// From the file to shutdown, without configuration.
void check_lifecycle(const Options& options, Reporter& reporter);

void check_executor(const Options& options, const Quirks& quirks, Reporter& reporter);
void check_executor_stops(const Options& options, const Quirks& quirks, Reporter& reporter);
void check_executor_threads(const Options& options, const Quirks& quirks, Reporter& reporter);
void check_executor_leaks(const Options& options, const Quirks& quirks, Reporter& reporter);

// Without a database.
void check_driver_urls(const Options& options, const Quirks& quirks, Reporter& reporter);
// With one.
void check_driver(const Options& options, const Quirks& quirks, Reporter& reporter);
void check_driver_types(const Options& options, const Quirks& quirks, Reporter& reporter);
void check_driver_stops(const Options& options, const Quirks& quirks, Reporter& reporter);
void check_driver_threads(const Options& options, const Quirks& quirks, Reporter& reporter);
void check_driver_leaks(const Options& options, const Quirks& quirks, Reporter& reporter);

// The symbols that a library defines for others.  Throws Error if the file is no ELF library of this machine.
std::vector<std::string> exported_symbols(const std::filesystem::path& library);

}  // namespace kdeps::conformance
