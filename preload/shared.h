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
/* Processes that have a service for one session at once. */
#define PRELOAD_SHARERS 8

struct preload_slot {
	atomic_uint number;  /* of the session that has it; 0: none has */
	atomic_int function; /* row of the function table + 1; 0: none is selected */
	atomic_int layout;   /* bytes of a request record; 0: not fixed */
	atomic_int server;   /* process that serves what those write that have no service for it */
	atomic_int sharers[PRELOAD_SHARERS]; /* process ids; some may be gone */
};

/* Maps the memory, once.  0 or -errno.  Under the service's lock. */
int preload_slots_init(void);
/*
 * An empty slot of process PID, or NULL: all are in use.  One whose sharers are all gone counts as
 * empty when there is no other.  *ret_number is never used again.
 */
struct preload_slot *preload_slot_get(pid_t pid, unsigned *ret_number);
/* The session's last descriptor is closed.  By any of its sharers, or several; NULL is allowed. */
void preload_slot_put(struct preload_slot *slot, unsigned number);
/* False: it belongs to another session by now. */
bool preload_slot_is(const struct preload_slot *slot, unsigned number);

/* PID has a service for the session as well.  False: there are too many. */
bool preload_slot_join(struct preload_slot *slot, pid_t pid);
/* It is not so after all. */
void preload_slot_leave(struct preload_slot *slot, pid_t pid);
/* Somebody has. */
bool preload_slot_is_served(const struct preload_slot *slot);

/*
 * The process that has to take in a message that WRITER has sent: itself, where it has a service for the session, or
 * the server.  If that one is gone, OWN, which is a sharer, takes its place.
 */
pid_t preload_slot_owner(struct preload_slot *slot, pid_t writer, pid_t own);

#endif /* PRELOAD_SHARED_H */
