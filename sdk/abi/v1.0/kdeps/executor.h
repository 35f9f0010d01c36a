/* SPDX-License-Identifier: Apache-2.0 */
/* Interface "kdeps.executor/1": a key under run: of a resource, and what it does. */
#ifndef KDEPS_EXECUTOR_H
#define KDEPS_EXECUTOR_H

#include <kdeps/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_EXECUTOR_ID "kdeps.executor/1"

/* Flags. */
#define KDEPS_EXECUTOR_PURE 1u /* no effects outside the run */
/* The output is the run's answer: a MAP {success, data, _meta?: {statusCode, headers}}.  May stand beside another
   action in one resource, and then runs after it. */
#define KDEPS_EXECUTOR_RESPONDS 2u

typedef struct kdeps_executor {
    uint32_t struct_size;
    uint32_t flags;
    kdeps_str run_key;          /* "sql" */
    kdeps_str config_schema;    /* JSON Schema (draft 7) of the value under run_key.  "x-kdeps-read" on a property tells
                                   how the host reads its strings: "value" (default), "template" ({{ }} only), "expression"
                                   (always), "literal" (never).  The host adds the keys timeout and timeoutDuration. */
    int64_t default_timeout_ns; /* for a step without timeout; 0 = none */

    /* shared: checks `config`, which lives as long as the step, and reports every fault through kdeps.diagnostics/1. */
    kdeps_status (*compile)(kdeps_instance*, kdeps_call*, kdeps_value config, kdeps_step** out);

    /* shared: *out is a value of this call, written on OK only. */
    kdeps_status (*run)(kdeps_step*, kdeps_call*, kdeps_value* out);

    /* any, optional: `running` should end soon: its deadline has passed, or check tells CANCELLED. */
    void (*cancel)(kdeps_step*, kdeps_call* running);

    /* worker: after its last run. */
    void (*destroy)(kdeps_step*);

    /* shared, optional: sends what run will wait for, and does not wait itself, so that one thread has several steps
       under way. OK: run follows with the same call, always.  Otherwise nothing was begun, and run may follow, on this
       call or on another: UNSUPPORTED: run would begin at once.  EXHAUSTED: run would first wait for a limit, such as a
       full pool. */
    kdeps_status (*start)(kdeps_step*, kdeps_call*);
} kdeps_executor;

#ifdef __cplusplus
}
#endif
#endif
