/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door.h: what stands between a program's descriptor and its session: two sockets, back to back.
 *
 * The program has the outer one.  poll(2), dup(2), close(2) and their like are the kernel's; that
 * the session can be read is a response that lies in the outer socket, and that it cannot be
 * written is a plug: a message that fills the outer socket's way to us.  The inner one is the
 * service's, in a table of descriptors that the program does not see (service.h); a few have a
 * copy in the program's table, so that the program's own threads reach it, and forked children.
 *
 * A door is found by the outer socket's inode: its number means nothing after dup(2) or SCM_RIGHTS.
 */
#ifndef PRELOAD_DOOR_H
#define PRELOAD_DOOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/session.h"
#include "preload/shared.h"

/* A message to us that no whole number of records is as long as; the outer socket is full with it. */
#define PRELOAD_PLUG 60001
/* What the outer socket's way to us holds: the kernel doubles it. */
#define PRELOAD_SEND_BUFFER 106496
/* Responses in the outer socket at once; more wait in the session. */
#define PRELOAD_SENT_MAX 16

/* A message with records that were written past our functions and are not all accepted yet (raw.c). */
struct preload_raw {
	struct preload_raw *next;
	size_t size, done;
	pid_t pid;                  /* of who wrote them */
	struct dmover_space *space; /* whose addresses they hold; referenced */
	uint8_t data[];
};

struct preload_traced;

struct preload_door {
	ino_t outer_ino, inner_ino;
	int access; /* O_RDONLY, O_WRONLY or O_RDWR */
	atomic_uint refs;
	struct preload_door *next; /* (table lock) */
	struct preload_slot *slot;
	unsigned slot_number; /* the slot is ours while it has that */
	/* NULL in a forked child that has not written yet; else constant. */
	_Atomic(struct dmover_session *) session;
	int inner_fd;           /* in the service's table */
	atomic_int copy_fd;     /* in the program's table, or -1 */
	atomic_bool wants_wake; /* of readers that are partial */
	atomic_uint npartial;   /* readers that have something, and wait for more; down: lock */
	atomic_bool is_armed;   /* the service is told of each response that is read */
	atomic_bool is_rung;    /* it is on the bell's list */
	struct preload_door *next_rung; /* the bell's */
	atomic_bool is_behind;   /* what the service has to take in next is another process's */
	atomic_bool has_raw;     /* raw holds records */
	struct preload_raw *raw; /* the first; the service's thread's own */
	struct preload_traced *traced; /* trace.c's */
	pthread_mutex_t lock;          /* not held where the session calls back */
	unsigned nsent;                /* (lock) responses in the outer socket, at most */
	bool is_dead;                  /* (lock) the program has closed it */
	atomic_bool is_plugged;        /* set under the lock */
};

/* Any door at all in this process; false: no descriptor is ours.  Any thread, signal handlers. */
bool preload_door_is_any(void);

/*
 * A new one, known by its outer inode from preload_door_list() on; one reference, which is the
 * table's.  NULL: no memory.
 */
struct preload_door *preload_door_create(ino_t outer_ino, int access);
void preload_door_list(struct preload_door *door);
/* Forgets it, and drops the table's reference. */
void preload_door_unlist(struct preload_door *door);

/* Referenced, or NULL.  Signals are blocked. */
struct preload_door *preload_door_find(ino_t outer_ino);
void preload_door_ref(struct preload_door *door);
void preload_door_put(struct preload_door *door);

/*
 * The copy of the inner socket that the program's table has, or -1: it has none, or the program has
 * closed it, and may have something else there.
 */
int preload_door_copy(const struct preload_door *door);

/* Calls FUNC for each; at most as many as there are now.  Signals are blocked. */
void preload_doors_each(void (*func)(struct preload_door *door, void *arg), void *arg);

/* Around fork(2): the table is whole in the child, and its doors have no session. */
void preload_doors_lock(void);
void preload_doors_unlock(void);
void preload_doors_forked(void);

#endif /* PRELOAD_DOOR_H */
