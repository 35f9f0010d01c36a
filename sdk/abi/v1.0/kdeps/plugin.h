/* SPDX-License-Identifier: Apache-2.0 */
/* The one symbol that a plugin exports, and the descriptor behind it. */
#ifndef KDEPS_PLUGIN_H
#define KDEPS_PLUGIN_H

#include <kdeps/host.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kdeps_plugin {
    uint32_t struct_size;
    uint16_t abi_major;
    uint16_t abi_minor;
    uint16_t min_host_minor; /* the host refuses the plugin if its own minor is lower */
    uint16_t reserved;
    uint32_t reserved2;
    kdeps_str id; /* reverse domain name, unique: "com.example.greeting" */
    kdeps_str version;
    kdeps_str summary;

    /* load: once; the host outlives shutdown.  *out is written on OK only. */
    kdeps_status (*init)(const kdeps_host*, kdeps_call*, kdeps_instance** out);

    /* any: the table of an interface ("kdeps.executor/1"), or NULL if this plugin does not provide it.  Static, or
       owned by the instance. */
    const void* (*get_interface)(kdeps_instance*, const char* id);

    /* load: after every object made through the interfaces is destroyed. */
    void (*shutdown)(kdeps_instance*);
} kdeps_plugin;

#if defined(_WIN32)
#define KDEPS_EXPORT __declspec(dllexport)
#else
#define KDEPS_EXPORT __attribute__((visibility("default")))
#endif

/* pure: returns a static descriptor and does nothing else. */
KDEPS_EXPORT const kdeps_plugin* kdeps_plugin_entry_v1(void);

#ifdef __cplusplus
}
#endif
#endif
