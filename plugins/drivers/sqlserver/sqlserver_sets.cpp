// SPDX-License-Identifier: Apache-2.0
#include "sqlserver_sets.hpp"

#include <algorithm>
#include <cctype>

#include "sqlserver_placeholders.hpp"
#include "sqlserver_words.hpp"

namespace kdeps::sqlserver {

namespace {

constexpr const char* kMark = "kdeps affected";
// A table constructor has no more ("Table Value Constructor").
constexpr std::size_t kMostRows = 1000;

Argument text_argument(const std::string& text) {
    kdeps_cell cell{};
    cell.kind = KDEPS_STRING;
    cell.as.s = to_str(text);
    return make_argument(cell, 0, Place::text);
}

std::string name_of(const char* letter, std::size_t number) { return letter + std::to_string(number); }

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// Behind the parenthesis that closes the one at `open`; the size if there is none.
std::size_t after_parentheses(const std::string& sql, std::size_t open) {
    int depth = 0;
    for (std::size_t at = open; at < sql.size();) {
        if (sql[at] == '(') ++depth;
        const bool closes = sql[at] == ')';
        at = is_of_name(sql[at]) ? at + 1 : after_other(sql, at);
        if (closes && --depth == 0) return at;
    }
    return sql.size();
}

}  // namespace

void Calls::add(const std::vector<Argument>& set) {
    std::vector<std::string> names;  // what stands for each parameter
    std::string types;
    for (std::size_t i = 0; i < set.size(); ++i) {
        types += (i == 0 ? "" : ",") + name_of("@p", i + 1) + " " + set[i].type;
        if (set[i].literal != nullptr) {
            names.emplace_back(set[i].literal);
            continue;
        }
        names.push_back(name_of("@kdeps_", arguments_.size() + 1));
        bytes_ += set[i].content().size() + 32;
        Argument& kept = arguments_.emplace_back(names.back(), set[i]).second;
        kept.bytes = texts_.emplace_back(set[i].bytes);  // the cells go with their batch
    }
    if (is_plain_) {
        std::size_t at = 0;
        for (const Placeholder& place : placeholders(sql_)) {
            text_ += sql_.substr(at, place.begin - at) + names.at(place.number - 1);
            at = place.end;
        }
        text_ += sql_.substr(at) + "\n;SELECT @kdeps_e=@@ERROR,@kdeps_n=@@ROWCOUNT;";
        bytes_ += sql_.size();
    } else {
        const auto [declared, is_new] = declared_.emplace(types, declared_.size() + 1);
        text_ += "EXEC @kdeps_e=sp_executesql @s," + name_of("@d", declared->second);
        for (std::size_t i = 0; i < set.size(); ++i) text_ += "," + name_of("@p", i + 1) + "=" + names[i];
        text_ += ";SELECT @kdeps_n=@@ROWCOUNT;";
    }
    text_ += std::string("SELECT @kdeps_n AS [") + kMark + "];IF @kdeps_e<>0 OR XACT_STATE()<>1 RETURN;\n";
    ++sets_;
}

void Calls::send(Connection& connection, Operation& operation) const {
    std::string declarations = "@kdeps_e int,@kdeps_n int";
    if (!is_plain_) declarations += ",@s nvarchar(max)";
    for (std::size_t i = 1; i <= declared_.size(); ++i) declarations += "," + name_of("@d", i) + " nvarchar(max)";
    for (const auto& [name, argument] : arguments_) declarations += "," + name + " " + argument.type;
    Request request(process_, "sp_executesql");
    request.add_text("@stmt", text_);
    request.add_text("@params", std::move(declarations));
    Argument none;
    none.is_null = true;
    none.wire = SYBINT4;
    request.add("@kdeps_e", none);
    request.add("@kdeps_n", none);
    if (!is_plain_) request.add("@s", text_argument(sql_));
    for (const auto& [types, number] : declared_) request.add(name_of("@d", number), text_argument(types));
    for (const auto& [name, argument] : arguments_) request.add(name, argument);
    connection.send_call(operation, request.bytes());
}

bool Calls::is_mark(DBPROCESS* process) {
    const char* name = dbnumcols(process) == 1 ? dbcolname(process, 1) : nullptr;
    return name != nullptr && std::string_view(name) == kMark;
}

std::optional<Constructor> constructor_of(const std::string& sql) {
    if (!words_of(sql).is_plain) return std::nullopt;
    constexpr std::size_t kNone = std::string::npos;
    std::size_t values = kNone;
    std::size_t values_word = 0;
    std::size_t first = kNone;
    for (std::size_t at = 0; at < sql.size();) {
        if (!is_of_name(sql[at])) {
            // The columns; VALUES inside of parentheses is no clause of this statement.
            at = sql[at] == '(' ? after_parentheses(sql, at) : after_other(sql, at);
            continue;
        }
        const std::size_t begin = at;
        while (at < sql.size() && is_of_name(sql[at])) ++at;
        std::string word = sql.substr(begin, at - begin);
        std::transform(word.begin(), word.end(), word.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        if (first == kNone) {
            if (word != "INSERT") return std::nullopt;
            first = begin;
        }
        if (word == "OUTPUT" || word == "SELECT" || word == "DEFAULT" || word == "TOP") return std::nullopt;
        if (word == "VALUES") {
            values_word = begin;
            values = at;
            break;
        }
    }
    if (values == kNone) return std::nullopt;
    std::size_t open = values;
    while (open < sql.size() && is_space(sql[open])) ++open;
    if (open >= sql.size() || sql[open] != '(') return std::nullopt;
    const std::size_t end = after_parentheses(sql, open);
    Constructor out{sql.substr(0, open), sql.substr(open, end - open), sql.substr(end), values_word};
    if (!out.row.ends_with(')') || out.tail.find_first_not_of(" \t\r\n;") != kNone) return std::nullopt;
    // A sequence gives no numbers to rows of a constructor or of a sorted SELECT.
    const std::vector<std::string> words = capital_words(out.row);
    if (std::find(words.begin(), words.end(), "NEXT") != words.end()) return std::nullopt;
    return out;
}

namespace {

bool widen(Declared& declared, const Argument& argument) {
    constexpr int kMostDigits = 38;
    if (argument.is_null) {
        // Nothing converts to a binary type by itself, not even NULL.
        if (declared.type.empty() && argument.wire == kVarbinary) declared.type = argument.type;
        return true;
    }
    if (declared.type == argument.type) return true;
    if (declared.type.empty()) {
        declared = {argument.type, argument.wire == SYBNUMERIC ? argument.digits : -1, argument.scale};
        return true;
    }
    if (declared.digits < 0 || argument.wire != SYBNUMERIC || argument.digits < 0) return false;
    const int digits = std::max(declared.digits, argument.digits);
    const int scale = std::max(declared.scale, argument.scale);
    if (digits + scale > kMostDigits) return false;
    declared = {"decimal(" + std::to_string(digits + scale) + "," + std::to_string(scale) + ")", digits, scale};
    return true;
}

}  // namespace

bool widen_all(std::vector<Declared>& types, const std::vector<Argument>& set) {
    std::vector<Declared> wider = types;
    wider.resize(set.size());
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (!widen(wider[i], set[i])) return false;
    }
    types = std::move(wider);
    return true;
}

bool Rows::add(const std::vector<Argument>& set) {
    const std::size_t size = std::max<std::size_t>(set.size(), 1);
    if (sets_ > 0 && ((sets_ + 1) * size > kMostOfARequest || sets_ >= kMostRows || bytes_ > kMostBytesOfARequest))
        return false;
    // Columns of a constructor have one type: another would be converted to it, or be what the others become.
    if (!widen_all(types_, set)) return false;
    std::vector<Argument>& kept = rows_.emplace_back(set);
    for (Argument& argument : kept) {
        bytes_ += argument.content().size() + 32;
        argument.bytes = texts_.emplace_back(argument.bytes);
    }
    ++sets_;
    return true;
}

void Rows::send(Connection& connection, Operation& operation) const {
    const std::vector<Placeholder> places = placeholders(constructor_.row);
    std::string text = constructor_.head;
    std::string declarations;
    std::vector<std::pair<std::string, Argument>> arguments;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        const std::size_t before = row * types_.size();
        for (std::size_t i = 0; i < types_.size(); ++i) {
            Argument argument = rows_[row][i];
            if (argument.literal != nullptr) continue;
            // A NULL among values has their type.
            if (!types_[i].type.empty()) argument.type = types_[i].type;
            const std::string name = name_of("@kdeps_", before + i + 1);
            declarations += (declarations.empty() ? "" : ",") + name + " " + argument.type;
            arguments.emplace_back(name, std::move(argument));
        }
        text += row == 0 ? "" : ",\n";
        std::size_t at = 0;
        for (const Placeholder& place : places) {
            text += constructor_.row.substr(at, place.begin - at);
            const Argument& argument = rows_[row].at(place.number - 1);
            text +=
                argument.literal != nullptr ? std::string(argument.literal) : name_of("@kdeps_", before + place.number);
            at = place.end;
        }
        text += constructor_.row.substr(at);
    }
    Request request(process_, "sp_executesql");
    request.add_text("@stmt", text + constructor_.tail);
    if (!declarations.empty()) request.add_text("@params", std::move(declarations));
    for (const auto& [name, argument] : arguments) request.add(name, argument);
    connection.send_call(operation, request.bytes());
}

}  // namespace kdeps::sqlserver
