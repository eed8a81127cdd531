/* SPDX-License-Identifier: BSD-2-Clause */
/* service.c: start of the service, and what forks and others want of it. */
#include "preload/service.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/sockios.h>

#include "preload/announce.h"
#include "preload/bell.h"
#include "preload/call.h"
#include "preload/fork.h"
#include "preload/loop.h"
#include "preload/member.h"
#include "preload/raw.h"
#include "preload/real.h"
#include "preload/refresh.h"
#include "preload/settings.h"
#include "preload/space.h"
#include "preload/table.h"

/* What a fork waits for the service at most. */
#define CALM_NS 20000000

static pthread_mutex_t adopt_lock = PTHREAD_MUTEX_INITIALIZER; /* before start_lock */
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t started = PTHREAD_COND_INITIALIZER;
static bool is_starting; /* (start_lock), which is let go meanwhile */
static _Atomic(struct preload_service *) running;
static pid_t service_pid;

struct preload_service *
preload_service_now(void)
{
	return atomic_load(&running);
}

pid_t
preload_service_pid(void)
{
	return service_pid;
}

unsigned
preload_response_size(int request)
{
	return dmover_layout_guess((size_t)request, false)->lay_response;
}

/* How a response counts in SIOCOUTQ here. */
static void
measure_unit(void)
{
	int pair[2], outq = 0;
	char response[16] = { 0 };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return;
	if (send(pair[0], response, sizeof(response), MSG_DONTWAIT) > 0 &&
	    preload_real()->ioctl(pair[0], SIOCOUTQ, &outq) == 0)
		preload_sent_unit(outq);
	close(pair[0]);
	close(pair[1]);
}

static int
start_core(struct preload_service *service)
{
	const struct preload_settings *settings = preload_settings();
	struct dmover_core_options options;
	char why[256];
	int err;

	dmover_core_defaults(&options);
	options.engine = settings->engine;
	options.queue_depth = settings->depth;
	options.own = &preload_space_own;
	err = dmover_core_init(&service->core, &options, why, sizeof(why));
	if (err < 0)
		return err;
	service->account = dmover_account_get(&service->core.accounts, geteuid());
	service->fetcher = dmover_fetcher_create();
	service->batch = dmover_batch_create();
	if (service->account == NULL || service->fetcher == NULL || service->batch == NULL)
		return -ENOMEM;
	return 0;
}

/* In its own thread. */
static int
start(struct preload_service *service)
{
	int err;

	service->is_private = !preload_settings()->is_for_others &&
			      preload_table_leave(preload_announce_has_sanitizer());
	err = preload_loop_create(service);
	if (err == 0)
		err = preload_member_enter(service_pid);
	if (err == 0)
		err = preload_bell_start(service->wake);
	if (err == 0 && (err = start_core(service)) < 0)
		preload_bell_stop();
	measure_unit();
	return err;
}

static void
settle_door(struct preload_door *door, void *service)
{
	if (!door->is_dead)
		preload_raw_take(service, door);
}

void
preload_service_heard(struct preload_service *service)
{
	unsigned wanted;
	bool is_wanted;

	pthread_mutex_lock(&start_lock);
	wanted = service->to_settle;
	is_wanted = wanted != service->settled;
	pthread_mutex_unlock(&start_lock);
	if (!is_wanted)
		return;
	preload_doors_each(settle_door, service);
	preload_others_forget(&service->others);
	pthread_mutex_lock(&start_lock);
	service->settled = wanted;
	pthread_cond_broadcast(&started);
	pthread_mutex_unlock(&start_lock);
}

void
preload_service_settle(void)
{
	struct preload_service *service = atomic_load(&running);
	struct timespec end;
	const uint64_t one = 1;
	unsigned wanted;
	int err = 0;

	if (service == NULL)
		return;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec++;
	pthread_mutex_lock(&start_lock);
	wanted = ++service->to_settle;
	(void)!preload_real()->write(service->wake, &one, sizeof(one));
	/* The service may be kept in a program's memory by that program. */
	while (err == 0 && (int)(service->settled - wanted) < 0)
		err = pthread_cond_timedwait(&started, &start_lock, &end);
	pthread_mutex_unlock(&start_lock);
}

