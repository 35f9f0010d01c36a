/* SPDX-License-Identifier: Apache-2.0 */
/* The layout as a plugin in C sees it: checked by being compiled. */
#include "tests/abi/layout_asserts.h"

const char* kdeps_layout_in_c(void);
const char* kdeps_layout_in_c(void) { return KDEPS_DRIVER_ID; }
