// SPDX-License-Identifier: Apache-2.0
#include "bindings.hpp"

namespace kdeps::sql {

namespace {

// Some rows of a stream of batches, so that a batch can be sent in chunks.
class SomeSets final : public BatchSource {
public:
    SomeSets(const columns::Array& all, const columns::Schema& schema, std::int64_t from, std::int64_t count)
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

    const columns::Array& all_;
    const columns::Schema& schema_;
    const std::int64_t from_;
    const std::int64_t count_;
    bool is_given_ = false;
};

}  // namespace

BatchSets::BatchSets(Batch batch) : count_(batch.count), schema_(schema_of(batch.sets)) {
    ArrowArray raw{};
    detail::expect_rows(batch.sets, batch.sets->get_next(batch.sets.get(), &raw));
    all_ = columns::Array(&raw);
}

columns::Stream BatchSets::some(const Call& call, std::size_t from, std::size_t count) const {
    ArrowArrayStream raw{};
    make_stream(
        std::make_unique<SomeSets>(all_, schema_, static_cast<std::int64_t>(from), static_cast<std::int64_t>(count)),
        call, &raw);
    return columns::Stream(&raw);
}

const Binding& Bindings::of(const Call& call, std::size_t i, const Query& query, const StatementText& text,
                            const kdeps_driver& driver) {
    Binding& out = bound_[i];
    if (out.sql != nullptr) return out;
    if (query.is_batch()) {
        if (Batch batch = query.bind_batch(call, text); batch.count > 0) out.sets.emplace(std::move(batch));
    } else {
        query.bind(call, text, out.values);
    }
    if (!text.is_fixed()) out.made_sql = query.sql(call, text, driver, out.values);
    out.sql = text.is_fixed() ? &text.pieces[0].sql : &out.made_sql;
    return out;
}

}  // namespace kdeps::sql