static void *
service_main(void *arg)
{
	struct preload_service *service = arg;
	int err = start(service);

	/* It did not start.  A table of our own goes with the thread. */
	if (err < 0) {
		preload_member_leave();
		preload_loop_destroy(service);
	}
	pthread_mutex_lock(&start_lock);
	service->error = err;
	service->is_ready = true;
	pthread_cond_broadcast(&started);
	pthread_mutex_unlock(&start_lock);
	if (err == 0)
		preload_loop_run(service);
	return NULL;
}

/* Locked; the lock is let go while the thread starts. */
static int
create(struct preload_service **ret_service)
{
	struct preload_service *service = calloc(1, sizeof(*service));
	pthread_t thread;
	int err;

	if (service == NULL)
		return -ENOMEM;
	pthread_mutex_init(&service->busy, NULL);
	service->listener = service->epoll = service->spare = service->wake = -1;
	service_pid = getpid();
	preload_announce_init();
	preload_fork_watch();
	err = preload_slots_init();
	if (err == 0)
		err = preload_members_init();
	if (err == 0)
		err = -pthread_create(&thread, NULL, service_main, service);
	if (err != 0) {
		free(service);
		return err;
	}
	while (!service->is_ready)
		pthread_cond_wait(&started, &start_lock);
	err = service->error;
	if (err < 0) {
		pthread_join(thread, NULL);
		free(service);
		return err;
	}
	pthread_detach(thread);
	*ret_service = service;
	return 0;
}

int
preload_service_get(struct preload_service **ret_service)
{
	struct preload_service *service = atomic_load_explicit(&running, memory_order_acquire);
	int err = 0;

	if (service == NULL) {
		pthread_mutex_lock(&start_lock);
		while (is_starting)
			pthread_cond_wait(&started, &start_lock);
		service = atomic_load(&running);
		if (service == NULL) {
			is_starting = true;
			err = create(&service);
			atomic_store(&running, service);
			is_starting = false;
			pthread_cond_broadcast(&started);
		}
		pthread_mutex_unlock(&start_lock);
	}
	*ret_service = service;
	return err;
}

int
preload_service_open(int access)
{
	struct preload_service *service;
	int err = preload_service_get(&service);

	return err < 0 ? err : preload_hello_open(access);
}

int
preload_service_adopt(struct preload_door *door)
{
	struct preload_service *service;
	int copy = preload_door_copy(door), err;

	if (copy < 0)
		return -ENOTCONN;
	err = preload_service_get(&service);
	if (err < 0)
		return err;
	pthread_mutex_lock(&adopt_lock);
	if (atomic_load(&door->session) == NULL)
		err = preload_hello_adopt(door, copy);
	pthread_mutex_unlock(&adopt_lock);
	return err;
}

/*
 * Waits until no thread of the service does anything, for 20 ms at most: what it has locked in other
 * libraries stays locked in a child for ever.  The C library's locks know of fork; but the allocator of
 * AddressSanitizer before LLVM 18 does not: with 100 children of a busy process, one in some hundred hung.
 */
static void
calm(struct preload_service *service)
{
	const struct timespec pause = { .tv_nsec = CALM_NS / 200 };
	const struct dmover_pool *pool = service->core.pool;
	struct timespec end, now;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += CALM_NS;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	service->is_calm = pthread_mutex_timedlock(&service->busy, &end) == 0;
	do {
		if (dmover_pool_idle(service->core.pool) >= dmover_pool_workers(pool))
			break;
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_REALTIME, &now);
	} while (
	    now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
}

void
preload_service_lock(void)
{
	struct preload_service *service;

	pthread_mutex_lock(&adopt_lock);
	pthread_mutex_lock(&start_lock);
	while (is_starting)
		pthread_cond_wait(&started, &start_lock);
	service = atomic_load(&running);
	if (service == NULL || !preload_announce_has_sanitizer())
		return;
	/* The service takes the start lock while it is busy. */
	pthread_mutex_unlock(&start_lock);
	calm(service);
	pthread_mutex_lock(&start_lock);
}

void
preload_service_unlock(void)
{
	struct preload_service *service = atomic_load(&running);

	if (service != NULL && service->is_calm) {
		service->is_calm = false;
		pthread_mutex_unlock(&service->busy);
	}
	pthread_mutex_unlock(&start_lock);
	pthread_mutex_unlock(&adopt_lock);
}

void
preload_service_forked(void)
{
	pthread_mutex_init(&adopt_lock, NULL);
	pthread_mutex_init(&start_lock, NULL);
	pthread_cond_init(&started, NULL);
	is_starting = false;
	atomic_store(&running, NULL);
	service_pid = getpid();
}
