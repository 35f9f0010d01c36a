// SPDX-License-Identifier: Apache-2.0
// How much longer than in an ordinary build a test waits.  Where a test demands that something takes at most so long,
// it multiplies by this; a lower bound stays as it is.
#pragma once

#if defined(__has_feature)
#define KDEPS_HAS_FEATURE(feature) __has_feature(feature)
#else
#define KDEPS_HAS_FEATURE(feature) 0
#endif

namespace kdeps::testing {

#if defined(__SANITIZE_THREAD__) || KDEPS_HAS_FEATURE(thread_sanitizer)
inline constexpr int kPatience = 10;
#elif defined(__SANITIZE_ADDRESS__) || KDEPS_HAS_FEATURE(address_sanitizer)
inline constexpr int kPatience = 4;
#else
inline constexpr int kPatience = 1;
#endif

}  // namespace kdeps::testing

#undef KDEPS_HAS_FEATURE
