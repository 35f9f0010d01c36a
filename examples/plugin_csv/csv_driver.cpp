// SPDX-License-Identifier: Apache-2.0
// A driver whose database is a folder of CSV files: csv://./folder.
#include <algorithm>
#include <compare>
#include <kdeps/cpp/driver.hpp>

#include "query.hpp"
#include "table.hpp"

namespace csv {

namespace fs = std::filesystem;
using kdeps::Call;
using kdeps::Error;
using kdeps::columns::RowBuilder;
using kdeps::columns::Type;

namespace {

Value value_of(const kdeps_cell& cell) {
    switch (cell.kind) {
        case KDEPS_NULL: return {};
        case KDEPS_BOOL:
        case KDEPS_INT: return cell.as.i;
        case KDEPS_DOUBLE: return cell.as.d;
        default: return std::string(kdeps::to_view(cell.as.s));
    }
}

// Numbers by their size, texts by their bytes; a text that is compared with numbers must be one.  Never NULL.
std::partial_ordering compare(const Value& a, const Value& b) {
    const auto* left = std::get_if<std::int64_t>(&a);
    const auto* right = std::get_if<std::int64_t>(&b);
    if (left != nullptr && right != nullptr) return *left <=> *right;
    if (std::holds_alternative<std::string>(a) && std::holds_alternative<std::string>(b)) {
        const int order = std::get<std::string>(a).compare(std::get<std::string>(b));
        return order <=> 0;
    }
    const auto number = [](const Value& value) {
        const auto* integer = std::get_if<std::int64_t>(&value);
        return integer == nullptr ? std::get<double>(value) : static_cast<double>(*integer);
    };
    return number(a) <=> number(b);
}

bool holds(Comparison comparison, const Value& value, const Value& operand) {
    const bool is_null = std::holds_alternative<std::monostate>(value);
    if (comparison == Comparison::is_null) return is_null;
    if (comparison == Comparison::is_not_null) return !is_null;
    if (is_null || std::holds_alternative<std::monostate>(operand)) return false;  // as in SQL: unknown
    const std::partial_ordering order = compare(value, operand);
    switch (comparison) {
        case Comparison::equal: return order == 0;
        case Comparison::unequal: return order != 0;
        case Comparison::less: return order < 0;
        case Comparison::less_or_equal: return order <= 0;
        case Comparison::greater: return order > 0;
        default: return order >= 0;
    }
}

// What an operand is, in the type of the column that it is compared with.
Value operand_for(const Operand& operand, Type type, std::span<const kdeps_cell> parameters,
                  const std::string& column) {
    Value value = operand.parameter ? value_of(parameters[*operand.parameter]) : operand.literal;
    const bool is_text = std::holds_alternative<std::string>(value);
    if (type == Type::text && !is_text && !std::holds_alternative<std::monostate>(value)) {
        // Which text would be meant by 1.50 is not known.
        Error error(KDEPS_BAD_DATA,
                    "the column '" + column + "' holds text and is compared with a number; write it as a text");
        error.sqlstate = "22018";
        throw error;
    } else if (type != Type::text && is_text) {
        value = csv::value_of(std::get<std::string>(value));
        if (std::holds_alternative<std::string>(value)) {
            Error error(KDEPS_BAD_DATA, "the column '" + column + "' holds numbers and is compared with a text");
            error.sqlstate = "22018";
            throw error;
        }
    }
    return value;
}

void write(kdeps::columns::ColumnBuilder& column, const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        column.integer(*integer);
    } else if (const auto* number = std::get_if<double>(&value)) {
        column.number(*number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        column.text(*text);
    } else {
        column.null();
    }
}

}  // namespace

// Used by one thread at a time.  Every execution reads the file anew.
class Statement {
public:
    Statement(fs::path folder, std::string_view sql) : folder_(std::move(folder)), query_(parse(sql)) {
        const bool is_plain = query_.table.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos &&
                              !query_.table.starts_with('.');
        if (!is_plain)
            throw Error(KDEPS_INVALID_ARGUMENT,
                        "a table is a file of the folder: its name has no '/' and no '.' in front");
    }

    kdeps::Outcome execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows) {
        if (parameters.size() != query_.parameters) {
            Error error(KDEPS_INVALID_ARGUMENT, "the statement has " + std::to_string(query_.parameters) +
                                                    " placeholders, but got " + std::to_string(parameters.size()) +
                                                    " values");
            error.sqlstate = "07001";
            throw error;
        }
        RowBuilder built = query_.table.empty() ? value(parameters) : select(call, parameters);
        kdeps::make_stream(std::make_unique<kdeps::BuiltRows>(std::move(built)), call, rows);
        return {};
    }

private:
    // SELECT value AS name: a parameter comes back as it went.
    RowBuilder value(std::span<const kdeps_cell> parameters) const {
        kdeps_cell cell{};
        if (query_.value.parameter) {
            cell = parameters[*query_.value.parameter];
        } else if (const auto* integer = std::get_if<std::int64_t>(&query_.value.literal)) {
            cell = {KDEPS_INT, 0, {.i = *integer}};
        } else if (const auto* number = std::get_if<double>(&query_.value.literal)) {
            cell = {KDEPS_DOUBLE, 0, {.d = *number}};
        } else if (const auto* text = std::get_if<std::string>(&query_.value.literal)) {
            cell = {KDEPS_STRING, 0, {.s = kdeps::to_str(*text)}};
        }
        const Type type = cell.kind == KDEPS_NULL      ? Type::null
                          : cell.kind == KDEPS_BOOL    ? Type::boolean
                          : cell.kind == KDEPS_INT     ? Type::int64
                          : cell.kind == KDEPS_DOUBLE  ? Type::float64
                          : cell.kind == KDEPS_DECIMAL ? Type::decimal
                          : cell.kind == KDEPS_BYTES   ? Type::bytes
                                                       : Type::text;
        RowBuilder out({{query_.columns[0], type}});
        switch (type) {
            case Type::null: out[0].null(); break;
            case Type::boolean: out[0].boolean(cell.as.i != 0); break;
            case Type::int64: out[0].integer(cell.as.i); break;
            case Type::float64: out[0].number(cell.as.d); break;
            default: out[0].text(kdeps::to_view(cell.as.s)); break;
        }
        out.end_row();
        return out;
    }

