// SPDX-License-Identifier: Apache-2.0
#include "sqlite_statement.hpp"

#include "sqlite_comparisons.hpp"
#include "sqlite_rows.hpp"

namespace kdeps::sqlite {
namespace {

std::string_view kind_name(kdeps_kind kind) {
    switch (kind) {
        case KDEPS_DECIMAL: return "decimal";
        case KDEPS_STRING: return "text";
        case KDEPS_BYTES: return "bytes";
        case KDEPS_LIST: return "list";
        case KDEPS_MAP: return "map";
        case KDEPS_TABLE: return "table";
        default: return "value";
    }
}

// Changes of rows by a statement itself, without those of its triggers.  sqlite3_changes keeps the count of an earlier
// statement where this one can change none (DDL, PRAGMA); the total tells that.
class ChangeCount {
public:
    explicit ChangeCount(sqlite3* db) : db_(db), before_(sqlite3_total_changes64(db)) {}

    std::int64_t take() {
        const std::int64_t now = sqlite3_total_changes64(db_);
        return std::exchange(before_, now) == now ? 0 : sqlite3_changes64(db_);
    }

private:
    sqlite3* db_;
    std::int64_t before_;
};

// The transaction of a batch that has none around it; rolled back unless committed.
class OwnTransaction {
public:
    OwnTransaction(Link& link, bool is_wanted) : link_(link), is_open_(is_wanted) {
        if (is_open_) link_.run("BEGIN IMMEDIATE", "the batch cannot begin its transaction");
    }
    ~OwnTransaction() {
        if (!is_open_) return;
        if (link_.is_in_transaction()) sqlite3_exec(link_.db(), "ROLLBACK", nullptr, nullptr, nullptr);
        if (!is_in_doubt_) link_.set_exchange(KDEPS_EXCHANGE_REFUSED);
    }
    OwnTransaction(const OwnTransaction&) = delete;
    OwnTransaction& operator=(const OwnTransaction&) = delete;

    void commit() {
        if (!is_open_) return;
        try {
            link_.run("COMMIT", "the batch cannot be committed");
        } catch (Error& error) {
            // It may have failed after the commit was on the disk.
            is_in_doubt_ = (error.vendor_code & 0xFF) == SQLITE_IOERR;
            if (is_in_doubt_) error.retry = KDEPS_RETRY_IN_DOUBT;
            throw;
        }
        is_open_ = false;
    }

private:
    Link& link_;
    bool is_open_;
    bool is_in_doubt_ = false;
};

// A statement that is idle again, whatever happens.
class Reset {
public:
    explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
    ~Reset() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }
    Reset(const Reset&) = delete;
    Reset& operator=(const Reset&) = delete;

private:
    sqlite3_stmt* statement_;
};

// Of the columns of this name that a statement reads.
ColumnKind column_kind(sqlite3* db, const std::vector<Facts::Column>& read, std::string_view name) {
    ColumnKind kind = ColumnKind::unknown;
    for (const Facts::Column& column : read) {
        if (sqlite3_stricmp(column.name.c_str(), std::string(name).c_str()) != 0) continue;
        const char* type = nullptr;
        const int code = sqlite3_table_column_metadata(db, column.database.empty() ? nullptr : column.database.c_str(),
                                                       column.table.c_str(), column.name.c_str(), &type, nullptr,
                                                       nullptr, nullptr, nullptr);
        if (code != SQLITE_OK || !has_numeric_affinity(type)) return ColumnKind::other;
        kind = ColumnKind::number;
    }
    return kind;
}

Error too_large(std::uint64_t limit) {
    Error error(KDEPS_EXHAUSTED, "the rows that the batch returns are larger than maxResultBytes (" +
                                     std::to_string(limit) +
                                     "); return fewer columns, or raise maxResultBytes of the connection");
    error.sqlstate = "54000";
    return error;
}

}  // namespace

Statement::Statement(Link& link, Compiled compiled) : link_(link), compiled_(std::move(compiled)) {
    link_.keep(compiled_);
}

Statement::~Statement() { link_.forget(compiled_); }

std::uint32_t Statement::effects() const noexcept {
    return compiled_.facts.only_reads() ? KDEPS_EFFECTS_READS : KDEPS_EFFECTS_WRITES;
}

sqlite3_stmt* Statement::ready() {
    if (compiled_.statement == nullptr) {
        std::string_view rest;
        Compiled again = link_.compile(compiled_.sql, &rest);
        compiled_.statement = std::move(again.statement);
        compiled_.facts = std::move(again.facts);
    }
    if (link_.is_read_only() && !compiled_.facts.suits_read_only()) throw read_only_error();
    return compiled_.statement.get();
}

void Statement::check_count(std::size_t given) const {
    const int wanted = sqlite3_bind_parameter_count(compiled_.statement.get());
    if (given != static_cast<std::size_t>(wanted)) {
        Error error(KDEPS_INVALID_ARGUMENT, "the statement has " + std::to_string(wanted) + " placeholders, but got " +
                                                std::to_string(given) + " values");
        error.sqlstate = "07001";
        throw error;
    }
}

bool Statement::is_compared_with_number(std::size_t i) {
    if (!compared_) {
        const auto kind_of = [this](std::string_view name) {
            return column_kind(link_.db(), compiled_.facts.columns, name);
        };
        compared_ = compared_with_numbers(sqlite3_sql(compiled_.statement.get()), kind_of);
    }
    return i < compared_->size() && (*compared_)[i];
}

