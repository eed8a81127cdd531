/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * call.h: a call of the program's that is ours to answer, in the thread that makes it.
 *
 * Signals are blocked from begin to end, so that a handler that makes such a call itself never
 * meets a lock that its own thread holds; only a wait lets them in.  A wait may be the end of the
 * call: the thread is cancelled there, or a handler leaves it by siglongjmp(3).  So nothing is held in
 * one, neither memory nor a reference.  (A reader that has got something and waits for more is counted;
 * that is put right when it is cancelled, and not when it jumps.)
 */
#ifndef PRELOAD_CALL_H
#define PRELOAD_CALL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

struct preload_door;

struct preload_call {
	struct preload_door *door; /* referenced; or NULL: a wait has ended without one */
	int fd;                    /* the program's */
	ino_t ino;                 /* the door's, in a wait */
	sigset_t mask;             /* the program's */
	int cancel;                /* the program's cancellation state */
	int error;                 /* errno as it was */
	const struct iovec *iov;   /* what is read or written; elsewhere after a wait */
	int n;
	size_t size;                /* bytes of all of them */
	const struct iovec *theirs; /* where many were copied from, to memory of ours; or NULL */
	/* What to do when the thread is cancelled in a wait, with the door found again; NULL: nothing. */
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

/* As many vectors have a place on the stack of who makes the call. */
#define PRELOAD_CALL_FEW 16

/* The call is about one buffer, which IOV names; it stays.  0 or -EINVAL: too long. */
int preload_call_buffer(struct preload_call *call, const struct iovec *iov);
/*
 * The call is about N vectors of the program's, which may be at a bad address, or change meanwhile: they
 * are copied, to FEW or to memory of ours.  0, -EFAULT, -EINVAL (also: more bytes than a call
 * can return) or -ENOMEM.
 */
int preload_call_vectors(
    struct preload_call *call, const struct iovec *iov, int n, struct iovec few[PRELOAD_CALL_FEW]);

/* O_NONBLOCK as it is now. */
bool preload_call_is_nonblocking(const struct preload_call *call);

/*
 * Waits until poll(2) reports one of EVENTS.  What it reports; -EINTR; -EBADF: FD was closed meanwhile.
 * The door is found again afterwards, and has its session of this process: a handler may have forked.
 * It may be NULL after an error.
 */
int preload_call_wait(struct preload_call *call, short events);

/*
 * In a thread that is between begin and end: its descriptor; the thread has the program's table
 * of descriptors.  -1: begun without one.  OUTSIDE: a thread of the service.
 */
#define PRELOAD_CALL_OUTSIDE (-2)
int preload_call_fd(void);

#endif /* PRELOAD_CALL_H */
