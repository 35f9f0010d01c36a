// SPDX-License-Identifier: Apache-2.0
// One statement with many sets of parameters: all are sent without waiting, and answers are read while they come; or
// COPY does it (postgres_batch_copy.cpp).
#include "postgres_statement.hpp"

namespace kdeps::postgres {
namespace {

// What may be on the way at once: bounds the memory of both sides, and is many network buffers long.
constexpr std::size_t kWindowSets = 2048;
constexpr std::size_t kWindowBytes = 4 << 20;

// Below, a COPY saves nothing: its savepoint and the look at the table are round trips too.
constexpr std::size_t kCopyFrom = 64;

// Batches that are all there.
class KeptBatches final : public BatchSource {
public:
    KeptBatches(columns::RowBuilder shape, std::vector<columns::Array> batches)
        : shape_(std::move(shape)), batches_(std::move(batches)) {}

    void schema(ArrowSchema* out) override { shape_.schema(out); }
    bool next(ArrowArray* out) override {
        if (given_ == batches_.size()) return false;
        batches_[given_++].move_to(out);
        return true;
    }

private:
    columns::RowBuilder shape_;
    std::vector<columns::Array> batches_;
    std::size_t given_ = 0;
};

// The exchange of one batch.  One sync at its end, so that all of it stands or falls together.
class BatchRun {
public:
    BatchRun(Connection& connection, const Description& description, const Call& call, kdeps_batch& batch)
        : connection_(connection),
          description_(description),
          call_(call),
          batch_(batch),
          reader_(description.columns, connection.types()),
          rows_(reader_.layout()) {
        std::fill_n(batch.affected, batch.sets, -1);
    }

    void send(const std::string& name, const Sets& sets, Parameters& parameters) {
        sets.for_each([&](const std::vector<columns::ColumnReader>& columns, std::int64_t row) {
            if (sent_ == 0) expect_count(description_.parameters.size(), columns.size());
            make_room();
            if (sent_ == batch_.sets) {
                throw Error(KDEPS_INVALID_ARGUMENT, "the batch has more sets of parameters than it announced");
            }
            encode(columns, row, parameters);
            connection_.link().execute(name, parameters, reader_.is_binary());
            ++sent_;
            bytes_ += parameters.bytes();
            return true;
        });
    }

    void receive_rest() {
        while (received_ < sent_) receive();
    }

    void finish(ArrowArrayStream* rows) {
        if (reader_.take_loss()) call_.log(KDEPS_LOG_WARNING, kLossWarning);
        if (description_.columns.empty()) return;
        keep_rows();
        make_stream(std::make_unique<KeptBatches>(std::move(rows_), std::move(kept_)), call_, rows);
    }

    bool has_sent() const { return sent_ > 0; }
    bool has_stale_plan() const { return has_stale_plan_; }

private:
    void encode(const std::vector<columns::ColumnReader>& columns, std::int64_t row, Parameters& parameters) {
        parameters.clear();
        scratches_.resize(columns.size());  // cells point into them until the set is sent
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const kdeps_cell cell = columns[i].cell(row, scratches_[i]);
            try {
                parameters.add(cell, connection_.types().of(description_.parameters[i]), connection_.types());
            } catch (Error& error) {
                error.batch_set = static_cast<std::int64_t>(sent_);
                throw;
            }
        }
        parameters.seal();
    }

    void make_room() {
        if (sent_ - received_ < kWindowSets && bytes_ < kWindowBytes) return;
        connection_.link().flush_request();
        const std::size_t until = sent_ - (sent_ - received_) / 2;
        while (received_ < until) receive();
        bytes_ /= 2;
        // A stop that came between two statements of the server stopped nothing.
        if (const kdeps_status why = connection_.link().stopped(); why != KDEPS_OK) {
            Error error(why, why == KDEPS_TIMEOUT ? "the batch was stopped at its time limit"
                                                  : "the batch was stopped because the run was cancelled");
            error.sqlstate = "57014";
            throw error;
        }
    }

    void receive() {
        connection_.read_preface();
        Link& link = connection_.link();
        const Result result = link.next();
        const ExecStatusType status = PQresultStatus(result.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
            Error error = error_of(result.get(), {.doing = "the statement failed", .stopped = link.stopped()});
            if (link.stopped() == KDEPS_OK)
                error.batch_set = static_cast<std::int64_t>(received_);  // else no set is to blame
            has_stale_plan_ = is_stale_plan(result.get());
            throw error;
        }
        for (int row = 0; row < PQntuples(result.get()); ++row) {
            row_bytes_ += reader_.read(result.get(), row, rows_);
            if (rows_.rows() >= kBatchRows || row_bytes_ >= kBatchBytes) keep_rows();
        }
        batch_.affected[received_++] = affected_of(result.get());
        link.next();  // the null that ends the command
    }

    void keep_rows() {
        if (rows_.rows() == 0) return;
        ArrowArray array{};
        rows_.finish(&array);
        kept_.emplace_back(&array);
        row_bytes_ = 0;
    }

    Connection& connection_;
    const Description& description_;
    const Call& call_;
    kdeps_batch& batch_;
    RowReader reader_;
    columns::RowBuilder rows_;
    std::vector<columns::Array> kept_;
    std::vector<std::string> scratches_;
    std::size_t sent_ = 0;
    std::size_t received_ = 0;
    std::size_t bytes_ = 0;      // about what is on the way
    std::size_t row_bytes_ = 0;  // of rows_
    bool has_stale_plan_ = false;
};

}  // namespace

void Statement::execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch) {
    if (is_stale_) prepare_again(call);
    const Sets sets(std::move(parameters));
    if (copy_ && batch.sets >= kCopyFrom && copy_batch(call, sets, batch)) return;
    // Without a transaction of the caller the batch is one: a set that cannot be converted must take back those before
    // it.
    const bool is_own = connection_.is_idle();
    if (is_own) connection_.begin(call, KDEPS_ISOLATION_DEFAULT, false);
    Link& link = connection_.link();
    try {
        open_exchange(call);
    } catch (Error& error) {
        if (is_own && !link.is_broken()) {
            connection_.rollback(call);
            error.damage = KDEPS_DAMAGE_NONE;
        }
        throw;
    }
    BatchRun run(connection_, description_, call, batch);
    const auto end_failed = [&] {
        is_stale_ = run.has_stale_plan();
        if (link.is_broken()) return;
        link.drain();
        if (is_own) connection_.rollback(call);
    };
    try {
        run.send(name_, sets, parameters_);
        if (is_own) {
            link.may_commit();
            link.query("COMMIT");
        }
        link.sync();
        connection_.read_preface();
        run.receive_rest();
        if (Result failed = link.drain(); failed != nullptr)
            connection_.fail(std::move(failed), "committing the batch failed");
    } catch (Error& error) {
        end_failed();
        if (link.is_broken()) {
            error.damage = KDEPS_DAMAGE_CONNECTION;
        } else {
            // Sets before the failing one have run.
            error.damage = is_own || !run.has_sent() ? KDEPS_DAMAGE_NONE : KDEPS_DAMAGE_TRANSACTION;
        }
        throw;
    } catch (...) {
        end_failed();
        throw;
    }
    run.finish(rows);
}

}  // namespace kdeps::postgres
