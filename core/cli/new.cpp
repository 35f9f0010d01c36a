// SPDX-License-Identifier: Apache-2.0
// `kdeps new`: the beginning of a workflow or of a plugin.
#include <cstdio>

#include "core/cli/commands.hpp"

namespace kdeps::cli {

int make_new(const scaffold::Request& request) {
    for (const auto& file : scaffold::create(request, "")) std::printf("%s\n", file.c_str());
    if (request.kind == scaffold::Kind::workflow) {
        std::printf("\nnext: kdeps run %s --once\n", request.name.c_str());
    } else {
        std::printf("\nnext: cd %s && cmake -B build && cmake --build build && ctest --test-dir build\n",
                    request.name.c_str());
    }
    return kSuccess;
}

}  // namespace kdeps::cli
