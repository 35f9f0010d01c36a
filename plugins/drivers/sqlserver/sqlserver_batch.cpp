// SPDX-License-Identifier: Apache-2.0
// A batch: DB-Library sends one call at a time, so each call carries many sets.  Its text executes the statement once
// per set, through a nested sp_executesql that has the statement itself as an argument: no text of the user is
// rewritten, its variables stay its own, and the server keeps one plan.  Behind each set comes a result of one cell,
// which holds the set's count and tells where an error belongs.
#include <map>
#include <optional>

#include "sqlserver_rows.hpp"
#include "sqlserver_statement.hpp"

namespace kdeps::sqlserver {

namespace {

constexpr const char* kMark = "kdeps affected";
constexpr std::size_t kMostSets = 1000;
constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

// All or nothing where the caller has opened no transaction.
class OwnTransaction {
public:
    OwnTransaction(Connection& connection, Operation& operation)
        : connection_(connection), operation_(operation), is_open_(!connection.is_in_transaction()) {
        if (!is_open_) return;
        if (const auto failed = connection_.run(operation, "BEGIN TRANSACTION")) throw *failed;
    }
    void commit() {
        if (!is_open_) return;
        is_open_ = false;
        if (const auto failed = connection_.run(operation_, "COMMIT TRANSACTION"))
            throw connection_.commit_failure(operation_, *failed);
    }
    // After a failure of the sets, which stays the one that is told.
    void roll_back(const Call& call) {
        if (!is_open_) return;
        is_open_ = false;
        if (dbdead(connection_.process()) != 0) return;
        Operation cleanup(call, connection_.bell(), Bound::grace);
        connection_.run(cleanup, "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION");
    }

private:
    Connection& connection_;
    Operation& operation_;
    bool is_open_;
};

// The sets of one call.
class Chunk {
public:
    Chunk(DBPROCESS* process, const std::string& sql, std::size_t parameters)
        : process_(process), sql_(sql), parameters_(parameters) {}

    bool is_empty() const { return sets_ == 0; }
    std::size_t sets() const { return sets_; }
    // Has it no room for one set more?
    bool is_full() const {
        return sets_ >= kMostSets || arguments_.size() + parameters_ + declared_.size() + 4 > kMostParameters ||
               bytes_ > kMostBytes;
    }

    void add(std::vector<Argument> set) {
        std::string types;
        std::string call;
        for (std::size_t i = 0; i < set.size(); ++i) {
            const std::string name = "@p" + std::to_string(i + 1);
            types += (i == 0 ? "" : ",") + name + " " + set[i].type;
            call += "," + name + "=";
            if (set[i].literal != nullptr) {
                call += set[i].literal;
                continue;
            }
            const std::string own = "@a" + std::to_string(arguments_.size() + 1);
            call += own;
            bytes_ += set[i].content().size() + 32;
            texts_.emplace_back(set[i].bytes);  // the cells go with their batch
            set[i].bytes = texts_.back();
            arguments_.emplace_back(own, std::move(set[i]));
        }
        const auto [declared, is_new] = declared_.emplace(types, declared_.size() + 1);
        text_ += "EXEC sp_executesql @s,@d" + std::to_string(declared->second) + call + ";SELECT @@ROWCOUNT AS [" +
                 kMark + "];\n";
        ++sets_;
    }

    void send(Connection& connection, Operation& operation) const {
        std::string declarations = "@s nvarchar(max)";
        for (std::size_t i = 1; i <= declared_.size(); ++i)
            declarations += ",@d" + std::to_string(i) + " nvarchar(max)";
        for (const auto& [name, argument] : arguments_) declarations += "," + name + " " + argument.type;
        Request request(process_, "sp_executesql");
        request.add_text(text_);
        request.add_text(std::move(declarations));
        request.add("@s", text_argument(sql_));
        for (const auto& [types, number] : declared_) request.add("@d" + std::to_string(number), text_argument(types));
        for (const auto& [name, argument] : arguments_) request.add(name, argument);
        connection.send_call(operation);
    }

private:
    static Argument text_argument(const std::string& text) {
        kdeps_cell cell{};
        cell.kind = KDEPS_STRING;
        cell.as.s = to_str(text);
        return make_argument(cell, 0, NullType::text);
    }

