// SPDX-License-Identifier: Apache-2.0
// `kdeps eval`: an expression without a workflow.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "core/cli/commands.hpp"
#include "core/expr/expr.hpp"

namespace kdeps::cli {

int eval(const EvalOptions& options) {
    if (options.is_jsonl) {
        std::ios::sync_with_stdio(false);
        for (std::string line; std::getline(std::cin, line);) {
            if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
            std::cout << expr::eval_jsonl_line(line) << '\n';
        }
        std::cout.flush();
        return kSuccess;
    }
    value::Value variables;
    if (!options.env_file.empty()) {
        std::ifstream stream(options.env_file, std::ios::binary);
        if (!stream) throw Error(Status::invalid_argument, "--env: the file '" + options.env_file + "' cannot be read");
        variables = value::parse_json(std::string(std::istreambuf_iterator<char>(stream), {}));
    }
    try {
        std::printf("%s\n", value::to_json(value::to_plain(expr::evaluate_with(options.expression, variables))).c_str());
        return kSuccess;
    } catch (const expr::CompileError& error) {
        std::fprintf(stderr, "error: %s\n  %s\n  %*s^\n", error.message.c_str(), options.expression.c_str(), static_cast<int>(error.offset), "");
        return kWrongUse;
    } catch (const Error& error) {
        std::fprintf(stderr, "error: %s\n", error.message.c_str());
        return kRunFailed;
    }
}

}  // namespace kdeps::cli
