// SPDX-License-Identifier: Apache-2.0
#include "postgres_rows.hpp"

#include <chrono>

namespace kdeps::postgres {

namespace {

columns::Layout layout_of(const std::vector<Description::Column>& columns, const Types& types) {
    std::vector<columns::Column> out;
    for (const Description::Column& column : columns) {
        out.push_back({column.name, column_of(types.of(column.type).kind)});
    }
    return columns::Layout(std::move(out));
}

}  // namespace

RowReader::RowReader(const std::vector<Description::Column>& columns, const Types& types)
    : layout_(layout_of(columns, types)) {
    for (const Description::Column& column : columns) {
        const Type& type = types.of(column.type);
        columns_.push_back({column.name, type.kind, types.element_of(type), column_of(type.kind)});
        // The protocol of libpq knows one format for the whole row.
        is_binary_ = is_binary_ && types.has_binary(column.type);
    }
}

std::size_t RowReader::read(const PGresult* result, int row, columns::RowBuilder& out) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const int field = static_cast<int>(i);
        bytes += 8;
        if (PQgetisnull(result, row, field) != 0) {
            out[i].null();
            continue;
        }
        const std::string_view value = value_of(result, row, field);
        bytes += value.size();
        try {
            read_cell(columns_[i], value, out[i]);
        } catch (Error& error) {
            error.message = "column '" + columns_[i].name + "': " + error.message;
            if (error.sqlstate.empty()) error.sqlstate = "22000";
            throw;
        }
    }
    out.end_row();
    return bytes;
}

void RowReader::read_cell(const Column& column, std::string_view value, columns::ColumnBuilder& out) {
    if (column.kind == Kind::array) {
        scratch_.clear();
        const bool has_lost = is_binary_ ? append_array_binary(column.element, value, scratch_)
                                         : append_array_text(column.element, value, scratch_);
        has_lost_ = has_lost_ || has_lost;
        out.text(scratch_);
        return;
    }
    const Cell cell =
        is_binary_ ? decode_binary(column.kind, value, scratch_) : decode_text(column.kind, value, scratch_);
    has_lost_ = has_lost_ || cell.is_unrepresentable;
    switch (column.type) {
        case columns::Type::boolean: out.boolean(cell.integer != 0); break;
        case columns::Type::float32:
        case columns::Type::float64: out.number(cell.real); break;
        case columns::Type::decimal:
            if (cell.is_unrepresentable) {
                out.null();
                break;
            }
            [[fallthrough]];
        case columns::Type::text:
        case columns::Type::bytes:
        case columns::Type::json: out.text(cell.text); break;
        default: out.integer(cell.integer); break;
    }
}

RowStream::RowStream(Connection& connection, const Call& call, RowReader& reader, EarlyEnd early_end)
    : connection_(connection), call_(call), reader_(reader), early_end_(early_end), rows_(reader_.layout()) {
    reader_.take_loss();  // of rows that nobody read to their end
}

RowStream::~RowStream() {
    if (!is_over_) abandon();
}

Result RowStream::begin() {
    connection_.link().single_row();
    return fill();
}

bool RowStream::next(ArrowArray* out) {
    if (!is_filled_ && !is_over_) {
        if (Result failed = fill(); failed != nullptr) connection_.fail(std::move(failed), "reading the rows failed");
    }
    if (!is_filled_) return false;
    is_filled_ = false;
    rows_.finish(out);
    return true;
}

// Reads until a batch is full or the exchange is over; returns the error that ends it, with the exchange still to be
// drained.
Result RowStream::fill() {
    Link& link = connection_.link();
    std::size_t bytes = 0;
    try {
        while (rows_.rows() < kBatchRows && bytes < kBatchBytes) {
            Result result = link.next();
            const ExecStatusType status = PQresultStatus(result.get());
            if (status == PGRES_SINGLE_TUPLE) {
                bytes += reader_.read(result.get(), 0, rows_);
            } else if (result == nullptr || status == PGRES_TUPLES_OK) {
                continue;  // the end of the rows, of the command
            } else if (status == PGRES_PIPELINE_SYNC) {
                is_over_ = true;
                break;
            } else {
                is_over_ = true;  // the caller drains
                return result;
            }
        }
    } catch (const Error&) {
        is_over_ = is_over_ || link.is_broken();
        throw;
    }
    is_filled_ = rows_.rows() > 0;
    if (reader_.take_loss() && !std::exchange(has_warned_, true)) call_.log(KDEPS_LOG_WARNING, kLossWarning);
    return nullptr;
}

// The caller stops before the end.  What has been computed already is read, so that a statement that is nearly done is
// done and committed; then a statement that only reads, outside of a transaction, is cancelled.  Elsewhere a cancel
// would undo work, so the rest is read and dropped, within the limits of the call.
void RowStream::abandon() {
    constexpr std::chrono::milliseconds kPatience(50);
    Link& link = connection_.link();
    try {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (link.is_in_exchange()) {
            if (early_end_ == EarlyEnd::cancel && std::chrono::steady_clock::now() >= end) link.stop(KDEPS_CANCELLED);
            const Result result = link.next();
            if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR && result != nullptr && link.stopped() == KDEPS_OK) {
                link.warn("PostgreSQL failed after the last row that was wanted: " +
                          error_of(result.get(), {.doing = "the statement failed"}).message);
            }
        }
    } catch (const std::exception& error) {
        link.warn(std::string("the rest of the rows could not be dropped: ") + error.what());
    }
}

}  // namespace kdeps::postgres
