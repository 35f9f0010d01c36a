/* SPDX-License-Identifier: Apache-2.0 */
/* Interface "kdeps.driver/1": a database.  Result sets are Arrow streams; which types they use: sdk/ABI.md. */
#ifndef KDEPS_DRIVER_H
#define KDEPS_DRIVER_H

#include <kdeps/arrow.h>
#include <kdeps/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_DRIVER_ID "kdeps.driver/1"

/* How the database writes placeholders. */
#define KDEPS_PLACEHOLDER_DOLLAR 1u   /* $1 $2, may repeat */
#define KDEPS_PLACEHOLDER_QUESTION 2u /* ? by position */
#define KDEPS_PLACEHOLDER_AT 3u       /* @p1 @p2, may repeat */

/* Lexical rules of the dialect, so that placeholders are found outside of strings and comments.  'text' with doubled
   quotes, "names", -- and C comments are common to all. */
#define KDEPS_LEXIS_BACKSLASH 1u           /* \ escapes inside '...' */
#define KDEPS_LEXIS_BACKTICK 2u            /* `names` */
#define KDEPS_LEXIS_BRACKET 4u             /* [names] */
#define KDEPS_LEXIS_DOLLAR_QUOTE 8u        /* $tag$ text $tag$ */
#define KDEPS_LEXIS_HASH_COMMENT 16u       /* # to the end of the line */
#define KDEPS_LEXIS_NESTED_COMMENT 32u     /* C comments nest */
#define KDEPS_LEXIS_DOUBLE_QUOTE_TEXT 64u  /* "text" instead of "names" */
#define KDEPS_LEXIS_E_STRING 128u          /* E'...' with backslash escapes */
#define KDEPS_LEXIS_QUESTION_OPERATOR 256u /* ? ?| ?& are JSON operators */
#define KDEPS_LEXIS_DASH_NEEDS_SPACE 512u  /* -- starts a comment only before white space */

/* Flags. */
#define KDEPS_DRIVER_BULK 1u  /* execute_batch needs fewer round trips than sets */
#define KDEPS_DRIVER_LISTS 2u /* minor 1: execute takes cells of kind LIST; to others a list comes as JSON text */

/* What a connection tells of itself (`state`, minor 1).  Facts of the protocol, read without a round trip; a driver that
   does not know a fact says UNKNOWN (0), and the caller then assumes the worst. */
#define KDEPS_TRANSACTION_UNKNOWN 0u
#define KDEPS_TRANSACTION_NONE 1u   /* each statement commits by itself */
#define KDEPS_TRANSACTION_OPEN 2u   /* the one that `begin` began; without `begin`, one that a statement opened */
#define KDEPS_TRANSACTION_FAILED 3u /* as OPEN, and the database accepts nothing but a rollback */
#define KDEPS_TRANSACTION_OTHER 4u  /* one is open, but the one that `begin` began has ended */

#define KDEPS_SESSION_UNKNOWN 0u
#define KDEPS_SESSION_UNTOUCHED 1u /* as `open` or the last `reset` left it */
#define KDEPS_SESSION_TOUCHED 2u   /* something is left: a setting, a lock, a temporary table ... */

/* How far the last exchange came: that of execute, execute_batch, commit or of reading their rows. */
#define KDEPS_EXCHANGE_UNKNOWN 0u
#define KDEPS_EXCHANGE_UNSENT 1u   /* nothing that the database could act on has left this process */
#define KDEPS_EXCHANGE_SENT 2u     /* sent, in whole or in part; the answer did not come or is not complete */
#define KDEPS_EXCHANGE_ANSWERED 3u /* the database has answered it to its end, and well, also if the driver then failed */
#define KDEPS_EXCHANGE_REFUSED 4u  /* the database has answered it with an error */

/* What a statement can do (`effects`, minor 1). */
#define KDEPS_EFFECTS_UNKNOWN 0u
#define KDEPS_EFFECTS_READS 1u  /* the database has said that it changes nothing: it may be cut short and repeated */
#define KDEPS_EFFECTS_WRITES 2u /* it may change something, also where its words look harmless */

#define KDEPS_ISOLATION_DEFAULT 0u
#define KDEPS_ISOLATION_READ_UNCOMMITTED 1u
#define KDEPS_ISOLATION_READ_COMMITTED 2u
#define KDEPS_ISOLATION_REPEATABLE_READ 3u
#define KDEPS_ISOLATION_SERIALIZABLE 4u
#define KDEPS_ISOLATION_SNAPSHOT 5u

/* Flags of a target.  A driver ignores those that it does not know. */
/* Each statement is prepared to be executed once, and the session may be another after each transaction, as behind a
   pooler: open leaves nothing in the session that later work needs, and no statement stays in it.  `prepare` may put
   off what it finds wrong until the statement is executed or described. */
#define KDEPS_TARGET_ONE_SHOT 1u

/* Where to connect. */
typedef struct kdeps_target {
    uint32_t struct_size;
    uint32_t flags;   /* KDEPS_TARGET_*, for open */
    kdeps_str url;    /* as the user wrote it, percent-encoded; may hold a password: never log it */
    kdeps_str folder; /* relative paths in the URL start here */
    kdeps_str name;   /* of the pool: connections with the same name and an in-memory database share that database */
} kdeps_target;

typedef struct kdeps_outcome {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t rows_affected;  /* -1 = unknown or does not apply */
    int64_t last_insert_id; /* -1 = none */
} kdeps_outcome;

