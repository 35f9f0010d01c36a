// SPDX-License-Identifier: Apache-2.0
// The values of one execution, bound for the binary protocol.
#pragma once

#include <kdeps/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "mysql_client.hpp"
#include "mysql_places.hpp"

namespace kdeps::mysql {

// What a text with a zone (RFC 3339) is sent as to a place of which nothing is known: the server refuses it for
// DATETIME and TIMESTAMP columns.  It goes as it is until it is refused; from then on its place takes moments, in UTC.
enum class ZonedText : std::uint8_t { unknown, text, moment };

// May the text be a moment with a zone?
bool may_have_zone(std::string_view text);
// Its moment in UTC; nothing if it is none.
std::optional<MYSQL_TIME> zoned_moment(std::string_view text);
// Does the column beside its place tell how this value is sent?
bool wants_place(const kdeps_cell& cell);

// Borrows the cells' texts.  One thread.
class Parameters {
public:
    explicit Parameters(std::size_t count)
        : binds_(count), lengths_(count), values_(count), zoned_(count, ZonedText::unknown) {}

    // Throws Error (BAD_DATA, EXHAUSTED) that names the position, never the value.
    void set(std::span<const kdeps_cell> cells, const Places& places);
    // The same of one row of many, whose first value has this number; to what was set since clear().
    void append(std::size_t first, std::span<const kdeps_cell> cells, const Places& places);
    void clear();

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
        char text[32];  // of a number
    };
    void set_one(std::size_t i, const kdeps_cell& cell, Place target);
    void set_text(std::size_t i, const kdeps_cell& cell, Place target);

    std::vector<MYSQL_BIND> binds_;
    std::vector<unsigned long> lengths_;
    std::vector<Value> values_;
    std::vector<ZonedText> zoned_;
    std::vector<std::size_t> open_;           // places whose text has a zone
    static constexpr std::size_t kHead = 32;  // of the packet
    std::size_t bytes_ = kHead;
    bool has_open_question_ = false;
};

}  // namespace kdeps::mysql
