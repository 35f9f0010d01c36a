// SPDX-License-Identifier: Apache-2.0
// The types of expressions, as far as their text tells.
#include <algorithm>

#include "tests/support/tds/bytes.hpp"
#include "tests/support/tds/rewrite.hpp"

namespace kdeps::testing::tds {

std::optional<Type> Rewriter::infer(const Tokens& given, const std::vector<std::string>& tables) const {
    Tokens expression = given;
    while (expression.size() > 2 && expression[0].is_symbol("(") && closing(expression, 0) == expression.size() - 1) {
        expression = part(expression, 1, expression.size() - 1);
    }
    if (expression.size() == 2 && expression[0].is_symbol("-")) expression.erase(expression.begin());
    if (expression.empty()) return std::nullopt;
    const Token& first = expression[0];
    if (expression.size() == 1) {
        switch (first.kind) {
            case Token::Kind::text: {
                const auto length = static_cast<int>(std::max<std::size_t>(1, utf16_units(first.text)));
                return Type{first.is_unicode ? Kind::nvarchar : Kind::varchar, length > 4000 ? kMax : length};
            }
            case Token::Kind::binary:
                return Type{Kind::varbinary, static_cast<int>(std::max<std::size_t>(1, (first.text.size() + 1) / 2))};
            case Token::Kind::number: {
                if (first.text.find_first_of("eE") != std::string::npos) return Type{Kind::floating};
                const std::size_t point = first.text.find('.');
                const auto digits = static_cast<int>(first.text.size() - (point == std::string::npos ? 0 : 1));
                if (digits > 38)
                    throw SqlError(1007,
                                   "The number '" + first.text +
                                       "' is out of the range for numeric representation (maximum precision 38).",
                                   15);
                if (point != std::string::npos)
                    return Type{Kind::numeric, 0, digits, static_cast<int>(first.text.size() - point) - 1};
                if (digits < 10 || (digits == 10 && first.text <= "2147483647")) return Type{Kind::integer};
                return Type{Kind::numeric, 0, digits, 0};
            }
            case Token::Kind::variable: {
                const std::string name = lower(first.text);
                if (const auto found = variables_.find(name); found != variables_.end()) return found->second.type;
                if (name == "@@version") return Type{Kind::nvarchar, 300};
                if (name == "@@language" || name == "@@isolation") return Type{Kind::nvarchar, 128};
                if (name == "@@servername") return Type{Kind::nvarchar, 128};
                if (name == "@@identity") return Type{Kind::numeric, 0, 38, 0};
                return Type{Kind::integer};
            }
            default: break;
        }
        if (first.is("NULL")) return Type{Kind::integer};
    }
    if (first.kind == Token::Kind::word && expression.size() > 2 && expression[1].is_symbol("(") &&
        closing(expression, 1) == expression.size() - 1) {
        return infer_call(first.keyword, part(expression, 2, expression.size() - 1), tables);
    }
    if (first.is_name() && (expression.size() == 1 || (expression.size() == 3 && expression[1].is_symbol(".")))) {
        std::optional<Type> found;
        for (const std::string& table : tables) {
            const auto column = catalog_.column(table, expression.back().text);
            if (column && found && *found != column->type) return std::nullopt;
            if (column) found = column->type;
        }
        return found;
    }
    return std::nullopt;
}

std::optional<Type> Rewriter::infer_call(const std::string& keyword, const Tokens& inner,
                                         const std::vector<std::string>& tables) const {
    static const std::map<std::string, const char*> kTypes = {
        {"COUNT", "int"},
        {"COUNT_BIG", "bigint"},
        {"LEN", "int"},
        {"DATALENGTH", "int"},
        {"CHARINDEX", "int"},
        {"DATEDIFF", "int"},
        {"OBJECT_ID", "int"},
        {"XACT_STATE", "smallint"},
        {"CURRENT_TRANSACTION_ID", "bigint"},
        {"GETDATE", "datetime"},
        {"GETUTCDATE", "datetime"},
        {"SYSDATETIME", "datetime2(7)"},
        {"SYSUTCDATETIME", "datetime2(7)"},
        {"SYSDATETIMEOFFSET", "datetimeoffset(7)"},
        {"DATEADD", "datetime2(7)"},
        {"NEWID", "uniqueidentifier"},
        {"SCOPE_IDENTITY", "numeric(38,0)"},
        {"DB_NAME", "nvarchar(128)"},
        {"SUSER_SNAME", "nvarchar(128)"},
        {"ORIGINAL_LOGIN", "nvarchar(128)"},
        {"APP_NAME", "nvarchar(128)"},
        {"HOST_NAME", "nvarchar(128)"},
    };
    if (const auto found = kTypes.find(keyword); found != kTypes.end()) return parse_type(found->second);
    const std::vector<Tokens> arguments = split_list(inner);
    if (arguments.empty()) return std::nullopt;
    if (keyword == "CAST" || keyword == "TRY_CAST") {
        std::size_t at = find_flat(inner, 0, [](const Token& t) { return t.is("AS"); }) + 1;
        return type_at(inner, at);
    }
    if (keyword == "CONVERT" || keyword == "TRY_CONVERT") {
        std::size_t at = 0;
        return type_at(arguments[0], at);
    }
    if (keyword == "ISNULL" || keyword == "COALESCE" || keyword == "MIN" || keyword == "MAX" || keyword == "NULLIF")
        return infer(arguments[0], tables);
    if (keyword == "UPPER" || keyword == "LOWER" || keyword == "TRIM") return infer(arguments[0], tables);
    if (keyword == "SUM" || keyword == "AVG") {
        auto type = infer(arguments[0], tables);
        if (type && is_decimal(type->kind) && type->kind != Kind::money) {
            type->precision = 38;
            if (keyword == "AVG") type->scale = std::max(6, type->scale);
        }
        if (type && is_integer(type->kind) && type->kind != Kind::bigint) type->kind = Kind::integer;
        return type;
    }
    return std::nullopt;
}

}  // namespace kdeps::testing::tds
