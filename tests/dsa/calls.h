/* SPDX-License-Identifier: BSD-2-Clause */
/* calls.h: what the system calls on a queue's node do, whatever brings them. */
#ifndef TESTS_DSA_CALLS_H
#define TESTS_DSA_CALLS_H

#include <pthread.h>
#include <sys/types.h>

#include <fuse_lowlevel.h>

#include "tests/dsa/model.h"

/* One open of a node. */
struct handle {
	struct dsa_client *client;
	pid_t process;
	unsigned queue;
	bool is_closing;              /* (calls' lock) flushed, and not written to since */
	struct fuse_pollhandle *poll; /* (calls' lock) the last poll's, or NULL */
	struct handle *next, **link;  /* (calls' lock) */
};

struct calls {
	struct dsa_model *model;
	pthread_mutex_t lock;
	void (*changed)(void *cookie); /* NULL: not needed */
	void *cookie;
	pthread_cond_t released; /* a handle is gone */
	struct handle *handles;  /* (lock) */
};

/* Without CHANGED, which the caller may set: it is told, with no lock held, of each open and close. */
void calls_init(struct calls *calls, struct dsa_model *model);

/* Closes what is open still; no call is under way. */
void calls_fini(struct calls *calls);

/*
 * Opens a queue for the process of thread TID.  0, or -errno as dsa_client_open.  A dedicated queue that
 * has just been closed is not busy: the kernel tells of that behind its caller's back, so that is waited
 * for.
 */
int calls_open(struct calls *calls, unsigned queue, pid_t tid, struct handle **ret_handle);

/* The file is closed for good: waits for its descriptors.  The handle is gone. */
void calls_release(struct calls *calls, struct handle *handle);

/* A descriptor of the file is closed: waits for what was submitted through the file. */
void calls_flush(struct calls *calls, struct handle *handle);

/* As dsa_client_write; -EPERM: TID is not of the process that opened it. */
ssize_t calls_write(
    struct calls *calls, struct handle *handle, pid_t tid, const void *buf, size_t len);

/* The events of poll(2).  Takes over PH, which may be NULL. */
unsigned calls_poll(
    struct calls *calls, struct handle *handle, pid_t tid, struct fuse_pollhandle *ph);

/* Wakes all that are in poll(2). */
void calls_wake(struct calls *calls);

#endif /* TESTS_DSA_CALLS_H */
