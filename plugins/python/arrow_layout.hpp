// SPDX-License-Identifier: Apache-2.0
// The sizes of Arrow buffers, which the C data interface does not tell.
// Source: https://arrow.apache.org/docs/format/Columnar.html and CDataInterface.html
#pragma once

#include <kdeps/arrow.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kdeps::python {

// How a buffer of a type grows with the rows.
enum class Growth : std::uint8_t { validity, bits, fixed, offsets32, offsets64, data32, data64, ids };

struct BufferLayout {
    Growth growth = Growth::fixed;
    std::size_t width = 0;  // bytes of a row, of a fixed buffer
};

struct Layout {
    bool is_known = false;
    std::size_t count = 0;
    BufferLayout buffers[3];
};

// Views and run-end encodings are not known: what brings them is asked for plain columns.
Layout layout_of(std::string_view format);

// Bytes that `rows` rows (offset included) need in buffer i.  `array` is asked for the end of its offsets, which must
// be readable.
std::size_t buffer_size(const Layout& layout, std::size_t i, std::int64_t rows, const ArrowArray& array);

}  // namespace kdeps::python
