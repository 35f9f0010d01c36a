// SPDX-License-Identifier: Apache-2.0
// What a process holds, and whether it grows: memory as the heap counts it, files and threads as the kernel lists them.
#include <malloc.h>

#include <algorithm>
#include <iterator>

#include "core/cli/conformance/subject.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// The sanitizer's heap, which stands in for glibc's; GCC installs no header for it.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace kdeps::conformance {

namespace {

std::size_t entries(const char* folder) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

std::size_t used_memory() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return __sanitizer_get_current_allocated_bytes();
#else
    const struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
#endif
}

std::size_t grown(std::size_t before, std::size_t after) { return after > before ? after - before : 0; }

// What every window of so many repetitions leaves behind, at least.  A cache fills in some windows, a leak grows in
// each.  The first is for warming up.
Footprint growth_of(std::size_t times, const std::function<void()>& work) {
    constexpr int kWindows = 4;
    const auto repeat = [&] {
        for (std::size_t i = 0; i < times; ++i) work();
        return footprint();
    };
    constexpr std::size_t kMost = static_cast<std::size_t>(-1);
    Footprint growth{kMost, kMost, kMost};
    Footprint before = repeat();
    for (int i = 0; i < kWindows; ++i) {
        const Footprint after = repeat();
        growth.memory = std::min(growth.memory, grown(before.memory, after.memory));
        growth.descriptors = std::min(growth.descriptors, grown(before.descriptors, after.descriptors));
        growth.threads = std::min(growth.threads, grown(before.threads, after.threads));
        before = after;
    }
    return growth;
}

}  // namespace

Footprint footprint() { return {used_memory(), entries("/proc/self/fd"), entries("/proc/self/task")}; }

std::string leak_of(std::size_t times, const std::function<void()>& work) {
    constexpr std::size_t kSmallestBlock = 24;  // of glibc: less than that each time is the heap's own noise
    Footprint growth = growth_of(times, work);
    // The heap keeps freed blocks of a thread as used, which fills up over some windows: a leak grows with the
    // repetitions, this does not.
    if (growth.memory >= kSmallestBlock * times) {
        constexpr std::size_t kMore = 5;
        times *= kMore;
        growth = growth_of(times, work);
    }
    const std::string each = " more after " + std::to_string(times) + " times";
    if (growth.descriptors > 0) return "leaves files or sockets open: " + std::to_string(growth.descriptors) + each;
    if (growth.threads > 0) return "leaves threads running: " + std::to_string(growth.threads) + each;
    if (growth.memory >= kSmallestBlock * times)
        return "leaks memory: about " + std::to_string(growth.memory / times) + " bytes each time";
    return {};
}

}  // namespace kdeps::conformance
