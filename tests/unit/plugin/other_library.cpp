// SPDX-License-Identifier: Apache-2.0
// A library that opens well and is no plugin.
extern "C" __attribute__((visibility("default"))) int kdeps_other_library() { return 1; }
