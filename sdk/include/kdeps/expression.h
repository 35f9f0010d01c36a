/* SPDX-License-Identifier: Apache-2.0 */
/* Host extension "kdeps.expression/1": evaluate configuration, and look into templates without evaluating them.
   Configuration reaches a plugin unevaluated: strings that hold an expression are EXPRESSION nodes, text with {{ }} is
   a TEMPLATE. */
#ifndef KDEPS_EXPRESSION_H
#define KDEPS_EXPRESSION_H

#include <kdeps/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDEPS_EXPRESSION_ID "kdeps.expression/1"

/* One part of a TEMPLATE, in order. */
typedef struct kdeps_part {
    kdeps_value expression; /* an EXPRESSION to evaluate, or NULL for literal text */
    kdeps_str text;         /* the literal text, or the expression's source without its braces */
    size_t offset;          /* byte in the whole string where the part starts, braces included */
} kdeps_part;

typedef struct kdeps_expressions {
    uint32_t struct_size;
    uint32_t reserved;

    /* worker: evaluates a configuration node, through lists and maps, in the run of the call.  Literals come back as
     * they are. */
    kdeps_status (*evaluate)(kdeps_call*, kdeps_value config, kdeps_value* out);

    /* any: number of parts of a TEMPLATE; 1 for an EXPRESSION; 0 for everything else. */
    size_t (*part_count)(kdeps_value config);

    /* any: part i.  INVALID_ARGUMENT if there is none. */
    kdeps_status (*part)(kdeps_value config, size_t i, kdeps_part* out);

    /* any: the string as the workflow's author wrote it; empty for nodes that are not strings. */
    kdeps_str (*source)(kdeps_value config);

    /* any: for an EXPRESSION that as a whole is the call of a function, that function's name ("identifier"); else
     * empty. */
    kdeps_str (*called)(kdeps_value config);
} kdeps_expressions;

#ifdef __cplusplus
}
#endif
#endif
