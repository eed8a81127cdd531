/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.h: the memory of a caller, as a space.
 *
 * held: good while a call of the caller's thread is unanswered.  The kernel keeps the thread in
 * that call, so its id can mean no other, and its address space cannot change under it.
 *
 * posted: good after the answer.  Made while the caller is held, it is tied to the address space
 * that the caller had then: after an exec or an exit it answers -ESRCH, and moves nothing.
 *
 * What comes through a bare thread id after the answer is believed only if a blocked reader keeps
 * the thread (lend.h), or a witness says so (witness.h).
 */
#ifndef CUSE_MEMORY_H
#define CUSE_MEMORY_H

#include <pthread.h>

#include <dev/dmover/dmover.h>

struct dmio_device;
struct dmio_ways;

/* A thread of ours that may sleep in an access to a caller's memory. */
struct dmio_sleeper {
	pid_t thread;
	long switches; /* times it went to sleep, at the last look; 0: not looked at, or awake */
};

/*
 * Looks at it.  True: it has slept in one access since the look before, at least, and so has hold
 * of the address space there.  Looks are some 50 ms apart: what an access waits for before it has
 * found the address space takes no such time.
 */
bool dmio_look(struct dmio_sleeper *sleeper);

/* Files that a posted space keeps open, at most. */
#define DMIO_POSTED_FILES 3

struct dmio_held {
	struct dmover_space space; /* first */
	pid_t tid;
	struct dmio_sleeper sleeper;   /* who accesses it */
	atomic_int verdict;            /* whether it may go on; settled under: */
	pthread_mutex_t *verdict_lock; /* of dmio_held_revoke()'s caller, or NULL: always */
};

/*
 * Embedded where the call is handled; no reference outlives the answer.  Only the calling thread
 * accesses it.
 */
void dmio_held_init(struct dmio_held *held, pid_t tid);

/*
 * Any thread, with verdict_lock.  True: the thread sleeps in an access, which has hold of the
 * address space (dmio_look()); every later one will be -ESRCH, so the caller may be answered.  False: it does
 * not sleep there, and nothing has changed.
 */
bool dmio_held_revoke(struct dmio_held *held);

/* The accessing thread.  True: dmio_held_revoke() was good. */
bool dmio_held_is_revoked(struct dmio_held *held);

/*
 * A space with one reference.  TID is a held caller.  DEVICE is asked for a reader who lends its
 * thread; NULL: nobody is.  -EPERM: this daemon may not access it; -EMFILE and others of open(2).
 */
int dmio_posted_create(pid_t tid, struct dmio_device *device, struct dmover_space **ret_space);

/* True when it has a witness, without whom it is never current. */
bool dmio_posted_has_witness(const struct dmover_space *space);
/*
 * True when the thread that it was created for, which is held now, has had its address space all the
 * time.  (False may also mean that it is not known.)
 */
bool dmio_posted_is_current(const struct dmover_space *space);
/* Of who posted; constant. */
const struct dmio_identity *dmio_posted_identity(const struct dmover_space *space);

/* The daemon's own memory, reached in the same ways; but nobody lends.  To measure them. */
int dmio_posted_own(const struct dmio_ways *ways, struct dmover_space **ret_space);

#endif /* CUSE_MEMORY_H */
