/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared.h: what all processes that share a session know of it: a process and the children that it
 * forked each have a core of their own, and one session's sockets.
 *
 * The memory is mapped before the first open, shared, and so inherited by fork(2).
 */
#ifndef PRELOAD_SHARED_H
#define PRELOAD_SHARED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Sessions of a process and its children at once. */
#define PRELOAD_SLOTS 16384
/* Processes that write to one session at once. */
#define PRELOAD_SHARERS 8

struct preload_slot {
	atomic_int is_used;
	atomic_int function; /* row of the function table + 1; 0: none is selected */
	atomic_int layout;   /* bytes of a request record; 0: not fixed */
	atomic_int sharers[PRELOAD_SHARERS]; /* process ids; the first one opened it */
};

/* Maps the memory, once.  0 or -errno.  Under the service's lock. */
int preload_slots_init(void);
/* An empty slot of process PID, or NULL: all are in use. */
struct preload_slot *preload_slot_get(pid_t pid);
/* By the process that got it.  NULL is allowed. */
void preload_slot_put(struct preload_slot *slot);

/* PID writes to the session as well. */
void preload_slot_join(struct preload_slot *slot, pid_t pid);
bool preload_slot_has(struct preload_slot *slot, pid_t pid);

#endif /* PRELOAD_SHARED_H */
