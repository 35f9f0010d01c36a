// SPDX-License-Identifier: Apache-2.0
// Parameter values as libpq wants them, and how cells become them.
#pragma once

#include <kdeps/cpp/error.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "postgres_types.hpp"

namespace kdeps::postgres {

// The values of one execution.  Kept from one to the next, so that a batch does not allocate for each set.  One thread.
class Parameters {
public:
    void clear();
    // Copies the cell, converted to what the parameter wants, but for texts and bytes that may go as they are: the
    // cells must live until the statement is sent.  Throws Error (BAD_DATA) that names the parameter and its type, and
    // not its value.
    void add(const kdeps_cell& cell, const Type& type, const Types& types);
    // After the last add.
    void seal();

    int count() const { return static_cast<int>(places_.size()); }
    const char* const* values() const { return values_.data(); }
    const int* lengths() const { return lengths_.data(); }
    const int* formats() const { return formats_.data(); }
    std::size_t bytes() const { return bytes_; }
    // A value's type is one that does not hold it as it is (a date, a number with a fraction …), so that it matters
    // whether the table still has that type.
    bool needs_guard() const { return needs_guard_; }

    void add_text(std::string_view text);  // in text format
    void add_null();

private:
    struct Place {
        const char* borrowed = nullptr;
        std::size_t offset = 0;  // in copies_
        bool is_null = false;
    };

    void borrow(std::string_view bytes);
    void add_binary(std::string_view bytes);
    template <typename Integer>
    void add_integer(Integer value);
    void add_number(std::int64_t value, const Type& type);
    void add_real(double value, const Type& type);
    void add_string(std::string_view text, const Type& type, const Types& types);
    void add_list(const kdeps_cell& list, const Type& type, const Types& types);
    void place(Place place, std::size_t size, bool is_binary);
    [[noreturn]] void refuse(const Type& type, std::string_view sqlstate, std::string_view why) const;

    std::vector<Place> places_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    std::string copies_;
    std::string scratch_;
    std::size_t bytes_ = 0;
    bool needs_guard_ = false;
};

}  // namespace kdeps::postgres
