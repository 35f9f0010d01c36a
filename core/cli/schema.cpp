// SPDX-License-Identifier: Apache-2.0
// `kdeps schema`: the JSON Schema of workflow files, for editors.
#include "core/cli/schema/schema.hpp"

#include <cstdio>
#include <fstream>

#include "core/cli/commands.hpp"

namespace kdeps::cli {

int print_schema(const LoadOptions& options, const std::filesystem::path& output) {
    const plugin::Registry plugins(plugin::search_folders(options.plugin_folders));
    const schema::Schema made = schema::assemble(plugins);
    for (const std::string& fault : made.faults) std::fprintf(stderr, "warning: %s\n", fault.c_str());
    if (output.empty()) {
        std::fputs(made.text.c_str(), stdout);
        return kSuccess;
    }
    std::ofstream stream(output, std::ios::binary);
    stream << made.text;
    stream.close();
    if (!stream) throw Error(Status::unavailable, "--output: the file '" + output.string() + "' cannot be written");
    return kSuccess;
}

}  // namespace kdeps::cli
