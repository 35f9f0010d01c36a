// SPDX-License-Identifier: Apache-2.0
// Arrow tables in messages: the schema and the places of the buffers in the body, the buffers themselves in the memory.
#pragma once

#include <kdeps/arrow.h>

#include <kdeps/cpp/arrow.hpp>
#include <memory>
#include <string>
#include <vector>

#include "channel.hpp"

namespace kdeps::python {

// A table whose buffers lie in the memory of a message.  Immutable; any thread.
class SharedTable {
public:
    // Throws std::runtime_error if a buffer is smaller than its rows need, or an offset leads out of its buffer.
    static std::shared_ptr<const SharedTable> read(Reader& body, std::shared_ptr<const Memory> memory);

    std::int64_t row_count() const { return row_count_; }
    const ArrowSchema& schema() const { return *schema_; }
    std::size_t batch_count() const { return batches_.size(); }
    const ArrowArray& batch(std::size_t i) const { return *batches_[i]; }

    // `count` rows from row `first` on; the stream shares the buffers and may outlive every other reference.
    static void open(std::shared_ptr<const SharedTable> table, std::int64_t first, std::int64_t count,
                     ArrowArrayStream* out);

private:
    SharedTable() = default;

    std::shared_ptr<const Memory> memory_;
    columns::Schema schema_;
    std::vector<columns::Array> batches_;
    std::int64_t row_count_ = 0;
};

// Batches that were read from a stream, which must live until the packet is sent.
struct TableParts {
    columns::Schema schema;
    std::vector<columns::Array> batches;
};

// Reads a stream to its end.  Throws std::runtime_error with the stream's error.
TableParts read_parts(columns::Stream& stream);

// Throws std::runtime_error for a type whose buffers are not known here.
void write_table(const TableParts& parts, Packet& packet);

}  // namespace kdeps::python
