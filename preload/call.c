/* SPDX-License-Identifier: BSD-2-Clause */
/* call.c: begin, wait and end of a call of the program's. */
#include "preload/call.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
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

ssize_t
preload_call_end(struct preload_call *call, ssize_t result)
{
	int state;

	if (call->door != NULL)
		preload_door_put(call->door);
	free(call->vectors);
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

int
preload_call_vectors(struct preload_call *call, const struct iovec *iov, int n)
{
	size_t size = (size_t)n * sizeof(*iov);

	if (n < 0 || n > IOV_MAX)
		return -EINVAL;
	if (n == 0)
		return 0;
	call->vectors = malloc(size);
	if (call->vectors == NULL)
		return -ENOMEM;
	return preload_space_get(call->vectors, iov, size);
}

int
preload_call_size(const struct iovec *iov, int n, size_t *ret_size)
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

bool
preload_call_is_nonblocking(const struct preload_call *call)
{
	return (fcntl(call->fd, F_GETFL) & O_NONBLOCK) != 0;
}

/* The descriptor is still the door's. */
static bool
is_same(const struct preload_call *call)
{
	struct stat st;

	return fstat(call->fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       st.st_ino == call->door->outer_ino;
}

/* The thread is cancelled where it waits. */
static void
cancelled(void *arg)
{
	struct preload_call *call = arg;

	inside_fd = call->fd;
	if (call->undo != NULL)
		call->undo(call->undo_arg);
	preload_door_put(call->door);
	free(call->vectors);
	inside_fd = PRELOAD_CALL_OUTSIDE;
}

int
preload_call_wait(struct preload_call *call, short events)
{
	struct pollfd pfd = { .fd = call->fd, .events = events };
	int n, state;

	inside_fd = PRELOAD_CALL_OUTSIDE;
	pthread_cleanup_push(cancelled, call);
	pthread_setcancelstate(call->cancel, &state);
	n = ppoll(&pfd, 1, NULL, &call->mask);
	if (n < 0)
		n = -errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_cleanup_pop(0);
	inside_fd = call->fd;
	if (n < 0)
		return n;
	/* Another thread may have closed it, and have something else there. */
	return is_same(call) ? pfd.revents : -EBADF;
}

int
preload_call_fd(void)
{
	return inside_fd;
}