/* Results of a batch of `sets` parameter sets. */
typedef struct kdeps_batch {
    uint32_t struct_size;
    uint32_t reserved;
    size_t sets;       /* in: rows of the parameter stream */
    int64_t* affected; /* in: room for `sets` counts, owned by the caller; written by the driver, -1 = unknown */
#if KDEPS_TARGET_MINOR >= 1
    uint64_t max_bytes; /* in: rows that the driver must collect may take so much, and it fails with EXHAUSTED beyond;
                           0 = no limit */
#endif
} kdeps_batch;

#if KDEPS_TARGET_MINOR >= 1
typedef struct kdeps_state {
    uint32_t struct_size; /* in */
    uint32_t transaction; /* KDEPS_TRANSACTION_* */
    uint32_t session;     /* KDEPS_SESSION_* */
    uint32_t exchange;    /* KDEPS_EXCHANGE_* */
} kdeps_state;
#endif

/* Required: open, close, prepare, execute, finalize.  A connection is used by one thread at a time; its statements and
   streams count as the connection.  A stream is released before the next statement runs on its connection. */
typedef struct kdeps_driver {
    uint32_t struct_size;
    uint32_t flags;
    kdeps_str name;    /* "postgres" */
    kdeps_str schemes; /* "postgres postgresql", separated by spaces */
    uint32_t placeholders;
    uint32_t lexis;
    kdeps_str quote; /* opening and closing quote of an identifier: "\"\"", "``", "[]"; the latter is doubled inside */

    /* shared, optional: finds every fault of a URL without connecting. */
    kdeps_status (*check)(kdeps_instance*, kdeps_call*, const kdeps_target*);

    /* shared: connects within the call's deadline. */
    kdeps_status (*open)(kdeps_instance*, kdeps_call*, const kdeps_target*, kdeps_connection** out);

    /* any, optional: "PostgreSQL 15.6"; lives as long as the connection. */
    kdeps_str (*server)(kdeps_connection*);

    /* worker, optional: is the connection alive?  A round trip. */
    kdeps_status (*ping)(kdeps_connection*, kdeps_call*);

    /* worker, optional: makes the session as `open` left it, with no transaction: after a failure with damage
       TRANSACTION, and before another step may use the connection.  A failure costs the connection.  Prepared statements
       go on working, or are prepared again by the driver when they are used.  With minor 1 it may be sent without
       waiting for the answer, which the next slot then reads; what the next slot does must not be seen by it. */
    kdeps_status (*reset)(kdeps_connection*, kdeps_call*);

    /* any, idempotent, optional: stops the running statement in the database; the interrupted slot returns CANCELLED or
     * TIMEOUT soon. */
    void (*cancel)(kdeps_connection*);

    /* worker: never fails; statements are finalized before. */
    void (*close)(kdeps_connection*);

    /* worker: one statement in the driver's own placeholder style. */
    kdeps_status (*prepare)(kdeps_connection*, kdeps_call*, kdeps_str sql, kdeps_statement** out);

    /* worker, optional: types of parameters and columns without running; either may be NULL.  A struct schema each. */
    kdeps_status (*describe)(kdeps_statement*, kdeps_call*, struct ArrowSchema* parameters,
                             struct ArrowSchema* columns);

    /* worker: rows->release stays NULL if the statement returns no columns.  `outcome` of a statement with rows is not
     * read. */
    kdeps_status (*execute)(kdeps_statement*, kdeps_call*, const kdeps_cell* parameters, size_t count,
                            struct ArrowArrayStream* rows, kdeps_outcome*);

    /* worker, optional: runs the statement once per row of the parameter stream, pipelined or in bulk, in the caller's
       transaction. Returned rows of all sets follow one another in `rows`.  The stream is moved, also on failure.  A
       failure names its set in kdeps_error.batch_set. */
    kdeps_status (*execute_batch)(kdeps_statement*, kdeps_call*, struct ArrowArrayStream* parameters_moved,
                                  struct ArrowArrayStream* rows, kdeps_batch*);

    /* worker: after its stream is released. */
    void (*finalize)(kdeps_statement*);

    /* worker: begin may be sent together with the next statement. */
    kdeps_status (*begin)(kdeps_connection*, kdeps_call*, uint32_t isolation, uint32_t read_only);
    /* worker: an unknown outcome is UNAVAILABLE with retry IN_DOUBT. */
    kdeps_status (*commit)(kdeps_connection*, kdeps_call*);
    /* worker */
    kdeps_status (*rollback)(kdeps_connection*, kdeps_call*);

    /* worker, optional: sends a statement and does not wait.  OK: execute follows with the same arguments and call, and
       only receives. UNSUPPORTED: nothing was sent. */
    kdeps_status (*send)(kdeps_statement*, kdeps_call*, const kdeps_cell* parameters, size_t count);

#if KDEPS_TARGET_MINOR >= 1
    /* worker, optional: facts about the connection after the slots so far, also after one that failed.  Sends nothing.
       Fills *out as far as out->struct_size tells. */
    void (*state)(kdeps_connection*, kdeps_state* out);

    /* worker, optional: KDEPS_EFFECTS_*.  Sends nothing. */
    uint32_t (*effects)(kdeps_statement*);

    /* worker, optional: the KDEPS_LEXIS_* of this session, where its settings change them (MySQL's ANSI_QUOTES); else as
       `lexis` above. */
    uint32_t (*session_lexis)(kdeps_connection*);
#endif
} kdeps_driver;

#ifdef __cplusplus
}
#endif
#endif
