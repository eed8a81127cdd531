/* SPDX-License-Identifier: BSD-2-Clause */
/* serve.c: a few threads take turns at listening; one that waits for a queue holds up no other call. */
#include "tests/dsa/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define THREADS 8u

struct serve {
	struct fuse_session *se;
	int stop_fd;          /* readable: it is over */
	pthread_mutex_t turn; /* held by the one that listens */
	unsigned nthreads;
	pthread_t threads[THREADS];
};

/* The next call; 0: it is over. */
static int
listen_once(struct serve *serve, struct fuse_buf *buf)
{
	struct pollfd fds[2] = {
		{ .fd = serve->stop_fd, .events = POLLIN },
		{ .fd = fuse_session_fd(serve->se), .events = POLLIN },
	};
	int n;

	do {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return 0;
		if (fds[0].revents != 0 || fuse_session_exited(serve->se))
			return 0;
		n = fuse_session_receive_buf(serve->se, buf);
	} while (n == -EAGAIN || n == -EINTR);
	return n > 0 ? n : 0;
}

static void *
serve_thread(void *arg)
{
	struct serve *serve = arg;
	struct fuse_buf buf = { .mem = NULL };
	int n;

	do {
		pthread_mutex_lock(&serve->turn);
		n = listen_once(serve, &buf);
		pthread_mutex_unlock(&serve->turn);
		if (n > 0)
			fuse_session_process_buf(serve->se, &buf);
	} while (n > 0);
	free(buf.mem);
	return NULL;
}

/* Signals are for the threads of the program. */
static int
threads_start(struct serve *serve)
{
	sigset_t all, old;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (err == 0 && serve->nthreads < THREADS) {
		err = -pthread_create(&serve->threads[serve->nthreads], NULL, serve_thread, serve);
		serve->nthreads += err == 0;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

int
serve_start(struct fuse_session *se, struct serve **ret_serve)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	const int fd = fuse_session_fd(se);
	int err;

	if (serve == NULL)
		return -ENOMEM;
	serve->se = se;
	pthread_mutex_init(&serve->turn, NULL);
	serve->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = serve->stop_fd < 0 ? -errno : 0;
	/* A call that another has taken must not leave the one that saw it in read(2). */
	if (err == 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
		err = -errno;
	if (err == 0)
		err = threads_start(serve);
	if (err < 0) {
		serve_stop(serve);
		return err;
	}
	*ret_serve = serve;
	return 0;
}

void
serve_stop(struct serve *serve)
{
	if (serve == NULL)
		return;
	if (serve->stop_fd >= 0)
		eventfd_write(serve->stop_fd, 1);
	for (unsigned i = 0; i < serve->nthreads; i++)
		pthread_join(serve->threads[i], NULL);
	if (serve->stop_fd >= 0)
		close(serve->stop_fd);
	pthread_mutex_destroy(&serve->turn);
	free(serve);
}
