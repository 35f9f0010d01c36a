/* SPDX-License-Identifier: Apache-2.0 */
/* Host extension "kdeps.diagnostics/1": faults of a configuration, each with its place in the workflow file.
   compile and configure report every fault they find, then return INVALID_ARGUMENT once. */
#ifndef KDEPS_DIAGNOSTICS_H
#define KDEPS_DIAGNOSTICS_H

#include <kdeps/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_DIAGNOSTICS_ID "kdeps.diagnostics/1"

#define KDEPS_FAULT_ERROR 0
#define KDEPS_FAULT_WARNING 1
#define KDEPS_FAULT_NOTE 2

typedef struct kdeps_diagnostics {
    uint32_t struct_size;
    uint32_t reserved;

    /* any, during compile or configure: `at` is a configuration node and `offset` a byte inside its text (0 = its
       start). The host adds file:line:column, the line and a caret. */
    void (*report)(kdeps_call*, int32_t severity, kdeps_value at, size_t offset, kdeps_str message);

    /* any, also at run time: "resources/a.yaml:12:7" of a configuration node; lives as long as the node. */
    kdeps_str (*location)(kdeps_value config);

    /* any: the candidate nearest to `name`, for "did you mean"; empty if none is near.  It points into `candidates`. */
    kdeps_str (*nearest)(kdeps_str name, const kdeps_str* candidates, size_t count);
} kdeps_diagnostics;

#ifdef __cplusplus
}
#endif
#endif
