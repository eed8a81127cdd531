/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.h: what the linker puts in place of the C library's functions in the preloaded object.
 *
 * Their contracts are those of malloc(3).  Any thread with all signals blocked, and so also what a
 * signal handler has called.  Nothing but the linker names them.
 */
#ifndef PRELOAD_MEMORY_H
#define PRELOAD_MEMORY_H

#include <stddef.h>

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker makes these names (--wrap). */
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *bytes, size_t size);
/* Takes what the C library has allocated for us, too. */
void __wrap_free(void *bytes);

/* The C library's. */
void __real_free(void *bytes);
void *__real_realloc(void *bytes, size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */

#endif /* PRELOAD_MEMORY_H */
