/* SPDX-License-Identifier: Apache-2.0 */
/* Host extension "kdeps.context/1": the run that a call belongs to. */
#ifndef KDEPS_CONTEXT_H
#define KDEPS_CONTEXT_H

#include <kdeps/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_CONTEXT_ID "kdeps.context/1"

typedef struct kdeps_context {
    uint32_t struct_size;
    uint32_t reserved;

    /* worker: what the expression get(key) or get(key, hint) gives; an empty hint is none.  Absent names give NULL
     * values. */
    kdeps_status (*get)(kdeps_call*, kdeps_str key, kdeps_str hint, kdeps_value* out);

    /* worker: storage is "memory" (also if empty), "session", "item" or "app". */
    kdeps_status (*set)(kdeps_call*, kdeps_str key, kdeps_value value, kdeps_str storage);

    /* worker: what the expression info(name) gives. */
    kdeps_status (*info)(kdeps_call*, kdeps_str name, kdeps_value* out);

    /* any: actionId of the resource that is compiled or runs; empty outside of one. */
    kdeps_str (*resource)(const kdeps_call*);

    /* any: absolute folder of workflow.yaml, which relative paths start from. */
    kdeps_str (*folder)(const kdeps_call*);
} kdeps_context;

#ifdef __cplusplus
}
#endif
#endif
