// SPDX-License-Identifier: Apache-2.0
// The values of one execution, bound for the binary protocol.
#pragma once

#include <kdeps/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "mysql_client.hpp"

namespace kdeps::mysql {

// The server does not tell what type a parameter wants, and refuses 2024-01-31T12:00:00Z for DATETIME and TIMESTAMP
// columns.  A text of this form is sent as it is until the server refuses it; from then on its place takes moments,
// which are sent in UTC.
enum class ZonedText : std::uint8_t { unknown, text, moment };

// Borrows the cells' texts.  One thread.
class Parameters {
public:
    explicit Parameters(std::size_t count)
        : binds_(count), lengths_(count), values_(count), zoned_(count, ZonedText::unknown) {}

    // Throws Error (BAD_DATA, EXHAUSTED) that names the position, never the value.
    void set(std::span<const kdeps_cell> cells);

    std::size_t size() const { return binds_.size(); }
    MYSQL_BIND* binds() { return binds_.data(); }
    std::size_t bytes() const { return bytes_; }  // about what the execution sends

    // Has a place that may want a moment a text with a zone?
    bool has_open_question() const { return has_open_question_; }
    // Answers it, for these values and all that follow.
    void settle(ZonedText answer);

private:
    union Value {
        std::int64_t i;
        double d;
        MYSQL_TIME time;
    };
    void set_one(std::size_t i, const kdeps_cell& cell);

    std::vector<MYSQL_BIND> binds_;
    std::vector<unsigned long> lengths_;
    std::vector<Value> values_;
    std::vector<ZonedText> zoned_;
    std::vector<std::size_t> open_;  // places whose text has a zone
    std::size_t bytes_ = 0;
    bool has_open_question_ = false;
};

}  // namespace kdeps::mysql
