// SPDX-License-Identifier: Apache-2.0
// The host's side of the ABI: the table that plugins get at init, and the extension tables behind get_extension.
#pragma once

#include <kdeps/kdeps.h>
#include <concepts>
#include <string>
#include <string_view>

namespace kdeps::plugin {

class Registry;

// What a `const kdeps_host *` of this host points to.
struct HostTable {
    kdeps_host table;  // first, so that the pointers are the same
    Registry* registry;
};

HostTable make_host(Registry& registry);

// The tables, one file each.
extern const kdeps_values kValueExtension;
extern const kdeps_expressions kExpressionExtension;
extern const kdeps_diagnostics kDiagnosticsExtension;
extern const kdeps_context kContextExtension;
extern const kdeps_progress kProgressExtension;
extern const kdeps_metrics kMetricsExtension;
extern const kdeps_background kBackgroundExtension;

inline kdeps_str to_str(std::string_view text) { return {text.data(), text.size()}; }
template <std::same_as<std::string> Temporary>
kdeps_str to_str(Temporary&&) = delete;  // would be gone before the plugin reads it
inline std::string_view to_view(kdeps_str text) {
    return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

}  // namespace kdeps::plugin
