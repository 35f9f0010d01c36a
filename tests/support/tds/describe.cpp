// SPDX-License-Identifier: Apache-2.0
// sp_describe_first_result_set and sp_describe_undeclared_parameters: statements are compiled, and not run.
#include <algorithm>
#include <array>

#include "tests/support/tds/backend.hpp"
#include "tests/support/tds/system_types.hpp"

namespace kdeps::testing::tds {

namespace {

const Type kBit{Kind::bit};
const Type kInt{Kind::integer};
const Type kSmallint{Kind::smallint};
const Type kTinyint{Kind::tinyint};
const Type kSysname{Kind::nvarchar, 128};

// In the order of the procedure's document.
const std::vector<ResultColumn>& described_as() {
    static const std::vector<ResultColumn> kColumns = {{"is_hidden", kBit, false},
                                                       {"column_ordinal", kInt, false},
                                                       {"name", kSysname},
                                                       {"is_nullable", kBit, false},
                                                       {"system_type_id", kInt, false},
                                                       {"system_type_name", {Kind::nvarchar, 256}},
                                                       {"max_length", kSmallint, false},
                                                       {"precision", kTinyint, false},
                                                       {"scale", kTinyint, false},
                                                       {"collation_name", kSysname},
                                                       {"user_type_id", kInt},
                                                       {"user_type_database", kSysname},
                                                       {"user_type_schema", kSysname},
                                                       {"user_type_name", kSysname},
                                                       {"assembly_qualified_type_name", {Kind::nvarchar, 4000}},
                                                       {"xml_collection_id", kInt},
                                                       {"xml_collection_database", kSysname},
                                                       {"xml_collection_schema", kSysname},
                                                       {"xml_collection_name", kSysname},
                                                       {"is_xml_document", kBit, false},
                                                       {"is_case_sensitive", kBit, false},
                                                       {"is_fixed_length_clr_type", kBit, false},
                                                       {"source_server", kSysname},
                                                       {"source_database", kSysname},
                                                       {"source_schema", kSysname},
                                                       {"source_table", kSysname},
                                                       {"source_column", kSysname},
                                                       {"is_identity_column", kBit},
                                                       {"is_part_of_unique_key", kBit},
                                                       {"is_updateable", kBit},
                                                       {"is_computed_column", kBit},
                                                       {"is_sparse_column_set", kBit},
                                                       {"ordinal_in_order_by_list", kSmallint},
                                                       {"order_by_list_length", kSmallint},
                                                       {"order_by_is_descending", kSmallint},
                                                       {"tds_type_id", kInt, false},
                                                       {"tds_length", kInt, false},
                                                       {"tds_collation_id", kInt},
                                                       {"tds_collation_sort_id", kTinyint}};
    return kColumns;
}

// What is not determined, and what only browsing asks for, is NULL.
std::vector<Value> describe(const ResultColumn& column, std::int64_t ordinal) {
    constexpr std::int64_t kCollationId = 0x00D00409;
    constexpr std::int64_t kSortId = 52;
    const auto flag = [](bool is) { return Value(std::int64_t{is ? 1 : 0}); };
    const Type& type = column.type;
    const SystemType system = system_type(type);
    const bool has_collation = is_text(type.kind) && type.kind != Kind::xml;
    const std::int64_t length = system.max_length;
    std::vector<Value> out(described_as().size());
    const auto set = [&](std::string_view name, Value value) {
        const auto& all = described_as();
        const auto at = std::find_if(all.begin(), all.end(), [&](const ResultColumn& c) { return c.name == name; });
        out[static_cast<std::size_t>(at - all.begin())] = std::move(value);
    };
    set("is_hidden", flag(false));
    set("column_ordinal", ordinal);
    if (!column.name.empty()) set("name", column.name);
    set("is_nullable", flag(column.is_nullable));
    set("system_type_id", std::int64_t{system.id});
    set("system_type_name", type_name(type));
    set("max_length", length);
    set("precision", std::int64_t{system.precision});
    set("scale", std::int64_t{system.scale});
    for (const char* name : {"is_xml_document", "is_case_sensitive", "is_fixed_length_clr_type"})
        set(name, flag(false));
    set("is_identity_column", flag(column.is_identity));
    set("tds_type_id", std::int64_t{system.tds_id});
    set("tds_length", length < 0 ? std::int64_t{0xFFFF} : length);
    if (has_collation) {
        set("collation_name", std::string("SQL_Latin1_General_CP1_CI_AS"));
        set("tds_collation_id", kCollationId);
        set("tds_collation_sort_id", kSortId);
    }
    return out;
}

constexpr std::array<std::string_view, 5> kQueries = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"};
constexpr std::array<std::string_view, 13> kWithoutResult = {"CREATE",    "DROP",  "TRUNCATE", "BEGIN",   "COMMIT",
                                                             "ROLLBACK",  "SAVE",  "SET",      "WAITFOR", "THROW",
                                                             "RAISERROR", "PRINT", "USE"};
constexpr std::array<std::string_view, 8> kUndescribed = {"IF",    "ELSE",  "EXEC",  "EXECUTE",
                                                          "ALTER", "MERGE", "WHILE", "RETURN"};

template <std::size_t kSize>
bool is_one_of(const std::array<std::string_view, kSize>& words, const Token& token) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return token.is(word); });
}

}  // namespace

