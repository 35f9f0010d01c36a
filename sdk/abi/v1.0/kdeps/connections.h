/* SPDX-License-Identifier: Apache-2.0 */
/* Interface "kdeps.connections/1": leases on the named connections of settings.sqlConnections, offered by the sql
 * plugin. */
#ifndef KDEPS_CONNECTIONS_H
#define KDEPS_CONNECTIONS_H

#include <kdeps/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_CONNECTIONS_ID "kdeps.connections/1"

typedef struct kdeps_connections {
    uint32_t struct_size;
    uint32_t reserved;

    /* worker: waits for a connection within connectionTimeout and the call's deadline; EXHAUSTED names who holds the
     * pool. */
    kdeps_status (*acquire)(kdeps_instance* owner, kdeps_call*, kdeps_str name, const kdeps_driver**,
                            kdeps_connection**);

    /* worker: once per acquire.  No statement or stream of the lease may be left. */
    void (*release)(kdeps_instance* owner, kdeps_call*, kdeps_connection*, uint8_t damage);
} kdeps_connections;

#ifdef __cplusplus
}
#endif
#endif
