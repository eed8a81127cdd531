/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * caller.h: a process that owns the memory which requests name.
 *
 * Its memory lies at addresses that nobody may touch in this process, so that an engine which
 * takes them for its own is caught.  Pages without access lie directly before and behind it.
 */
#ifndef TESTS_ENGINES_CALLER_H
#define TESTS_ENGINES_CALLER_H

#include <stddef.h>
#include <stdint.h>

#include <dev/dmover/dmover.h>

#define CALLER_PAGE 4096u

enum caller_access { CALLER_ALL, CALLER_READ, CALLER_NONE, CALLER_UNMAPPED };

struct caller {
	struct dmover_space *space;
	uint8_t *base;   /* its first byte, in the caller */
	size_t size;     /* bytes, whole pages */
	size_t used;     /* bytes that were given to requests, from the start */
	uint8_t *before; /* what caller_put() puts there, by offset */
	uint8_t *after;  /* what caller_get() found there, by offset */
	pid_t pid;
	int commands; /* socket */
};

/* True when this process may enter the memory of its children; else WHY says why not. */
bool caller_is_possible(char *why, size_t len);

/* SIZE bytes, with bytes that SEED decides in ->before. */
void caller_start(struct caller *caller, size_t size, uint64_t seed);
void caller_stop(struct caller *caller);
/* It dies, and is gone when this returns; caller_stop() is still needed. */
void caller_kill(struct caller *caller);

/* Moves what is used, and a page behind it, to the caller, and back. */
void caller_put(struct caller *caller);
void caller_get(struct caller *caller);

/*
 * What the caller itself may do with the pages from offset AT on.  CALLER_ALL brings unmapped ones
 * back with the bytes of ->before.
 */
void caller_protect(struct caller *caller, size_t at, size_t len, enum caller_access access);

/* Bytes that caller_put() and caller_get() move. */
size_t caller_extent(const struct caller *caller);

#endif /* TESTS_ENGINES_CALLER_H */