    DBPROCESS* process_;
    const std::string& sql_;
    std::size_t parameters_;
    std::string text_;
    std::map<std::string, std::size_t> declared_;  // one number per combination of types
    std::deque<std::string> texts_;
    std::deque<std::pair<std::string, Argument>> arguments_;
    std::size_t sets_ = 0;
    std::size_t bytes_ = 0;
};

bool is_mark(DBPROCESS* process) {
    const char* name = dbnumcols(process) == 1 ? dbcolname(process, 1) : nullptr;
    return name != nullptr && std::string_view(name) == kMark;
}

}  // namespace

void Statement::execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch) {
    call.check();
    const std::span affected(batch.affected, batch.sets);
    std::fill(affected.begin(), affected.end(), -1);
    Operation operation(call, connection_.bell());
    OwnTransaction transaction(connection_, operation);
    DBPROCESS* process = connection_.process();
    std::unique_ptr<CollectedRows> collected;
    std::size_t done = 0;  // sets whose mark was read
    std::optional<Chunk> chunk;

    const auto finish_chunk = [&] {
        if (!chunk || chunk->is_empty()) return;
        const std::size_t end = done + chunk->sets();
        const std::size_t first = done;
        std::optional<std::size_t> failed;
        Results results(connection_, operation);
        try {
            chunk->send(connection_, operation);
            do {
                const bool has_next = results.next();
                // An error stands before the mark of its set.
                if (!failed && !operation.reports().messages.empty()) failed = done;
                if (!has_next) break;
                if (!results.has_columns()) continue;
                if (!is_mark(process)) {
                    if (collected == nullptr) collected = std::make_unique<CollectedRows>(process);
                    collected->expect_same(process);
                    collected->collect(process, results, SIZE_MAX);
                    continue;
                }
                while (results.next_row()) {
                    std::int32_t count = -1;
                    if (const BYTE* data = dbdata(process, 1); data != nullptr) std::memcpy(&count, data, sizeof count);
                    if (done < affected.size()) affected[done] = count;
                }
                ++done;
            } while (true);
            if (failed || !operation.reports().messages.empty()) throw connection_.failure(operation);
        } catch (Error& error) {
            if (!results.is_at_end() && dbdead(process) == 0 && operation.stopped() == KDEPS_OK)
                connection_.discard(call);
            if (error.batch_set < 0)
                error.batch_set = static_cast<std::int64_t>(failed.value_or(std::min(done, end - 1)));
            std::fill(affected.begin() + static_cast<std::ptrdiff_t>(std::min(first, affected.size())), affected.end(),
                      -1);
            throw;
        }
        done = end;
        chunk.reset();
    };

    try {
        std::vector<kdeps_cell> cells;
        std::vector<std::string> scratch;
        std::size_t set = 0;
        for_each_batch(parameters, [&](const std::vector<columns::ColumnReader>& readers, std::int64_t count) {
            cells.resize(readers.size());
            scratch.resize(readers.size());
            bool has_null = false;
            for (std::int64_t row = 0; row < count && !has_asked_; ++row) {
                for (const columns::ColumnReader& reader : readers) has_null = has_null || reader.is_null(row);
            }
            if (has_null) learn_null_types(operation, readers.size());
            for (std::int64_t row = 0; row < count; ++row, ++set) {
                std::vector<Argument> arguments;
                try {
                    for (std::size_t i = 0; i < readers.size(); ++i) {
                        cells[i] = readers[i].cell(row, scratch[i]);
                        arguments.push_back(make_argument(cells[i], i + 1, null_type(i)));
                    }
                } catch (Error& error) {
                    error.batch_set = static_cast<std::int64_t>(set);
                    throw;
                }
                if (readers.size() + 5 > kMostParameters) {
                    throw Error(KDEPS_INVALID_ARGUMENT, "the statement has " + std::to_string(readers.size()) +
                                                            " parameters; SQL Server takes at most 2,095 in a batch");
                }
                if (chunk && chunk->is_full()) finish_chunk();
                if (!chunk) chunk.emplace(process, sql_, readers.size());
                chunk->add(std::move(arguments));
            }
        });
        finish_chunk();
        transaction.commit();
    } catch (const Error&) {
        transaction.roll_back(call);
        throw;
    }
    if (collected != nullptr) make_stream(std::move(collected), call, rows);
}

}  // namespace kdeps::sqlserver