Variables declared_parameters(const std::string& declarations, std::vector<std::string>* names) {
    Variables out;
    for (const Tokens& declaration : split_list(tokenize(declarations))) {
        if (declaration.size() < 2 || declaration[0].kind != Token::Kind::variable) {
            throw SqlError(102, "Incorrect syntax near the parameter declarations.", 15);
        }
        std::size_t at = declaration[1].is("AS") ? 2 : 1;
        const std::string name = lower(declaration[0].text);
        if (names != nullptr) names->push_back(name);
        out[name] = {type_at(declaration, at), Null()};
    }
    return out;
}

// The columns that the statement would give; none if it gives no result.
std::vector<ResultColumn> Backend::compile(const Tokens& statement, Variables& variables) {
    const Token& verb = statement.front();
    if (verb.is("DECLARE")) {
        for (const Tokens& one : split_list(part(statement, 1, statement.size()))) {
            if (one.size() < 2) throw syntax_near(statement, 1);
            std::size_t at = one[1].is("AS") ? 2 : 1;
            variables[lower(one[0].text)] = {type_at(one, at), Null()};
        }
        return {};
    }
    if (is_one_of(kUndescribed, verb)) throw not_supported(verb.text + " in a batch to describe");
    if (is_one_of(kWithoutResult, verb)) return {};
    if (!is_one_of(kQueries, verb)) throw syntax_near(statement, 0);
    const Query query = Rewriter(*catalog_, facts_, variables).query(statement);
    const SqliteStatement prepared = prepare(query.sql, variables);
    if (std::any_of(query.items.begin(), query.items.end(), [](const Item& i) { return !i.assigns.empty(); }))
        return {};
    std::vector<bool> is_known;
    std::vector<ResultColumn> out = result_columns(prepared.get(), query, is_known);
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (!is_known[i]) throw not_supported("the type of column " + std::to_string(i + 1) + " before it runs");
    }
    return out;
}

// As compile; an error stands at the statement's line and is followed by 11501, as the original has it.
std::vector<ResultColumn> Backend::analyse(const Tokens& statement, Variables& variables, Sink& sink) {
    try {
        return compile(statement, variables);
    } catch (SqlError& error) {
        if (error.line == 1) error.line = statement.front().line;
        if (error.number == not_supported("").number) throw;
        sink.failed(error);
        throw SqlError(11501, "The batch could not be analyzed because of compile errors.");
    }
}

void Backend::describe_result(const std::string& sql, const std::string& declarations, Sink& sink) {
    Variables variables = declared_parameters(declarations);
    std::vector<ResultColumn> found;
    // Those behind the first result are compiled too.
    for (const Tokens& statement : split(tokenize(sql))) {
        std::vector<ResultColumn> columns = analyse(statement, variables, sink);
        if (found.empty()) found = std::move(columns);
    }
    sink.columns(described_as());
    std::int64_t ordinal = 0;
    for (const ResultColumn& column : found) sink.row(describe(column, ++ordinal));
    count(Command::select, ordinal, sink);
}

void Backend::describe_parameters(const std::string& sql, const std::string& declarations, Sink& sink) {
    const Variables declared = declared_parameters(declarations);
    const List list = split(tokenize(sql));
    if (list.size() != 1)
        throw not_supported("undeclared parameters in " + std::to_string(list.size()) + " statements");
    Variables variables = declared;
    std::string twice;
    for (const Token& token : list[0]) {
        if (token.kind != Token::Kind::variable || token.text.starts_with("@@")) continue;
        const std::string name = lower(token.text);
        const bool is_new = variables.emplace(name, TypedValue{{Kind::nvarchar, 4000}, Null()}).second;
        if (!is_new && !declared.contains(name)) twice = token.text;
    }
    try {
        analyse(list[0], variables, sink);
    } catch (const SqlError& error) {
        // Types of columns are not asked for.
        if (error.number != not_supported("").number) throw;
    }
    if (!twice.empty())
        throw SqlError(11508,
                       "The undeclared parameter '" + twice + "' is used more than once in the batch being analyzed.");
    const auto parameters = Rewriter(*catalog_, facts_, declared).undeclared(list[0]);
    sink.columns({{"parameter_ordinal", kInt, false},
                  {"name", kSysname, false},
                  {"suggested_system_type_id", kInt, false},
                  {"suggested_system_type_name", {Kind::nvarchar, 256}, true}});
    std::int64_t ordinal = 0;
    for (const auto& [parameter, type] : parameters)
        sink.row({++ordinal, parameter, std::int64_t{system_type(type).id}, type_name(type)});
    count(Command::select, ordinal, sink);
}

}  // namespace kdeps::testing::tds
