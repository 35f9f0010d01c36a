/* SPDX-License-Identifier: Apache-2.0 */
/* Interface "kdeps.live/1", of a plugin with an executor: checks its compiled steps against what they work on, for
   `kdeps validate --live`. */
#ifndef KDEPS_LIVE_H
#define KDEPS_LIVE_H

#include <kdeps/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_LIVE_ID "kdeps.live/1"

typedef struct kdeps_live {
    uint32_t struct_size;
    uint32_t reserved;

    /* shared, outside of a run: `step` is one that this plugin's executor compiled; nothing is changed and nothing of
       the workflow runs.  Every fault goes to kdeps.diagnostics/1, also that the other side cannot be reached; OK then
       too.  *out is a LIST of MAPs, one for each thing that was looked at: {location, name, on, note?, parameters?,
       columns?}, the last two LISTs of MAPs {name, type}. */
    kdeps_status (*check)(kdeps_instance*, kdeps_call*, kdeps_step* step, kdeps_value* out);
} kdeps_live;

#ifdef __cplusplus
}
#endif
#endif
