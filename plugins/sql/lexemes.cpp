// SPDX-License-Identifier: Apache-2.0
#include "lexemes.hpp"

#include <algorithm>

namespace kdeps::sql {

std::string upper(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return out;
}

std::vector<Lexeme> lexemes(std::string_view sql, const std::vector<Token>& tokens) {
    std::vector<Lexeme> out;
    for (const Token& token : tokens) {
        if (token.kind == TokenKind::space || token.kind == TokenKind::comment) continue;
        Lexeme& lexeme = out.emplace_back(Lexeme{token.kind, token.begin, token.end, {}});
        const std::string_view text = sql.substr(token.begin, token.end - token.begin);
        if (token.kind == TokenKind::word) lexeme.word = upper(text);
        if (token.kind == TokenKind::symbol || token.kind == TokenKind::question) lexeme.word = std::string(text);
    }
    return out;
}

}  // namespace kdeps::sql
