/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.c: the threads that receive and handle FUSE requests. */
#include "cuse/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"

#define STALL_NS    4000000 /* in one request */
#define AWAKE_NS    100000  /* without a request */
#define LOOK_NS     10000   /* for one, at most */
#define STARVED_NS  5000000 /* in all, while others have the processor */
#define THREADS_MAX 256     /* listening, spare and stuck */
#define IDLE_MAX    1       /* spare threads that are kept */
#define STOP_SIGNAL SIGUSR2
#define STOP_TRIES  200 /* of 10 ms each */

struct loop_thread {
	struct dmover_seat seat; /* first: the watch hands it back */
	struct dmio_loop *loop;
	pthread_t id;
	atomic_bool is_leader;    /* it listens; cleared when it is replaced */
	bool is_busy;             /* its own: the last request came within AWAKE_NS */
	struct loop_thread *next; /* (lock) */
};

struct dmio_loop {
	struct fuse_session *se;
	struct dmover_core *core;
	void (*on_end)(void *arg);
	void *arg;
	pthread_mutex_t lock;        /* taken after the watch's */
	pthread_cond_t lead;         /* has_leader became false, or is_stopping true */
	pthread_cond_t gone;         /* a thread ended */
	struct loop_thread *threads; /* (lock) */
	unsigned nthreads, nidle;    /* (lock) */
	bool has_leader;             /* (lock) */
	bool is_stopping;            /* (lock) */
	bool is_ended;               /* (lock) on_end was called */
};

/* The kernel has ended the session, or we have. */
static void
loop_end(struct dmio_loop *loop)
{
	bool is_first;

	pthread_mutex_lock(&loop->lock);
	is_first = !loop->is_ended && !loop->is_stopping;
	loop->is_ended = true;
	loop->is_stopping = true;
	pthread_cond_broadcast(&loop->lead);
	pthread_mutex_unlock(&loop->lock);
	if (is_first)
		loop->on_end(loop->arg);
}

/*
 * With FUSE_MAX_PAGES libfuse would tell the kernel to cut a write at as many pages as max_write
 * has: a buffer that begins inside a page is then cut inside a record.  Without the flag the
 * kernel's 32 pages hold, which is one more.
 */
static void
keep_max_pages(const struct fuse_buf *buf)
{
	const struct fuse_in_header *in = buf->mem;
	struct fuse_init_in *init = (struct fuse_init_in *)((uint8_t *)buf->mem + sizeof(*in));

	if (in->opcode == FUSE_INIT && buf->size >= sizeof(*in) + sizeof(*init))
		init->flags &= ~(uint32_t)FUSE_MAX_PAGES;
}

/*
 * Receives one request, if it comes within STAY ns; -EAGAIN: it did not.  While another thread has
 * the processor time stands still, for a few milliseconds: if that was a worker, its caller is
 * mostly being answered when it gives the processor back, and calls again.  But not while workers
 * are kept waiting for that call.
 */
static int
receive_awake(struct dmio_loop *loop, struct fuse_buf *buf, int64_t stay)
{
	int64_t last, now = dmover_now(), most = now + STARVED_NS;
	int n = fuse_session_receive_buf(loop->se, buf);

	while (n == -EAGAIN && stay > 0 && now < most) {
		sched_yield();
		n = fuse_session_receive_buf(loop->se, buf);
		last = now;
		now = dmover_now();
		if (now - last < LOOK_NS || dmover_pool_is_kept(loop->core->pool))
			stay -= now - last;
		else
			stay -= LOOK_NS;
	}
	return n;
}

/*
 * Receives one request.  A caller that has just been answered often calls again at once; for that
 * long the thread stays awake, because waking it up costs several times as much as a request
 * where an idle processor is halted.  While requests come more slowly it sleeps at once, unless a
 * processor is kept for this call.
 */
static int
receive(struct loop_thread *thread, struct fuse_buf *buf)
{
	struct dmio_loop *loop = thread->loop;
	struct pollfd pollfd = { .fd = fuse_session_fd(loop->se), .events = POLLIN };
	bool stays = thread->is_busy || dmover_pool_is_kept(loop->core->pool);
	int64_t since = dmover_now();
	int n = receive_awake(loop, buf, stays ? AWAKE_NS : 0);

	if (n == -EAGAIN) {
		dmover_pool_release(loop->core->pool);
		if (poll(&pollfd, 1, -1) < 0)
			return -EINTR;
		n = fuse_session_receive_buf(loop->se, buf);
	}
	thread->is_busy = dmover_now() - since < AWAKE_NS;
	return n;
}

static void
handle(struct loop_thread *thread, struct fuse_buf *buf)
{
	struct dmio_loop *loop = thread->loop;
	const struct fuse_in_header *in = buf->mem;
	/* A read that is to be parked is what the processor was kept for; others may be long. */
	bool releases = dmover_pool_is_kept(loop->core->pool) && in->opcode == FUSE_READ;

	keep_max_pages(buf);
	if (!releases)
		dmover_pool_release(loop->core->pool);
	dmover_seat_begin(loop->core->watch, &thread->seat);
	fuse_session_process_buf(loop->se, buf);
	dmover_seat_end(&thread->seat);
	if (releases)
		dmover_pool_release(loop->core->pool);
}

/* Listens and handles until another has taken over: true; or the end: false. */
static bool
listen_and_handle(struct loop_thread *thread, struct fuse_buf *buf)
{
	struct dmio_loop *loop = thread->loop;

	while (atomic_load(&thread->is_leader)) {
		int n = receive(thread, buf);

		if (n > 0)
			handle(thread, buf);
		else if (n != -EINTR && n != -EAGAIN)
			return false;
		if (fuse_session_exited(loop->se))
			return false;
	}
	return true;
}