void Statement::bind(std::size_t i, const kdeps_cell& cell, sqlite3_destructor_type lifetime) {
    std::optional<kdeps_cell> number;
    if (cell.kind == KDEPS_STRING && is_compared_with_number(i)) number = number_of_text(to_view(cell.as.s));
    const int code = bind_value(compiled_.statement.get(), static_cast<int>(i) + 1, number ? *number : cell, lifetime);
    if (code == SQLITE_OK) return;
    Error error(KDEPS_BAD_DATA, "parameter " + std::to_string(i + 1) + " (" + std::string(kind_name(cell.kind)) + ") ");
    error.vendor_code = code;
    error.sqlstate = code == SQLITE_TOOBIG ? "54000" : "22018";
    if (code == SQLITE_TOOBIG) {
        error.message += "is larger than SQLite's limit of " +
                         std::to_string(sqlite3_limit(link_.db(), SQLITE_LIMIT_LENGTH, -1)) + " bytes";
    } else {
        error.message += "cannot be bound: " + std::string(sqlite3_errstr(code));
    }
    throw error;
}

Outcome Statement::execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows) {
    link_.set_exchange(KDEPS_EXCHANGE_UNSENT);  // before anything that may throw
    const Link::Use use(link_, call);
    auto source = std::make_unique<Rows>(link_, call, ready(), compiled_.facts);
    check_count(parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        bind(i, parameters[i], SQLITE_TRANSIENT);
    }
    ChangeCount changes(link_.db());
    const Link::InsertWatch watch(link_, compiled_.facts.insert_table);
    source->start();
    if (source->has_columns()) {
        make_stream(std::move(source), call, rows);
        return {};
    }
    Outcome outcome;
    outcome.rows_affected = changes.take();
    if (watch.has_inserted()) outcome.last_insert_id = sqlite3_last_insert_rowid(link_.db());
    return outcome;
}

void Statement::execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch) {
    link_.set_exchange(KDEPS_EXCHANGE_UNSENT);
    const Link::Use use(link_, call);
    sqlite3_stmt* statement = ready();
    const Reset reset(statement);
    OwnTransaction transaction(link_, !link_.is_in_transaction() && !compiled_.facts.is_reading);
    ChangeCount changes(link_.db());
    std::optional<RowReader> reader;
    std::size_t set = 0;
    std::vector<std::string> scratches;

    const auto run_set = [&](const std::vector<columns::ColumnReader>& readers, std::int64_t row) {
        for (std::size_t i = 0; i < readers.size(); ++i) {
            bind(i, readers[i].cell(row, scratches[i]), SQLITE_STATIC);  // all live until the next set
        }
        link_.set_exchange(KDEPS_EXCHANGE_SENT);
        int code = sqlite3_step(statement);
        if (!reader && sqlite3_column_count(statement) > 0) reader.emplace(statement);
        for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
            reader->read();
            // Not EXHAUSTED by what the server has, but by what the caller allows: to try again would not help.
            if (batch.max_bytes > 0 && reader->bytes() > batch.max_bytes) throw too_large(batch.max_bytes);
        }
        if (code != SQLITE_DONE) throw link_.error(code, "the statement failed");
        sqlite3_reset(statement);
        batch.affected[set] = changes.take();
    };
    for_each_batch(parameters, [&](const std::vector<columns::ColumnReader>& readers, std::int64_t length) {
        check_count(readers.size());
        scratches.resize(readers.size());
        for (std::int64_t row = 0; row < length; ++row, ++set) {
            try {
                if (set == batch.sets)
                    throw Error(KDEPS_INVALID_ARGUMENT, "the batch has more parameter sets than were announced");
                // A short statement may end before SQLite looks at the call by itself.
                constexpr std::size_t kSetsBetweenLooks = 256;
                if (set % kSetsBetweenLooks == 0) link_.check("the batch failed");
                run_set(readers, row);
            } catch (Error& error) {
                error.batch_set = static_cast<std::int64_t>(set);
                throw;
            }
        }
    });
    transaction.commit();
    link_.set_exchange(KDEPS_EXCHANGE_ANSWERED);
    if (!reader && sqlite3_column_count(statement) > 0) reader.emplace(statement);  // an empty batch
    if (reader) {
        reader->report(call);
        reader->collapse();
        make_stream(std::make_unique<BuiltRows>(std::move(reader->rows())), call, rows);
    }
}

void Statement::describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns) {
    const Link::Use use(link_, call);
    sqlite3_stmt* statement = ready();
    std::vector<columns::Column> described;
    if (parameters != nullptr) {
        for (int i = 1; i <= sqlite3_bind_parameter_count(statement); ++i) {
            described.push_back(
                {std::to_string(i), columns::Type::null});  // any type: SQLite has no types for parameters
        }
        columns::Layout(std::move(described)).schema(parameters);
    }
    if (columns != nullptr) {
        described.clear();
        for (int i = 0; i < sqlite3_column_count(statement); ++i) {
            const char* name = sqlite3_column_name(statement, i);
            if (name == nullptr) throw std::bad_alloc();
            described.push_back({name, expected_type(sqlite3_column_decltype(statement, i))});
        }
        columns::RowBuilder(described).schema(columns);
    }
}

}  // namespace kdeps::sqlite
