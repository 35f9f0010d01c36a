// SPDX-License-Identifier: Apache-2.0
#include "token_view.hpp"

#include <utility>

#include "lexemes.hpp"

namespace kdeps::sql {

TokenView::TokenView(std::string_view sql, std::vector<Token> tokens)
    : sql_(sql),
      tokens_(std::move(tokens)),
      words_(tokens_.size() + 1),
      before_(tokens_.size(), kNone),
      after_(tokens_.size(), kNone),
      opener_(tokens_.size(), kNone) {
    std::size_t last = kNone;
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        const TokenKind kind = tokens_[i].kind;
        before_[i] = last;
        if (!open.empty()) opener_[i] = open.back();
        if (kind == TokenKind::space || kind == TokenKind::comment) continue;
        if (kind == TokenKind::word) words_[i] = upper(text(i));
        if (kind == TokenKind::symbol || kind == TokenKind::question) words_[i] = std::string(text(i));
        if (words_[i] == "(" || words_[i] == "[") open.push_back(i);
        if ((words_[i] == ")" || words_[i] == "]") && !open.empty()) open.pop_back();
        last = i;
    }
    std::size_t next = kNone;
    for (std::size_t i = tokens_.size(); i-- > 0;) {
        after_[i] = next;
        if (tokens_[i].kind != TokenKind::space && tokens_[i].kind != TokenKind::comment) next = i;
    }
}

}  // namespace kdeps::sql
