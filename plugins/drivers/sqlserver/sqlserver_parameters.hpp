// SPDX-License-Identifier: Apache-2.0
// Values on their way to the server: typed arguments of a remote procedure call.
#pragma once

#include <kdeps/types.h>

#include <array>
#include <deque>
#include <string>
#include <string_view>

#include "sqlserver_client.hpp"

namespace kdeps::sqlserver {

// SQL Server takes no more in one call ("Maximum capacity specifications").
inline constexpr std::size_t kMostParameters = 2100;

// What a value goes into, as far as it matters: nothing converts a NULL, which has no type of its own, to a binary type
// by itself; and where a number stands, digits behind its last one make no difference.
enum class Place : std::uint8_t { text, binary, number };

// One value; borrows the cell's text.
struct Argument {
    std::string type;  // as it is declared: "bigint"
    int wire = 0;
    bool is_null = false;
    const char* literal =
        nullptr;  // for a value that DB-Library cannot send, because it takes length 0 for NULL: the value as SQL
    std::string_view bytes;                     // of the value, or a decimal as it came
    std::array<char, sizeof(DBNUMERIC)> own{};  // where `bytes` is, for what is made here
    std::size_t own_size = 0;
    int digits = 0;  // of a decimal, before its point; -1 if its scale must stay
    int scale = 0;

    std::string_view content() const { return own_size > 0 ? std::string_view(own.data(), own_size) : bytes; }
};

// `position` counts from 1, for error texts.  Throws Error (BAD_DATA) that never shows the value.
Argument make_argument(const kdeps_cell& cell, std::size_t position, Place place, bool sends_varchar = false);

// UTF-16 units of a text that goes to the server.  Throws Error (BAD_DATA) for what is no UTF-8.
std::size_t utf16_units(std::string_view text, std::size_t position);

// A call in the making.  Keeps what it is given until it is sent.  One thread.
class Request {
public:
    Request(DBPROCESS* process, const char* procedure);

    // `name` stays.
    void add_text(const char* name, std::string text);
    void add(std::string name, const Argument& argument);
    std::size_t bytes() const { return bytes_; }

private:
    void add_value(const char* name, int wire, std::string_view value, bool is_null);

    DBPROCESS* process_;
    std::deque<std::string> texts_;
    std::deque<Argument> arguments_;
    std::size_t bytes_ = 0;
};

}  // namespace kdeps::sqlserver
