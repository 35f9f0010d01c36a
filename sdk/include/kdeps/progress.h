/* SPDX-License-Identifier: Apache-2.0 */
/* Host extensions "kdeps.progress/1", "kdeps.metrics/1" and "kdeps.background/1". */
#ifndef KDEPS_PROGRESS_H
#define KDEPS_PROGRESS_H

#include <kdeps/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_PROGRESS_ID "kdeps.progress/1"
#define KDEPS_METRICS_ID "kdeps.metrics/1"
#define KDEPS_BACKGROUND_ID "kdeps.background/1"

/* Long work, shown on a terminal and silent in a pipe. */
typedef struct kdeps_progress {
    uint32_t struct_size;
    uint32_t reserved;

    /* any: done of total units (total 0 = unknown).  `what` names the work, e.g. "installing pandas". */
    void (*report)(kdeps_call*, kdeps_str what, int64_t done, int64_t total);
} kdeps_progress;

/* Labels as pairs: key, value, key, value ... `label_count` counts strings, so it is even. */
typedef struct kdeps_metrics {
    uint32_t struct_size;
    uint32_t reserved;

    /* any: adds to a counter.  Names follow Prometheus and start with "kdeps_". */
    void (*count)(const kdeps_host*, kdeps_str name, const kdeps_str* labels, size_t label_count, double add);
    /* any: sets a gauge. */
    void (*gauge)(const kdeps_host*, kdeps_str name, const kdeps_str* labels, size_t label_count, double value);
    /* any: observes seconds in a histogram. */
    void (*observe)(const kdeps_host*, kdeps_str name, const kdeps_str* labels, size_t label_count, double seconds);
} kdeps_metrics;

/* Calls for work that belongs to no run: a pool that opens connections ahead. */
typedef struct kdeps_background {
    uint32_t struct_size;
    uint32_t reserved;

    /* any: a call with a deadline of its own; `timeout_ns` 0 = none.  Ended by end, from any thread, once. */
    kdeps_call* (*begin)(const kdeps_host*, kdeps_str what, int64_t timeout_ns);
    void (*end)(kdeps_call*);
} kdeps_background;

#ifdef __cplusplus
}
#endif
#endif
