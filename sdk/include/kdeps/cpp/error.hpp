// SPDX-License-Identifier: Apache-2.0
// What a plugin throws.  The wrapper turns it into host->fail at the boundary; nothing crosses C.
#pragma once

#include <kdeps/types.h>

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

// Every name of the wrapper is hidden in the plugin that uses it: two plugins must not share a static of an inline
// function.
#define KDEPS_SDK_BEGIN \
    namespace kdeps {   \
    inline namespace sdk __attribute__((visibility("hidden"))) {
#define KDEPS_SDK_END \
    }                 \
    }

KDEPS_SDK_BEGIN

inline kdeps_str to_str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view to_view(kdeps_str text) {
    return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

// SQLSTATE of a connection that was found closed before anything was sent on it: with KDEPS_RETRY_FRESH the caller may
// repeat its work on another one, as certainly nothing was done.
inline constexpr const char* kNothingSent = "08003";

// The message is for the user: lower case, no full stop, no secret, no SQL text, no parameter value.
class Error : public std::exception {
public:
    Error(kdeps_status category, std::string text) : status(category), message(std::move(text)) {}
    explicit Error(const kdeps_error& error)
        : status(error.status),
          message(to_view(error.message)),
          detail(to_view(error.detail)),
          sqlstate(error.sqlstate),
          retry(error.retry),
          damage(error.damage),
          vendor_code(error.vendor_code),
          sql_offset(error.sql_offset),
          batch_set(error.batch_set) {}

    const char* what() const noexcept override { return message.c_str(); }

    kdeps_error to_c() const {
        kdeps_error out{};
        out.struct_size = sizeof(out);
        out.status = status;
        std::copy_n(sqlstate.data(), std::min<std::size_t>(sqlstate.size(), 5), out.sqlstate);
        out.retry = retry;
        out.damage = damage;
        out.vendor_code = vendor_code;
        out.sql_offset = sql_offset;
        out.batch_set = batch_set;
        out.message = to_str(message);
        out.detail = to_str(detail);
        return out;
    }

    kdeps_status status;
    std::string message;
    std::string detail;    // for the log only
    std::string sqlstate;  // five characters, or empty
    std::uint8_t retry = KDEPS_RETRY_NEVER;
    std::uint8_t damage = KDEPS_DAMAGE_NONE;
    std::int32_t vendor_code = 0;
    std::int32_t sql_offset = -1;
    std::int64_t batch_set = -1;
};

KDEPS_SDK_END
