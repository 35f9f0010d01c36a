// SPDX-License-Identifier: Apache-2.0
// The time of day in the workflow's time zone.
#pragma once

#include <memory>
#include <string>

namespace kdeps::engine {

// Immutable; any thread.
class ZonedClock {
public:
    // An IANA name: "Etc/UTC", "Europe/Berlin".  Throws Error (INVALID_ARGUMENT) if the system does not know it.
    explicit ZonedClock(const std::string& zone);
    ~ZonedClock();
    ZonedClock(const ZonedClock&) = delete;
    ZonedClock& operator=(const ZonedClock&) = delete;

    // RFC 3339 with milliseconds, "Z" for UTC.
    std::string now() const;

private:
    struct Zone;
    std::unique_ptr<Zone> zone_;
};

}  // namespace kdeps::engine
