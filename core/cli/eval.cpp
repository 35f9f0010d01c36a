// SPDX-License-Identifier: Apache-2.0
// `kdeps eval`: an expression without a workflow.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "core/cli/commands.hpp"
#include "core/expr/expr.hpp"

namespace kdeps::cli {

namespace {

// The message, then the line of the fault and a caret; of a long line the part around it.
int report(const std::string& message, std::string_view source, std::size_t offset, int code) {
    constexpr std::size_t kMargin = 60;  // bytes before and behind the fault
    offset = std::min(offset, source.size());
    const std::size_t before = source.substr(0, offset).rfind('\n');
    std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    std::size_t end = std::min(source.find('\n', offset), source.size());
    const auto is_inside = [&](std::size_t at) {
        return at < source.size() && (static_cast<unsigned char>(source[at]) & 0xC0U) == 0x80;
    };
    const bool is_cut = offset - begin > kMargin;
    if (is_cut) begin = offset - kMargin;
    while (is_inside(begin) && begin < offset) ++begin;
    const bool goes_on = end - offset > kMargin;
    if (goes_on) end = offset + kMargin;
    while (is_inside(end)) ++end;
    std::string shown = is_cut ? "..." : "";
    std::string caret(shown.size(), ' ');
    for (std::size_t i = begin; i < offset; ++i) {
        if (!is_inside(i)) caret += source[i] == '\t' ? '\t' : ' ';
    }
    shown += std::string(source.substr(begin, end - begin)) + (goes_on ? "..." : "");
    std::fprintf(stderr, "error: %s\n  %s\n  %s^\n", message.c_str(), shown.c_str(), caret.c_str());
    return code;
}

}  // namespace

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
        std::printf("%s\n",
                    value::to_json(value::to_plain(expr::evaluate_with(options.expression, variables))).c_str());
        return kSuccess;
    } catch (const expr::CompileError& error) {
        return report(error.message, options.expression, error.offset, kWrongUse);
    } catch (const expr::RunError& error) {
        return report(error.message, options.expression, error.offset, kRunFailed);
    } catch (const Error& error) {
        std::fprintf(stderr, "error: %s\n", error.message.c_str());
        return kRunFailed;
    }
}

}  // namespace kdeps::cli
