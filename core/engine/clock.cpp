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
    if (zone_->zone == nullptr) {
        return date::format("%FT%TZ", now);
    }
    const std::string text = date::format("%FT%T%Ez", date::make_zoned(zone_->zone, now));
    return text.ends_with("+00:00") ? text.substr(0, text.size() - 6) + "Z" : text;
}

}  // namespace kdeps::engine
