// SPDX-License-Identifier: Apache-2.0
// Conversion of values between types, with the errors of the original.
#pragma once

#include <string>

#include "tests/support/tds/moment.hpp"
#include "tests/support/tds/types.hpp"

namespace kdeps::testing::tds {

// Whether a text that is too long is cut, as CAST does, or refused, as a column does.
enum class TooLong { cut, refuse };

// The value in the one form that its type has: integers and bits as integers, floats as doubles, decimals as digits
// with the type's scale, dates and times as texts, uniqueidentifier in capitals.  Throws SqlError.
Value convert(const Value& value, const Type& type, TooLong too_long = TooLong::cut);

// The form in the tables: as convert gives it, but for decimals of up to 15 digits, which are numbers so that they
// compare and add up.
Value to_storage(const Value& value, const Type& type, TooLong too_long = TooLong::refuse);

std::string moment_text(const Moment& moment, const Type& type);

}  // namespace kdeps::testing::tds
