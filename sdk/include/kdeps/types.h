/* SPDX-License-Identifier: Apache-2.0 */
/* Types shared by every table of the kdeps plugin ABI.  C11, no dependency.  The rules of the contract stand in
 * sdk/ABI.md. */
#ifndef KDEPS_TYPES_H
#define KDEPS_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_ABI_MAJOR 1
#define KDEPS_ABI_MINOR 1

/* A plugin that wants to run in older hosts defines this before it includes any header: the oldest minor that it
   accepts.  A slot that came with minor n stands inside #if KDEPS_TARGET_MINOR >= n, so a plugin cannot use by mistake
   what it did not ask for. */
#ifndef KDEPS_TARGET_MINOR
#define KDEPS_TARGET_MINOR KDEPS_ABI_MINOR
#endif

/* True if `table` (never NULL) is large enough to hold `field`: a table made by an older side ends earlier. */
#define KDEPS_HAS(type, table, field) ((table)->struct_size >= offsetof(type, field) + sizeof((table)->field))

/* UTF-8, not NUL-terminated.  One that comes in is borrowed for the duration of the call. */
typedef struct kdeps_str {
    const char* data;
    size_t size;
} kdeps_str;

/* Category of an outcome.  The host maps it to HTTP in one table; values are never renumbered. */
typedef int32_t kdeps_status;
#define KDEPS_OK 0
#define KDEPS_INVALID_ARGUMENT 1 /* the caller's value or configuration is wrong */
#define KDEPS_INVALID_STATE 2    /* the call is not allowed now */
#define KDEPS_NOT_FOUND 3
#define KDEPS_ALREADY_EXISTS 4
#define KDEPS_UNSUPPORTED 5
#define KDEPS_UNAUTHENTICATED 6
#define KDEPS_FORBIDDEN 7
#define KDEPS_CONSTRAINT 8   /* a database constraint other than uniqueness */
#define KDEPS_BAD_DATA 9     /* data that cannot be represented or converted */
#define KDEPS_CONFLICT 10    /* unique violation, serialization failure, deadlock */
#define KDEPS_UNAVAILABLE 11 /* the other side cannot be reached, or went away */
#define KDEPS_EXHAUSTED 12   /* a limit of the host or of the other side */
#define KDEPS_TIMEOUT 13
#define KDEPS_CANCELLED 14
#define KDEPS_INTERNAL 15

typedef uint32_t kdeps_kind;
#define KDEPS_NULL 0u
#define KDEPS_BOOL 1u    /* cell.as.i is 0 or 1 */
#define KDEPS_INT 2u     /* cell.as.i */
#define KDEPS_DOUBLE 3u  /* cell.as.d */
#define KDEPS_DECIMAL 4u /* cell.as.s: JSON number syntax, exact digits; also integers beyond int64 */
#define KDEPS_STRING 5u  /* cell.as.s: UTF-8 */
#define KDEPS_BYTES 6u   /* cell.as.s */
#define KDEPS_LIST 7u
#define KDEPS_MAP 8u
#define KDEPS_TABLE 9u
/* In configuration only. */
#define KDEPS_EXPRESSION 16u
#define KDEPS_TEMPLATE 17u /* text with {{ }} parts */

/* One scalar.  `as` is read by kind: i for BOOL and INT, d for DOUBLE, s for DECIMAL, STRING and BYTES.
   Since minor 1 a cell may be a LIST, but only where its reader says that it takes lists (KDEPS_DRIVER_LISTS); then
   as.s.data points to as.s.size cells, borrowed like text, and KDEPS_CELLS gives them. */
typedef struct kdeps_cell {
    kdeps_kind kind;
    uint32_t reserved;
    union {
        int64_t i;
        double d;
        kdeps_str s;
    } as;
} kdeps_cell;

/* The first of a list's cells; there are (cell)->as.s.size of them. */
#define KDEPS_CELLS(cell) ((const kdeps_cell*)(const void*)(cell)->as.s.data)

typedef struct kdeps_host kdeps_host;
typedef struct kdeps_call_ kdeps_call;            /* host: one invocation, with its arena, deadline and cancel flag */
typedef struct kdeps_value_* kdeps_value;         /* host: a value in a call's arena, or a node of configuration */
typedef struct kdeps_instance kdeps_instance;     /* plugin: what init made */
typedef struct kdeps_step kdeps_step;             /* plugin: a compiled step of a workflow */
typedef struct kdeps_connection kdeps_connection; /* plugin: an open database connection */
typedef struct kdeps_statement kdeps_statement;   /* plugin: a prepared statement of one connection */

/* What would help after a failure. */
#define KDEPS_RETRY_NEVER 0u
#define KDEPS_RETRY_SAME 1u     /* a new transaction on the same connection */
#define KDEPS_RETRY_FRESH 2u    /* a new connection */
#define KDEPS_RETRY_IN_DOUBT 3u /* a commit that may have happened: never repeated automatically */

/* What is still usable after a failure. */
#define KDEPS_DAMAGE_NONE 0u
#define KDEPS_DAMAGE_TRANSACTION 1u /* the transaction must be rolled back */
#define KDEPS_DAMAGE_CONNECTION 2u  /* the connection must be closed */

/* Given to host->fail, which copies it: no error has an owner. */
typedef struct kdeps_error {
    uint32_t struct_size;
    kdeps_status status;
    char sqlstate[6]; /* five characters and NUL; all zero = none */
    uint8_t retry;
    uint8_t damage;
    int32_t vendor_code;
    int32_t sql_offset; /* byte in the statement's text, -1 = unknown */
    int64_t batch_set;  /* index of the failing parameter set of a batch, -1 = none */
    kdeps_str message;  /* for the user: no secret, no SQL text, no parameter value */
    kdeps_str detail;   /* for the log only; may be empty */
} kdeps_error;

#ifdef __cplusplus
}
#endif
#endif
