/* SPDX-License-Identifier: Apache-2.0 */
/* Every field of release 1.0 stands in today's headers where it stood, with the size and the constants that it had. C11
 * and C++20. */
#include <kdeps/kdeps.h>

#ifdef __cplusplus
#define KDEPS_ASSERT static_assert
#else
#define KDEPS_ASSERT _Static_assert
#endif

#define FIXED(type, size) KDEPS_ASSERT(sizeof(struct type) == size, #type " has another size");
#define GROWING(type, size) KDEPS_ASSERT(sizeof(struct type) >= size, #type " has shrunk");
#define FIELD(type, field, offset, size)                                                             \
    KDEPS_ASSERT(offsetof(struct type, field) == offset && sizeof(((struct type*)0)->field) == size, \
                 #type "." #field " has moved or changed its size");
#define NUMBER(name, value) KDEPS_ASSERT(name == value, #name " has another value");
#define TEXT(name, value) KDEPS_ASSERT(sizeof(name) == sizeof(value), #name " is another text");
#include "sdk/abi/v1.0/layout.def"
