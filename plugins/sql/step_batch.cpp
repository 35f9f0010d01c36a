// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lease.hpp"
#include "step.hpp"

namespace kdeps::sql {

namespace {

// Sets per transaction of a batch that commits by itself in chunks.
constexpr std::size_t kChunk = 10'000;

// Some rows of a stream of batches, so that a batch can be sent in chunks.
class SomeSets final : public BatchSource {
public:
    SomeSets(columns::Array& all, const columns::Schema& schema, std::int64_t from, std::int64_t count)
        : all_(all), schema_(schema), from_(from), count_(count) {}

    void schema(ArrowSchema* out) override { borrow(schema_.get(), out); }
    bool next(ArrowArray* out) override {
        if (is_given_) return false;
        is_given_ = true;
        borrow(all_.get(), out);
        out->length = count_;
        // Every child starts further in; a struct's own offset would be added by some readers and not by others.
        auto children = std::make_unique<Children>();
        for (std::int64_t i = 0; i < all_->n_children; ++i) {
            ArrowArray& copy = children->copies.emplace_back(*all_->children[i]);
            copy.offset += from_;
            copy.length = count_;
            copy.release = [](ArrowArray* array) { array->release = nullptr; };
        }
        for (ArrowArray& copy : children->copies) children->pointers.push_back(&copy);
        out->children = children->pointers.data();
        out->private_data = children.release();  // an array may outlive its stream
        out->release = [](ArrowArray* array) {
            delete static_cast<Children*>(array->private_data);
            array->release = nullptr;
        };
        return true;
    }

private:
    // The chunks share what the whole batch owns, which outlives them.
    template <typename Struct>
    static void borrow(const Struct* from, Struct* out) {
        *out = *from;
        out->release = [](Struct* borrowed) { borrowed->release = nullptr; };
    }

    struct Children {
        std::vector<ArrowArray> copies;
        std::vector<ArrowArray*> pointers;
    };

    columns::Array& all_;
    const columns::Schema& schema_;
    const std::int64_t from_;
    const std::int64_t count_;
    bool is_given_ = false;
};

}  // namespace

Value Step::run_batch(const Call& call, Lease& lease, const Query& query, const ResultLimits& limits,
                      bool is_in_transaction) const {
    const kdeps_driver& driver = lease.driver();
    const StatementText& text = query.text_for(driver);
    Batch batch = query.bind_batch(call, text);
    std::vector<std::int64_t> affected(batch.count, -1);
    if (batch.count == 0) return batch_counts(call, affected);
    ArrowSchema raw_schema{};
    ArrowArray raw_array{};
    if (batch.sets->get_schema(batch.sets.get(), &raw_schema) != 0) throw call.error(KDEPS_INTERNAL);
    const columns::Schema schema(&raw_schema);
    if (batch.sets->get_next(batch.sets.get(), &raw_array) != 0) throw call.error(KDEPS_INTERNAL);
    columns::Array all(&raw_array);
    kdeps_statement* statement =
        text.is_fixed() ? lease.prepare(text.pieces[0].sql) : lease.prepare(query.sql(call, text, driver));

    // Within a transaction all at once; else chunks that commit by themselves.
    const std::size_t chunk = is_in_transaction ? batch.count : kChunk;
    std::optional<Value> rows;
    std::size_t done = 0;
    bool is_open = false;
    try {
        while (done < batch.count) {
            const std::size_t count = std::min(chunk, batch.count - done);
            if (!is_in_transaction) {
                const kdeps_status began = driver.begin(lease.handle(), call.get(), KDEPS_ISOLATION_DEFAULT, 0);
                if (began != KDEPS_UNSUPPORTED) {
                    lease.expect(began);
                    is_open = true;
                }
            }
            ArrowArrayStream sets{};
            make_stream(std::make_unique<SomeSets>(all, schema, static_cast<std::int64_t>(done),
                                                   static_cast<std::int64_t>(count)),
                        call, &sets);
            ArrowArrayStream returned{};
            kdeps_batch counts_of{sizeof(kdeps_batch), 0, count, affected.data() + done, 0};
            lease.expect(driver.execute_batch(statement, call.get(), &sets, &returned, &counts_of));
            lease.note_work();
            if (returned.release != nullptr) {
                Value more = read_rows(call, columns::Stream(&returned), format_, limits);
                if (!rows) {
                    rows = more;
                } else if (rows->is_string()) {
                    // The header of a further chunk is not repeated.
                    const std::string_view next = more.string();
                    rows = call.string(std::string(rows->string()) +
                                       std::string(next.substr(std::min(next.find('\n') + 1, next.size()))));
                } else {
                    const Value joined = call.list();
                    for (const Value& part : {*rows, more}) {
                        for (std::size_t i = 0; i < part.size(); ++i) call.push(joined, part.at(i));
                    }
                    rows = joined;
                }
            }
            if (is_open) {
                lease.expect(driver.commit(lease.handle(), call.get()));
                is_open = false;
            }
            done += count;
        }
    } catch (Error& error) {
        lease.note(error);
        if (is_open && lease.is_usable()) {
            if (driver.rollback(lease.handle(), call.get()) == KDEPS_OK) lease.repair();
        }
        lease.forget(statement);
        if (error.batch_set >= 0) {
            error.batch_set += static_cast<std::int64_t>(done);
            error.message = "paramsBatch[" + std::to_string(error.batch_set) + "]: " + error.message;
            if (!is_in_transaction && done > 0)
                error.message += "; the first " + std::to_string(done) + " sets are committed";
        }
        throw Error(std::move(error));
    }
    return rows ? *rows : batch_counts(call, affected);
}

}  // namespace kdeps::sql
