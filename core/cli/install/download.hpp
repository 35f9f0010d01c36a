// SPDX-License-Identifier: Apache-2.0
// Fetches a file over HTTP or HTTPS, within limits.
#pragma once

#include <cstddef>
#include <string>

namespace kdeps::install {

bool is_url(const std::string& text);

// The bytes of a URL, at most `limit`.  HTTPS checks the server's certificate against the system's authorities.  At
// most five redirections, none from https to http; ten minutes in all, 30 s without a byte.  Throws Error (UNAVAILABLE,
// TIMEOUT, EXHAUSTED) naming the URL without a password.
std::string download(const std::string& url, std::size_t limit);

// What `to` means beside `from`, both file names or URLs.
std::string resolve(const std::string& from, const std::string& to);

}  // namespace kdeps::install
