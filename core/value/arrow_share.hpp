// SPDX-License-Identifier: Apache-2.0
// Arrow structs that point into buffers which something else owns.
#pragma once

#include <memory>

struct ArrowArray;
struct ArrowSchema;

namespace kdeps::value {

// Fills `out` with the structure of `from` over the same buffers, which `owner` keeps alive.  Every child is a struct
// of its own with its own hold on the owner, so that a consumer may move a child out and release the parent before it
// (Arrow C data interface, "Moving child arrays"), and so that no consumer ever writes to `from`.
void share_schema(const ArrowSchema& from, const std::shared_ptr<const void>& owner, ArrowSchema* out);
void share_array(const ArrowArray& from, const std::shared_ptr<const void>& owner, ArrowArray* out);

}  // namespace kdeps::value
