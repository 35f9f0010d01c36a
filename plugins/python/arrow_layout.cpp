// SPDX-License-Identifier: Apache-2.0
#include "arrow_layout.hpp"

#include <charconv>

namespace kdeps::python {

namespace {

Layout fixed(std::size_t width) { return {true, 2, {{Growth::validity, 0}, {Growth::fixed, width}}}; }

std::size_t number_after(std::string_view format, char mark) {
    std::size_t out = 0;
    const std::size_t at = format.rfind(mark);
    if (at != std::string_view::npos) std::from_chars(format.data() + at + 1, format.data() + format.size(), out);
    return out;
}

std::size_t width_of(char format) {
    switch (format) {
        case 'c':
        case 'C': return 1;
        case 's':
        case 'S':
        case 'e': return 2;
        case 'i':
        case 'I':
        case 'f': return 4;
        case 'l':
        case 'L':
        case 'g': return 8;
        default: return 0;
    }
}

}  // namespace

Layout layout_of(std::string_view format) {
    const Layout validity{true, 1, {{Growth::validity, 0}}};
    if (format == "n") return {true, 0, {}};
    if (format == "b") return {true, 2, {{Growth::validity, 0}, {Growth::bits, 0}}};
    if (format == "u" || format == "z")
        return {true, 3, {{Growth::validity, 0}, {Growth::offsets32, 0}, {Growth::data32, 0}}};
    if (format == "U" || format == "Z")
        return {true, 3, {{Growth::validity, 0}, {Growth::offsets64, 0}, {Growth::data64, 0}}};
    if (format.size() == 1 && width_of(format[0]) > 0) return fixed(width_of(format[0]));
    if (format.starts_with("w:")) return fixed(number_after(format, ':'));
    if (format.starts_with("d:")) {
        // d:precision,scale, or d:precision,scale,bits.
        const bool has_bits = format.find(',') != format.rfind(',');
        return fixed(has_bits ? number_after(format, ',') / 8 : 16);
    }
    if (format == "tdD" || format == "tts" || format == "ttm" || format == "tiM") return fixed(4);
    if (format == "tin") return fixed(16);
    if (format.starts_with("t")) return fixed(8);
    if (format == "+s" || format.starts_with("+w:")) return validity;
    if (format == "+l" || format == "+m") return {true, 2, {{Growth::validity, 0}, {Growth::offsets32, 0}}};
    if (format == "+L") return {true, 2, {{Growth::validity, 0}, {Growth::offsets64, 0}}};
    if (format.starts_with("+ud:")) return {true, 2, {{Growth::ids, 1}, {Growth::fixed, 4}}};
    return {};
}

std::size_t buffer_size(const Layout& layout, std::size_t i, std::int64_t rows, const ArrowArray& array) {
    const auto n = static_cast<std::size_t>(rows);
    switch (layout.buffers[i].growth) {
        case Growth::validity:
        case Growth::bits: return (n + 7) / 8;
        case Growth::ids: return n;
        case Growth::fixed: return n * layout.buffers[i].width;
        case Growth::offsets32: return n == 0 ? 0 : (n + 1) * 4;
        case Growth::offsets64: return n == 0 ? 0 : (n + 1) * 8;
        case Growth::data32:
            return n == 0 ? 0 : static_cast<std::size_t>(static_cast<const std::int32_t*>(array.buffers[1])[n]);
        case Growth::data64:
            return n == 0 ? 0 : static_cast<std::size_t>(static_cast<const std::int64_t*>(array.buffers[1])[n]);
    }
    return 0;
}

}  // namespace kdeps::python
