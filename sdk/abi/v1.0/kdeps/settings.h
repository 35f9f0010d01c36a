/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces "kdeps.settings/1" (the plugin owns one key of settings:) and "kdeps.health/1" (what /ready and
 * `connections` show). */
#ifndef KDEPS_SETTINGS_H
#define KDEPS_SETTINGS_H

#include <kdeps/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_SETTINGS_ID "kdeps.settings/1"
#define KDEPS_HEALTH_ID "kdeps.health/1"

typedef struct kdeps_settings {
    uint32_t struct_size;
    uint32_t reserved;
    kdeps_str settings_key;
    kdeps_str config_schema; /* JSON Schema of the value under settings_key */

    /* load; again on reload: `settings` is NULL if the workflow has no such key; it lives until the next configure or
       shutdown. No effects that need the network: a workflow is also configured to be validated. */
    kdeps_status (*configure)(kdeps_instance*, kdeps_call*, kdeps_value settings);

    /* load, optional: the workflow is about to serve: open what should be ready.  Failures are logged, not returned. */
    void (*start)(kdeps_instance*, kdeps_call*);
} kdeps_settings;

typedef struct kdeps_health {
    uint32_t struct_size;
    uint32_t reserved;

    /* shared: a LIST of MAPs {name, ok, error?, driver?, server?, latencyMs?, pool?: {open, idle, inUse, waiting,
     * max}}. */
    kdeps_status (*check)(kdeps_instance*, kdeps_call*, kdeps_value* out);
} kdeps_health;

#ifdef __cplusplus
}
#endif
#endif
