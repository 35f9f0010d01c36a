/* SPDX-License-Identifier: Apache-2.0 */
/* A symbol that two plugins could have in common. */
__attribute__((visibility("default"))) int helper(void);
int helper(void) { return 1; }
