/* SPDX-License-Identifier: BSD-2-Clause */
/* call.c: begin, wait and end of a call of the program's. */
#include "preload/call.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "preload/door.h"
#include "preload/fork.h"
#include "preload/space.h"

/* Found without a lock or an allocation, in a signal handler as well. */
static _Thread_local __attribute__((tls_model("initial-exec"))) int inside_fd =
    PRELOAD_CALL_OUTSIDE;

void
preload_call_begin(struct preload_call *call, int fd)
{
	int error = errno;
	sigset_t all;

	*call = (struct preload_call){ .fd = fd, .error = error };
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &call->mask);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call->cancel);
	preload_fork_look();
	inside_fd = fd;
}

/* Those that are in memory of ours. */
static void
forget_vectors(struct preload_call *call)
{
	if (call->theirs == NULL)
		return;
	free((void *)(uintptr_t)call->iov);
	call->iov = NULL;
}

ssize_t
preload_call_end(struct preload_call *call, ssize_t result)
{
	int state;

	if (call->door != NULL)
		preload_door_put(call->door);
	forget_vectors(call);
	inside_fd = PRELOAD_CALL_OUTSIDE;
	pthread_setcancelstate(call->cancel, &state);
	pthread_sigmask(SIG_SETMASK, &call->mask, NULL);
	errno = result < 0 ? (int)-result : call->error;
	return result < 0 ? -1 : result;
}

bool
preload_call_enter(struct preload_call *call, int fd)
{
	struct stat st;
	int error;

	/* Our own calls are not the program's. */
	if (!preload_door_is_any() || inside_fd != PRELOAD_CALL_OUTSIDE)
		return false;
	error = errno;
	if (fstat(fd, &st) != 0 || !S_ISSOCK(st.st_mode)) {
		errno = error;
		return false;
	}
	preload_call_begin(call, fd);
	call->door = preload_door_find(st.st_ino);
	if (call->door != NULL)
		return true;
	preload_call_end(call, 0);
	return false;
}

/* Bytes of all vectors, or -EINVAL: more than a call can return. */
static int
count(const struct iovec *iov, int n, size_t *ret_size)
{
	size_t size = 0;

	for (int i = 0; i < n; i++) {
		if (iov[i].iov_len > SSIZE_MAX - size)
			return -EINVAL;
		size += iov[i].iov_len;
	}
	*ret_size = size;
	return 0;
}

int
preload_call_buffer(struct preload_call *call, const struct iovec *iov)
{
	call->iov = iov;
	call->n = 1;
	return count(iov, 1, &call->size);
}

/* Into memory of ours; a signal handler may have little stack. */
static int
copy_many(struct preload_call *call)
{
	size_t size = (size_t)call->n * sizeof(*call->iov);
	struct iovec *copy = malloc(size);

	call->iov = copy;
	if (copy == NULL)
		return -ENOMEM;
	return preload_space_get(copy, call->theirs, size);
}

int
preload_call_vectors(
    struct preload_call *call, const struct iovec *iov, int n, struct iovec few[PRELOAD_CALL_FEW])
{
	int err;

	if (n < 0 || n > IOV_MAX)
		return -EINVAL;
	if (n == 0)
		return 0;
	call->n = n;
	call->iov = few;
	if (n > PRELOAD_CALL_FEW) {
		call->theirs = iov;
		err = copy_many(call);
	} else {
		err = preload_space_get(few, iov, (size_t)n * sizeof(*few));
	}
	return err < 0 ? err : count(call->iov, n, &call->size);
}

bool
preload_call_is_nonblocking(const struct preload_call *call)
{
	return (fcntl(call->fd, F_GETFL) & O_NONBLOCK) != 0;
}

/* The call's; -EBADF: another thread has closed the descriptor, and may have something else there. */
static int
find_again(struct preload_call *call)
{
	struct stat st;

	preload_fork_look();
	if (fstat(call->fd, &st) != 0 || !S_ISSOCK(st.st_mode) || st.st_ino != call->ino)
		return -EBADF;
	call->door = preload_door_find(st.st_ino);
	return call->door != NULL ? 0 : -EBADF;
}

/* Many vectors are copied once more, and have to be of as many bytes as they were. */
static int
copy_again(struct preload_call *call)
{
	size_t size;
	int err = call->theirs != NULL ? copy_many(call) : 0;

	if (err == 0)
		err = count(call->iov, call->n, &size);
	return err == 0 && size != call->size ? -EINVAL : err;
}

/* The thread is cancelled where it waits, with the program's signals. */
static void
cancelled(void *arg)
{
	struct preload_call *call = arg;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	inside_fd = call->fd;
	if (find_again(call) == 0) {
		call->undo(call->undo_arg);
		preload_door_put(call->door);
	}
	inside_fd = PRELOAD_CALL_OUTSIDE;
	pthread_sigmask(SIG_SETMASK, &call->mask, NULL);
}

/* What ppoll(2) reports, or -errno. */
static int
let_signals_in(struct preload_call *call, short events)
{
	struct pollfd pfd = { .fd = call->fd, .events = events };
	int n, state;

	pthread_setcancelstate(call->cancel, &state);
	n = ppoll(&pfd, 1, NULL, &call->mask);
	if (n < 0)
		n = -errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return n < 0 ? n : pfd.revents;
}

int
preload_call_wait(struct preload_call *call, short events)
{
	int revents, err;

	call->ino = call->door->outer_ino;
	preload_door_put(call->door);
	call->door = NULL;
	forget_vectors(call);
	inside_fd = PRELOAD_CALL_OUTSIDE;
	if (call->undo != NULL) {
		/* Whoever jumps out of this leaves the C library with a place on a stack that is gone. */
		pthread_cleanup_push(cancelled, call);
		revents = let_signals_in(call, events);
		pthread_cleanup_pop(0);
	} else {
		revents = let_signals_in(call, events);
	}
	inside_fd = call->fd;
	err = find_again(call);
	if (revents < 0)
		return revents;
	if (err == 0)
		err = copy_again(call);
	return err < 0 ? err : revents;
}

int
preload_call_fd(void)
{
	return inside_fd;
}
