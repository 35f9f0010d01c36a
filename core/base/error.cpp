// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"

#include <array>
#include <filesystem>
#include <new>
#include <system_error>

namespace kdeps {

std::string_view status_name(Status status) {
    static constexpr std::array<std::string_view, 16> kNames = {
        "OK",          "INVALID_ARGUMENT", "INVALID_STATE", "NOT_FOUND",  "ALREADY_EXISTS",
        "UNSUPPORTED", "UNAUTHENTICATED",  "FORBIDDEN",     "CONSTRAINT", "BAD_DATA",
        "CONFLICT",    "UNAVAILABLE",      "EXHAUSTED",     "TIMEOUT",    "CANCELLED",
        "INTERNAL"};
    const auto index = static_cast<std::size_t>(status);
    return index < kNames.size() ? kNames[index] : "INTERNAL";
}

std::string Position::text() const {
    if (!known()) {
        return file;
    }
    std::string out = file;
    if (!out.empty()) {
        out += ':';
    }
    return out + std::to_string(line) + ":" + std::to_string(column);
}

namespace {

Error with_detail(Status status, std::string message, const std::exception& caught) {
    Error error(status, std::move(message));
    error.detail = caught.what();
    return error;
}

Error told() {
    try {
        throw;
    } catch (const Error& caught) {
        return caught;
    } catch (const std::bad_alloc&) {
        return {Status::exhausted, "not enough memory"};
    } catch (const std::filesystem::filesystem_error& caught) {
        return with_detail(Status::internal, "a file or folder could not be used: " + caught.code().message(), caught);
    } catch (const std::system_error& caught) {
        const bool is_short = caught.code() == std::errc::resource_unavailable_try_again ||
                              caught.code() == std::errc::too_many_files_open ||
                              caught.code() == std::errc::not_enough_memory;
        return with_detail(is_short ? Status::exhausted : Status::internal,
                           "the system refused: " + caught.code().message(), caught);
    } catch (const std::exception& caught) {
        return with_detail(Status::internal, "an unexpected failure; the log has the details", caught);
    } catch (...) {
        return {Status::internal, "an unexpected failure of an unknown kind"};
    }
}

}  // namespace

Error current_error() noexcept {
    try {
        return told();
    } catch (...) {  // no memory for the words
        return {Status::exhausted, "no memory"};
    }
}

}  // namespace kdeps
