/* SPDX-License-Identifier: BSD-2-Clause */
/* calls.c: open, close, write and poll, with the rules of the kernel's driver. */
#include "tests/dsa/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RELEASE_NS 500000000L /* from close(2) until the kernel tells of it, at most */

/* The process of a thread; 0: not known, as of one in another PID namespace. */
static pid_t
process_of(pid_t tid)
{
	static const char name[] = "\nTgid:";
	char path[64], text[1024], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, name);
	return at != NULL ? (pid_t)strtol(at + sizeof(name) - 1, NULL, 10) : 0;
}

static bool
is_opener(const struct handle *handle, pid_t tid)
{
	return tid == handle->process || process_of(tid) == handle->process;
}

void
calls_init(struct calls *calls, struct dsa_model *model)
{
	*calls = (struct calls){ .model = model };
	pthread_mutex_init(&calls->lock, NULL);
	pthread_cond_init(&calls->released, NULL);
}

void
calls_fini(struct calls *calls)
{
	while (calls->handles != NULL)
		calls_release(calls, calls->handles);
	pthread_cond_destroy(&calls->released);
	pthread_mutex_destroy(&calls->lock);
}

static void
tell(const struct calls *calls)
{
	if (calls->changed != NULL)
		calls->changed(calls->cookie);
}

/* The queue is perhaps closed already.  Of its own files this process does not hear until then. */
static bool
is_closing(const struct calls *calls, unsigned queue)
{
	for (const struct handle *handle = calls->handles; handle != NULL; handle = handle->next)
		if (handle->queue == queue && (handle->is_closing || handle->process == getpid()))
			return true;
	return false;
}

static int
open_client(struct calls *calls, struct handle *handle)
{
	const struct dsa_memory memory = dsa_memory_process(handle->process);
	struct timespec until;
	int err, late = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += RELEASE_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&calls->lock);
	for (;;) {
		err = dsa_client_open(calls->model, handle->queue, &memory, &handle->client);
		if (err != -EBUSY || late != 0 || !is_closing(calls, handle->queue))
			break;
		late = pthread_cond_timedwait(&calls->released, &calls->lock, &until);
	}
	if (err == 0) {
		handle->next = calls->handles;
		handle->link = &calls->handles;
		if (handle->next != NULL)
			handle->next->link = &handle->next;
		calls->handles = handle;
	}
	pthread_mutex_unlock(&calls->lock);
	return err;
}

int
calls_open(struct calls *calls, unsigned queue, pid_t tid, struct handle **ret_handle)
{
	struct handle *handle = calloc(1, sizeof(*handle));
	int err;

	if (handle == NULL)
		return -ENOMEM;
	handle->queue = queue;
	handle->process = process_of(tid);
	err = handle->process == 0 ? -EPERM : open_client(calls, handle);
	if (err < 0) {
		free(handle);
		return err;
	}
	*ret_handle = handle;
	tell(calls);
	return 0;
}

void
calls_release(struct calls *calls, struct handle *handle)
{
	dsa_client_close(handle->client);
	pthread_mutex_lock(&calls->lock);
	*handle->link = handle->next;
	if (handle->next != NULL)
		handle->next->link = handle->link;
	pthread_cond_broadcast(&calls->released);
	pthread_mutex_unlock(&calls->lock);
	if (handle->poll != NULL)
		fuse_pollhandle_destroy(handle->poll);
	free(handle);
	tell(calls);
}

void
calls_flush(struct calls *calls, struct handle *handle)
{
	dsa_client_drain(handle->client);
	pthread_mutex_lock(&calls->lock);
	handle->is_closing = true;
	pthread_mutex_unlock(&calls->lock);
}

ssize_t
calls_write(struct calls *calls, struct handle *handle, pid_t tid, const void *buf, size_t len)
{
	if (!is_opener(handle, tid))
		return -EPERM;
	pthread_mutex_lock(&calls->lock);
	handle->is_closing = false;
	pthread_mutex_unlock(&calls->lock);
	return dsa_client_write(handle->client, buf, len);
}

unsigned
calls_poll(struct calls *calls, struct handle *handle, pid_t tid, struct fuse_pollhandle *ph)
{
	struct fuse_pollhandle *old = ph;

	if (!is_opener(handle, tid)) {
		if (ph != NULL)
			fuse_pollhandle_destroy(ph);
		return POLLNVAL;
	}
	/* First the handle, then the look: an error that comes between is told by a wake-up. */
	pthread_mutex_lock(&calls->lock);
	if (ph != NULL) {
		old = handle->poll;
		handle->poll = ph;
	}
	pthread_mutex_unlock(&calls->lock);
	if (old != NULL)
		fuse_pollhandle_destroy(old);
	return dsa_model_has_error(calls->model) ? POLLIN | POLLRDNORM : 0;
}

void
calls_wake(struct calls *calls)
{
	pthread_mutex_lock(&calls->lock);
	for (struct handle *handle = calls->handles; handle != NULL; handle = handle->next) {
		if (handle->poll == NULL)
			continue;
		fuse_lowlevel_notify_poll(handle->poll);
		fuse_pollhandle_destroy(handle->poll);
		handle->poll = NULL;
	}
	pthread_mutex_unlock(&calls->lock);
}
