// SPDX-License-Identifier: Apache-2.0
// Owners of the Arrow C structs: move-only, released once.
#pragma once

#include <kdeps/arrow.h>

#include <utility>

namespace kdeps::columns {

// Schema, Array and Stream hold one struct each; a struct whose release is null is empty.
template <typename Struct>
class Owned {
public:
    Owned() = default;
    explicit Owned(Struct* moved) : struct_(*moved) { moved->release = nullptr; }
    Owned(Owned&& other) noexcept : struct_(other.struct_) { other.struct_.release = nullptr; }
    Owned& operator=(Owned&& other) noexcept {
        if (this != &other) {
            reset();
            struct_ = std::exchange(other.struct_, Struct{});
        }
        return *this;
    }
    ~Owned() { reset(); }

    explicit operator bool() const { return struct_.release != nullptr; }
    Struct* get() { return &struct_; }
    const Struct* get() const { return &struct_; }
    const Struct& operator*() const { return struct_; }
    const Struct* operator->() const { return &struct_; }

    // Gives the struct away.
    void move_to(Struct* out) { *out = std::exchange(struct_, Struct{}); }

    void reset() {
        if (struct_.release != nullptr) {
            struct_.release(&struct_);
            struct_.release = nullptr;
        }
    }

private:
    Struct struct_{};
};

using Schema = Owned<ArrowSchema>;
using Array = Owned<ArrowArray>;
using Stream = Owned<ArrowArrayStream>;

}  // namespace kdeps::columns
