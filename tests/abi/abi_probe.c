/* SPDX-License-Identifier: Apache-2.0 */
/* A library whose debug information tells every table of the release: what abidiff compares. */
#include <kdeps/kdeps.h>

#define PROBE(type)                        \
    void probe_##type(struct type* table); \
    void probe_##type(struct type* table) { (void)table; }
#define FIXED(type, size) PROBE(type)
#define GROWING(type, size) PROBE(type)
#define FIELD(type, field, offset, size)
#define NUMBER(name, value)
#define TEXT(name, value)
#include KDEPS_LAYOUT

kdeps_status probe_status(kdeps_status status, kdeps_kind kind, kdeps_value value);
kdeps_status probe_status(kdeps_status status, kdeps_kind kind, kdeps_value value) {
    (void)kind;
    (void)value;
    return status;
}
