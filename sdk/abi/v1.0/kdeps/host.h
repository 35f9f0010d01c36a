/* SPDX-License-Identifier: Apache-2.0 */
/* What the host gives to a plugin.  The tags say when and from where a slot may be called: sdk/ABI.md, "Threads". */
#ifndef KDEPS_HOST_H
#define KDEPS_HOST_H

#include <kdeps/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_LOG_DEBUG 0
#define KDEPS_LOG_INFO 1
#define KDEPS_LOG_WARNING 2
#define KDEPS_LOG_ERROR 3

struct kdeps_host {
    uint32_t struct_size;
    uint16_t abi_major;
    uint16_t abi_minor;
    kdeps_str name;
    kdeps_str version;

    /* any: a table of the host by id ("kdeps.value/1", ...), or NULL if this host does not offer it. */
    const void* (*get_extension)(const kdeps_host*, const char* id);

    /* worker: an interface of an installed plugin, e.g. ("kdeps.driver/1", "postgres"), found by any name that its
       manifest gives; the plugin is loaded on need.  NULL (after fail, with NOT_FOUND or why it could not be loaded) if
       there is none. */
    const void* (*find_interface)(const kdeps_host*, kdeps_call*, const char* id, kdeps_str name,
                                  kdeps_instance** owner);

    /* any: records the error of this call, replacing an earlier one; copies everything; returns error->status. */
    kdeps_status (*fail)(kdeps_call*, const kdeps_error*);

    /* any: OK, or TIMEOUT or CANCELLED when the call should end. */
    kdeps_status (*check)(kdeps_call*);

    /* any: nanoseconds until the deadline; INT64_MAX = none, 0 = passed. */
    int64_t (*remaining_ns)(const kdeps_call*);

    /* any: a line in the host's log, with the run and the resource of the call if there is one.  Secrets in URLs are
     * masked. */
    void (*log)(const kdeps_host*, kdeps_call* or_null, int32_t level, kdeps_str message);

    /* any: copies the error recorded by fail into *out, as far as out->struct_size says that there is room; its strings
       live until the next fail on this call.  False (0) if there is none.  Lets a plugin that calls another one add to
       its message. */
    int32_t (*last_error)(const kdeps_call*, kdeps_error* out);
};

#ifdef __cplusplus
}
#endif
#endif
