// SPDX-License-Identifier: Apache-2.0
#include "core/engine/clock.hpp"

#include <date/tz.h>

#include "core/base/base.hpp"

namespace kdeps::engine {

struct ZonedClock::Zone {
    const date::time_zone* zone = nullptr;  // null: UTC, which needs no database
};

ZonedClock::ZonedClock(const std::string& zone) : zone_(std::make_unique<Zone>()) {
    if (zone == "UTC" || zone == "Etc/UTC" || zone.empty()) {
        return;
    }
    try {
        zone_->zone = date::locate_zone(zone);
    } catch (const std::exception&) {
        throw Error(Status::invalid_argument, "time zone '" + zone + "' is not known. Example: Europe/Berlin, Etc/UTC");
    }
}

ZonedClock::~ZonedClock() = default;

std::string ZonedClock::now() const {
    const auto now = date::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto offset = zone_->zone == nullptr ? std::chrono::seconds(0) : zone_->zone->get_info(now).offset;
    std::string out = timestamp(now + offset);
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(offset).count();
    if (minutes == 0) return out + 'Z';
    const long absolute = std::abs(minutes);
    const auto two = [&out](long number) {
        out += static_cast<char>('0' + number / 10);
        out += static_cast<char>('0' + number % 10);
    };
    out += minutes < 0 ? '-' : '+';
    two(absolute / 60);
    out += ':';
    two(absolute % 60);
    return out;
}

}  // namespace kdeps::engine
