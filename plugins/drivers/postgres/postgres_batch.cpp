// SPDX-License-Identifier: Apache-2.0
// One statement with many sets of parameters: all are sent without waiting, and answers are read while they come; or
// COPY does it (postgres_batch_copy.cpp).
#include "postgres_statement.hpp"

namespace kdeps::postgres {
namespace {

// What may be on the way at once: bounds the memory of both sides, and is many network buffers long.
constexpr std::size_t kWindowSets = 2048;
constexpr std::size_t kWindowBytes = 4 << 20;
// Until it is known how large the rows are that a set returns.
constexpr std::size_t kFirstWindow = 16;

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

// The batch was taken back, and may run again after the statement is prepared again.
struct OutOfDate {
    Error error;
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
        if (sent_ - received_ < window() && bytes_ < kWindowBytes) return;
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

    // Sets that may be on the way: what they return stays in buffers until it is read.
    std::size_t window() const {
        if (description_.columns.empty()) return kWindowSets;
        if (received_ == 0) return kFirstWindow;
        return std::clamp(kWindowBytes / (returned_bytes_ / received_ + 1), kFirstWindow, kWindowSets);
    }

    void receive() {
        connection_.read_preface();
        Link& link = connection_.link();
        if (!description_.columns.empty()) link.single_row();
        Result result = link.next();
        while (PQresultStatus(result.get()) == PGRES_SINGLE_TUPLE) {
            take_row(result.get());
            result = link.next();
        }
        const ExecStatusType status = PQresultStatus(result.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
            Error error = error_of(result.get(), {.doing = "the statement failed", .stopped = link.stopped()});
            if (link.stopped() == KDEPS_OK)
                error.batch_set = static_cast<std::int64_t>(received_);  // else no set is to blame
            has_stale_plan_ = is_stale_plan(result.get());
            throw error;
        }
        batch_.affected[received_++] = affected_of(result.get());
        link.next();  // the null that ends the command
    }

    void take_row(const PGresult* result) {
        const std::size_t bytes = reader_.read(result, 0, rows_);
        row_bytes_ += bytes;
        returned_bytes_ += bytes;
        if (rows_.rows() >= kBatchRows || row_bytes_ >= kBatchBytes) keep_rows();
        if (batch_.max_bytes == 0 || returned_bytes_ <= batch_.max_bytes) return;
        Error error(KDEPS_EXHAUSTED, "the rows that the batch returns are larger than maxResultBytes (" +
                                         std::to_string(batch_.max_bytes) +
                                         "); return fewer columns, or raise maxResultBytes of the connection");
        error.sqlstate = "54000";
        throw error;
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
    std::size_t returned_bytes_ = 0;
    bool has_stale_plan_ = false;
};

}  // namespace

void Statement::execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch) {
    const Sets sets(std::move(parameters));
    if (connection_.is_idle()) ask_surroundings(call);
    constexpr int kMostRuns = 3;
    for (int i = 1;; ++i) {
        if (!connection_.is_one_shot() && (is_stale_ || generation_ != connection_.generation())) prepare_anew(call);
        // The text of a plain INSERT, whose types the table tells.
        if (copy_ && !is_copy_refused_ && batch.sets >= kCopyFrom && copy_batch(call, sets, batch)) return;
        try {
            run_batch(call, sets, rows, batch);
            // A value that only PostgreSQL itself can read: the next batch may hold such a one too.
            is_copy_refused_ = is_copy_refused_ || std::exchange(has_odd_value_, false);
            return;
        } catch (const OutOfDate& out_of_date) {
            if (i < kMostRuns) continue;
            throw Error(out_of_date.error);
        }
    }
}

// The form of all sets, prepared: what is found for the first set has to do for the others.
Statement::Form& Statement::form_for_batch(const Call& call, const Sets& sets) {
    Form& plain = forms_.front();
    if (connection_.is_one_shot() && plain.description.parameters.empty() && !plain.fault) prepare(call, plain);
    if (!plain.fault) return plain;
    std::vector<kdeps_cell> cells;
    std::vector<std::string> scratches;
    sets.for_each([&](const std::vector<columns::ColumnReader>& columns, std::int64_t row) {
        scratches.resize(columns.size());
        for (std::size_t i = 0; i < columns.size(); ++i) cells.push_back(columns[i].cell(row, scratches[i]));
        return false;
    });
    return form_of_undetermined(call, cells);
}

void Statement::run_batch(Call& call, const Sets& sets, ArrowArrayStream* rows, kdeps_batch& batch) {
    // Without a transaction of the caller the batch is one: a set that cannot be converted must take back those before
    // it.
    const bool is_own = connection_.is_idle();
    if (is_own) connection_.begin(call, KDEPS_ISOLATION_DEFAULT, false);
    Link& link = connection_.link();
    std::optional<BatchRun> run;
    // Takes back what is the batch's own.
    const auto end = [&] {
        if (link.is_broken()) return;
        link.drain();
        if (is_own) connection_.rollback(call);
    };
    try {
        Form* form = &form_for_batch(call, sets);
        if (!connection_.is_one_shot() && !set_guard(call, *form)) form = &form_for_batch(call, sets);
        open_exchange(call, *form, true);
        read_guard_of_batch();
        run.emplace(connection_, form_->description, call, batch);
        run->send(form_->name, sets, parameters_);
        if (is_own) {
            link.expect_effect(Effect::commits);
            link.query("COMMIT");
        }
        link.sync();
        connection_.read_preface();
        run->receive_rest();
        Result failed = link.drain();
        connection_.note_statement(sql_);
        if (is_own) connection_.end_own();
        if (failed != nullptr) connection_.fail(std::move(failed), "committing the batch failed");
    } catch (Error& error) {
        const bool is_out_of_date = is_stale_ || (run && run->has_stale_plan());
        is_stale_ = is_out_of_date;
        is_always_unnamed_ = is_always_unnamed_ || (is_out_of_date && connection_.is_pooled());
        const bool had_sent = run && run->has_sent();
        end();
        connection_.note_touched();
        if (link.is_broken()) {
            error.damage = KDEPS_DAMAGE_CONNECTION;
            throw;
        }
        // Sets before the failing one have run.
        error.damage = std::max<std::uint8_t>(
            is_own || !had_sent ? std::uint8_t{KDEPS_DAMAGE_NONE} : std::uint8_t{KDEPS_DAMAGE_TRANSACTION},
            is_own ? std::uint8_t{KDEPS_DAMAGE_NONE} : error.damage);
        if (is_out_of_date) {
            if (is_own) throw OutOfDate{error};
            error.status = KDEPS_CONFLICT;
            error.retry = KDEPS_RETRY_SAME;
            error.damage = KDEPS_DAMAGE_TRANSACTION;
        }
        throw;
    } catch (...) {
        end();
        throw;
    }
    form_->has_run = true;
    run->finish(rows);
}

// Within the exchange that stays open: nothing of the batch may run if a table has changed.
void Statement::read_guard_of_batch() {
    if (!std::exchange(is_guard_sent_, false)) return;
    Link& link = connection_.link();
    link.flush_request();
    connection_.read_preface();
    Result result = link.next();
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
        is_stale_ = is_out_of_date(result.get());
        if (is_stale_ && error_field(result.get(), PG_DIAG_SQLSTATE) == "26000") connection_.note_missing_name();
        connection_.fail(std::move(result), "the batch failed");
    }
    link.next();  // the null that ends the command
}

}  // namespace kdeps::postgres
