/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * call.h: a call of the program's that is ours to answer, in the thread that makes it.
 *
 * Signals are blocked from begin to end, so that a handler that makes such a call itself never
 * meets a lock that its own thread holds; only a wait lets them in.  A thread that waits may be
 * cancelled there.
 */
#ifndef PRELOAD_CALL_H
#define PRELOAD_CALL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

struct preload_door;

struct preload_call {
	struct preload_door *door; /* referenced; or NULL */
	int fd;                    /* the program's */
	sigset_t mask;             /* the program's */
	int cancel;                /* the program's cancellation state */
	int error;                 /* errno as it was */
	struct iovec *vectors;     /* copied; or NULL */
	/* What else to do when the thread is cancelled in a wait; NULL: nothing. */
	void (*undo)(void *arg);
	void *undo_arg;
};

/* FD is the program's descriptor, or -1 while there is none yet. */
void preload_call_begin(struct preload_call *call, int fd);
/*
 * Drops the reference to the door.  Returns what the wrapped function does: RESULT, or -1 with errno
 * when it is negative.
 */
ssize_t preload_call_end(struct preload_call *call, ssize_t result);

/* As begin, where FD is one of ours; else false, and nothing was begun.  errno is kept. */
bool preload_call_enter(struct preload_call *call, int fd);

/*
 * Copies the N vectors of readv(2) or writev(2) to call->vectors, which lives as long as the call:
 * they may be at a bad address, or change meanwhile.  0, -EFAULT, -EINVAL or -ENOMEM.
 */
int preload_call_vectors(struct preload_call *call, const struct iovec *iov, int n);
/* Bytes of all vectors, or -EINVAL: more than a call can return. */
int preload_call_size(const struct iovec *iov, int n, size_t *ret_size);

/* O_NONBLOCK as it is now. */
bool preload_call_is_nonblocking(const struct preload_call *call);

/* Waits until poll(2) reports one of EVENTS.  What it reports; -EINTR; -EBADF: FD was closed meanwhile. */
int preload_call_wait(struct preload_call *call, short events);

/*
 * In a thread that is between begin and end: its descriptor; the thread has the program's table
 * of descriptors.  -1: begun without one.  OUTSIDE: a thread of the service.
 */
#define PRELOAD_CALL_OUTSIDE (-2)
int preload_call_fd(void);

#endif /* PRELOAD_CALL_H */
