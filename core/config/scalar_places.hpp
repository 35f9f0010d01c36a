// SPDX-License-Identifier: Apache-2.0
// Where the bytes of a scalar stand in the file, when quotes, escapes and folded lines have changed the text.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace kdeps::config {

// From byte `offset` of the text on, it stands in the file as it is, up to the next run.
struct TextRun {
    std::size_t offset;
    int line;    // from 1
    int column;  // from 1, in characters
};

enum class ScalarStyle { plain, single_quoted, double_quoted, block };

// `line` and `column` (bytes, from 0) are those of the first character of the text; of a block scalar, the line of its
// first text and its indentation.  The runs are in order, the first begins at 0.
std::vector<TextRun> find_runs(std::string_view text, const std::vector<std::string_view>& lines, std::size_t line,
                               std::size_t column, ScalarStyle style);

}  // namespace kdeps::config
