// SPDX-License-Identifier: Apache-2.0
// The parameter sets of a batch, kept so that a driver can send them a second time in another way.
#pragma once

#include <kdeps/cpp/stream.hpp>
#include <vector>

KDEPS_SDK_BEGIN

class Sets {
public:
    // Reads the stream to its end.  Throws Error.
    explicit Sets(columns::Stream stream) {
        const auto expect = [&](int failed) {
            if (failed == 0) return;
            const char* why = stream->get_last_error(stream.get());
            throw Error(KDEPS_BAD_DATA, why == nullptr ? "the parameters cannot be read" : why);
        };
        ArrowSchema raw_schema{};
        expect(stream->get_schema(stream.get(), &raw_schema));
        schema_ = columns::Schema(&raw_schema);
        while (true) {
            ArrowArray raw{};
            expect(stream->get_next(stream.get(), &raw));
            if (raw.release == nullptr) break;
            arrays_.emplace_back(&raw);
        }
    }

    // visit(column readers, row) for each set, until it returns false.
    template <typename Visit>
    void for_each(Visit visit) const {
        for (const columns::Array& array : arrays_) {
            std::vector<columns::ColumnReader> readers;
            for (std::int64_t i = 0; i < schema_->n_children; ++i)
                readers.emplace_back(*schema_->children[i], *array->children[i]);
            for (std::int64_t row = 0; row < array->length; ++row) {
                if (!visit(readers, row)) return;
            }
        }
    }

private:
    columns::Schema schema_;
    std::vector<columns::Array> arrays_;
};

KDEPS_SDK_END