/* Locked.  True when the thread shall listen; false when it shall end. */
static bool
wait_to_lead(struct dmio_loop *loop)
{
	if (loop->has_leader && !loop->is_stopping && loop->nidle >= IDLE_MAX)
		return false;
	loop->nidle++;
	while (loop->has_leader && !loop->is_stopping)
		pthread_cond_wait(&loop->lead, &loop->lock);
	loop->nidle--;
	return !loop->is_stopping;
}

static void
thread_remove(struct loop_thread *thread)
{
	struct dmio_loop *loop = thread->loop;
	struct loop_thread **at;

	dmover_watch_remove(loop->core->watch, &thread->seat);
	pthread_mutex_lock(&loop->lock);
	for (at = &loop->threads; *at != thread; at = &(*at)->next)
		;
	*at = thread->next;
	loop->nthreads--;
	pthread_cond_broadcast(&loop->gone);
	pthread_mutex_unlock(&loop->lock);
	free(thread);
}

static void *
thread_main(void *arg)
{
	struct loop_thread *thread = arg;
	struct dmio_loop *loop = thread->loop;
	struct fuse_buf buf = { .mem = NULL };
	bool goes_on;

	dmover_watch_add(loop->core->watch, &thread->seat);
	pthread_mutex_lock(&loop->lock);
	while (wait_to_lead(loop)) {
		loop->has_leader = true;
		atomic_store(&thread->is_leader, true);
		pthread_mutex_unlock(&loop->lock);
		goes_on = listen_and_handle(thread, &buf);
		dmover_pool_release(loop->core->pool);
		if (!goes_on)
			loop_end(loop);
		pthread_mutex_lock(&loop->lock);
	}
	pthread_mutex_unlock(&loop->lock);
	free(buf.mem);
	thread_remove(thread);
	return NULL;
}

static void thread_stalled(struct dmover_seat *seat);

/* Locked. */
static int
thread_start(struct dmio_loop *loop)
{
	struct loop_thread *thread = calloc(1, sizeof(*thread));
	pthread_attr_t attr;
	int err;

	if (thread == NULL)
		return -ENOMEM;
	thread->loop = loop;
	thread->seat.seat_limit = STALL_NS;
	thread->seat.seat_stalled = thread_stalled;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread->id, &attr, thread_main, thread);
	pthread_attr_destroy(&attr);
	if (err != 0) {
		free(thread);
		return -err;
	}
	thread->next = loop->threads;
	loop->threads = thread;
	loop->nthreads++;
	return 0;
}

/* Watch thread: the listener is stuck in a request; another shall listen. */
static void
thread_stalled(struct dmover_seat *seat)
{
	struct loop_thread *thread = (struct loop_thread *)seat;
	struct dmio_loop *loop = thread->loop;

	pthread_mutex_lock(&loop->lock);
	if (atomic_load(&thread->is_leader) && dmover_seat_is_stalled(seat) &&
	    (loop->nidle > 0 || (loop->nthreads < THREADS_MAX && thread_start(loop) == 0))) {
		atomic_store(&thread->is_leader, false);
		loop->has_leader = false;
		STATS_ADD(loop->core->stats.st_stalls, 1);
		pthread_cond_signal(&loop->lead);
	}
	pthread_mutex_unlock(&loop->lock);
}

/* Only interrupts the wait for a request. */
static void
on_stop_signal(int signo)
{
	(void)signo;
}

static void
loop_free(struct dmio_loop *loop)
{
	pthread_cond_destroy(&loop->gone);
	pthread_cond_destroy(&loop->lead);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

int
dmio_loop_start(struct fuse_session *se, struct dmover_core *core, void (*on_end)(void *arg),
    void *arg, struct dmio_loop **ret_loop)
{
	struct dmio_loop *loop = calloc(1, sizeof(*loop));
	struct sigaction action = { .sa_handler = on_stop_signal };
	int err;

	if (loop == NULL)
		return -ENOMEM;
	loop->se = se;
	loop->core = core;
	loop->on_end = on_end;
	loop->arg = arg;
	pthread_mutex_init(&loop->lock, NULL);
	pthread_cond_init(&loop->lead, NULL);
	pthread_cond_init(&loop->gone, NULL);
	sigaction(STOP_SIGNAL, &action, NULL);
	if (fcntl(fuse_session_fd(se), F_SETFL, O_NONBLOCK) != 0) {
		err = -errno;
		loop_free(loop);
		return err;
	}
	pthread_mutex_lock(&loop->lock);
	err = thread_start(loop);
	pthread_mutex_unlock(&loop->lock);
	if (err < 0) {
		loop_free(loop);
		return err;
	}
	*ret_loop = loop;
	return 0;
}

/* Locked.  Interrupts every thread, and waits 10 ms for one to end. */
static void
nudge(struct dmio_loop *loop)
{
	struct timespec until;

	for (struct loop_thread *thread = loop->threads; thread != NULL; thread = thread->next)
		pthread_kill(thread->id, STOP_SIGNAL);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 10000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&loop->gone, &loop->lock, &until);
}

bool
dmio_loop_stop(struct dmio_loop *loop)
{
	bool is_empty;

	if (loop == NULL)
		return true;
	fuse_session_exit(loop->se);
	pthread_mutex_lock(&loop->lock);
	loop->is_stopping = true;
	pthread_cond_broadcast(&loop->lead);
	/* A signal between the look at the exit flag and the wait is lost: so, again. */
	for (int try = 0; loop->nthreads > 0 && try < STOP_TRIES; try++)
		nudge(loop);
	is_empty = loop->nthreads == 0;
	pthread_mutex_unlock(&loop->lock);
	if (is_empty)
		loop_free(loop);
	return is_empty;
}
