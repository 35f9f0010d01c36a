/* SPDX-License-Identifier: Apache-2.0 */
/* Host extension "kdeps.value/1": read and build values.  A value belongs to the arena of the call it came from and
 * dies with it. */
#ifndef KDEPS_VALUE_H
#define KDEPS_VALUE_H

#include <kdeps/arrow.h>
#include <kdeps/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_VALUE_ID "kdeps.value/1"

typedef struct kdeps_values {
    uint32_t struct_size;
    uint32_t reserved;

    /* any: also for configuration nodes, where it may be EXPRESSION or TEMPLATE.  NULL is KDEPS_NULL. */
    kdeps_kind (*kind)(kdeps_value);

    /* any: the scalar.  Strings live as long as the value.  INVALID_ARGUMENT for LIST, MAP, TABLE, EXPRESSION and
     * TEMPLATE. */
    kdeps_status (*cell)(kdeps_value, kdeps_cell* out);

    /* any: elements of a LIST, entries of a MAP, rows of a TABLE; 0 for everything else. */
    size_t (*size)(kdeps_value);

    /* any: element i of a LIST or value i of a MAP, in order; row i of a TABLE as a MAP.  NULL if i is out of range. */
    kdeps_value (*at)(kdeps_call*, kdeps_value, size_t i);

    /* any: key i of a MAP, column name i of a TABLE; empty if out of range. */
    kdeps_str (*key_at)(kdeps_value, size_t i);

    /* any: the value under a key of a MAP; NULL if absent. */
    kdeps_value (*find)(kdeps_call*, kdeps_value, kdeps_str key);

    /* any: a new scalar; text and bytes are copied.  Never NULL; a DECIMAL that is not JSON number syntax becomes a
     * STRING. */
    kdeps_value (*new_cell)(kdeps_call*, const kdeps_cell*);

    /* any: an empty list or map to push or put into.  Never NULL. */
    kdeps_value (*new_list)(kdeps_call*);
    kdeps_value (*new_map)(kdeps_call*);

    /* worker: appends; the container must be one made by new_list / new_map of this call and not yet handed on. */
    kdeps_status (*push)(kdeps_value list, kdeps_value element);
    kdeps_status (*put)(kdeps_value map, kdeps_str key, kdeps_value element);

    /* any: a stream over the rows of a TABLE.  It shares the buffers and may outlive the call; the caller
       releases it.  Later hosts also take a LIST of LISTs that have the same number of scalars, as one batch whose
       columns are named 1, 2, …; INVALID_ARGUMENT for everything else. */
    kdeps_status (*open_table)(kdeps_call*, kdeps_value table, struct ArrowArrayStream* out);

    /* worker: a TABLE from a stream, which is moved (its release is NULL afterwards, also on failure) and read to its
     * end. */
    kdeps_status (*new_table)(kdeps_call*, struct ArrowArrayStream* moved, kdeps_value* out);
} kdeps_values;

#ifdef __cplusplus
}
#endif
#endif