    RowBuilder select(const Call& call, std::span<const kdeps_cell> parameters) const {
        const Table table = read_table(call, folder_ / (query_.table + ".csv"));
        std::vector<std::size_t> columns;
        for (const std::string& name : query_.columns) columns.push_back(table.column(name));
        for (std::size_t i = 0; query_.columns.empty() && i < table.columns.size(); ++i) columns.push_back(i);

        std::vector<const std::vector<Value>*> found;
        for (const auto& row : table.rows) found.push_back(&row);
        for (const Condition& condition : query_.conditions) {
            const std::size_t column = table.column(condition.column);
            const Value operand = operand_for(condition.operand, table.types[column], parameters, condition.column);
            std::erase_if(found,
                          [&](const auto* row) { return !holds(condition.comparison, (*row)[column], operand); });
        }
        // From the last key to the first: a stable sort keeps what the later keys have ordered.
        for (auto order = query_.order.rbegin(); order != query_.order.rend(); ++order) {
            const std::size_t column = table.column(order->column);
            std::stable_sort(found.begin(), found.end(), [&](const auto* a, const auto* b) {
                const Value& left = (*a)[column];
                const Value& right = (*b)[column];
                const bool is_left_null = std::holds_alternative<std::monostate>(left);
                const bool is_right_null = std::holds_alternative<std::monostate>(right);
                if (is_left_null || is_right_null) return !is_left_null && is_right_null;  // NULL comes last
                return order->is_descending ? compare(right, left) < 0 : compare(left, right) < 0;
            });
        }
        if (const std::size_t most = limit(parameters); found.size() > most) found.resize(most);

        std::vector<kdeps::columns::Column> described;
        for (const std::size_t i : columns) described.push_back({table.columns[i], table.types[i]});
        RowBuilder out(described);
        for (const auto* row : found) {
            for (std::size_t i = 0; i < columns.size(); ++i) write(out[i], (*row)[columns[i]]);
            out.end_row();
        }
        return out;
    }

    std::size_t limit(std::span<const kdeps_cell> parameters) const {
        if (!query_.limit) return static_cast<std::size_t>(-1);
        const Value value = operand_for(*query_.limit, Type::int64, parameters, "LIMIT");
        const auto* rows = std::get_if<std::int64_t>(&value);
        if (rows == nullptr || *rows < 0)
            throw Error(KDEPS_INVALID_ARGUMENT, "LIMIT wants a number of rows, 0 or more");
        return static_cast<std::size_t>(*rows);
    }

    fs::path folder_;
    Query query_;
};

class Connection {
public:
    explicit Connection(fs::path folder) : folder_(std::move(folder)) {}

    std::string_view server() const { return "CSV files"; }
    std::unique_ptr<Statement> prepare(Call&, std::string_view sql) {
        return std::make_unique<Statement>(folder_, sql);
    }
    void ping(Call&) {
        std::error_code failed;
        if (!fs::is_directory(folder_, failed)) throw Error(KDEPS_UNAVAILABLE, "the folder of the connection is gone");
    }

private:
    fs::path folder_;
};

class Driver {
public:
    using Connection = csv::Connection;
    using Statement = csv::Statement;

    Driver(const kdeps::Host&, const Call&) {}

    void check(Call&, const kdeps::Target& target) const { folder_of(target); }

    std::unique_ptr<Connection> open(Call& call, const kdeps::Target& target) {
        auto out = std::make_unique<Connection>(folder_of(target));
        out->ping(call);
        return out;
    }

private:
    // csv://./folder, from the folder of the workflow, or csv:///folder.
    static fs::path folder_of(const kdeps::Target& target) {
        const kdeps::Url url = kdeps::parse_url(target.url);
        if (!url.options.empty())
            throw Error(KDEPS_INVALID_ARGUMENT, "a csv:// URL has no options, but has '" + url.options[0].first + "'");
        if (!url.user.empty() || url.port != 0 || (!url.host.empty() && url.host != "." && url.host != "..") ||
            url.path.empty())
            throw Error(KDEPS_INVALID_ARGUMENT, "a csv:// URL must look like csv://./folder or csv:///folder");
        return fs::path(target.folder) / (url.host + url.path);
    }
};

}  // namespace csv

KDEPS_DRIVER_PLUGIN(csv::Driver, {.id = "com.example.csv",
                                  .version = KDEPS_PLUGIN_VERSION,
                                  .summary = "CSV files as tables",
                                  .name = "csv",
                                  .schemes = "csv"})
