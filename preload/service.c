/* SPDX-License-Identifier: BSD-2-Clause */
/* service.c: start of the service, and its loop. */
#include "preload/service.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/sockios.h>

#include "preload/announce.h"
#include "preload/call.h"
#include "preload/fork.h"
#include "preload/raw.h"
#include "preload/real.h"
#include "preload/refresh.h"
#include "preload/settings.h"
#include "preload/space.h"
#include "preload/table.h"

#define EVENTS 64
/* What a fork waits for the service at most. */
#define CALM_NS 20000000

static pthread_mutex_t adopt_lock = PTHREAD_MUTEX_INITIALIZER; /* before start_lock */
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t started = PTHREAD_COND_INITIALIZER;
static bool is_starting; /* (start_lock), which is let go meanwhile */
static _Atomic(struct preload_service *) running;
static pid_t service_pid;
static struct sockaddr_un address;
static socklen_t address_len;

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

const void *
preload_service_address(unsigned *ret_len)
{
	*ret_len = address_len;
	return &address;
}

unsigned
preload_response_size(int request)
{
	return dmover_layout_guess((size_t)request, false)->lay_response;
}

static int
listen_here(struct preload_service *service)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };

	service->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (service->listener < 0)
		return -errno;
	/* A length without a name: the kernel finds one. */
	if (bind(service->listener, (struct sockaddr *)&any, sizeof(any.sun_family)) != 0)
		return -errno;
	address_len = sizeof(address);
	if (getsockname(service->listener, (struct sockaddr *)&address, &address_len) != 0 ||
	    listen(service->listener, SOMAXCONN) != 0)
		return -errno;
	return 0;
}

static int
watch(struct preload_service *service, int fd, void *what, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = what };

	return epoll_ctl(service->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

int
preload_service_add(struct preload_service *service, struct preload_door *door)
{
	return watch(service, door->inner_fd, door, EPOLLIN | EPOLLRDHUP | EPOLLET);
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
	service->epoll = epoll_create1(EPOLL_CLOEXEC);
	service->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (service->epoll < 0 || service->wake < 0)
		return -errno;
	service->spare = fcntl(service->epoll, F_DUPFD_CLOEXEC, 0);
	err = listen_here(service);
	if (err == 0)
		err = watch(service, service->listener, NULL, EPOLLIN);
	if (err == 0)
		err = watch(service, service->wake, service, EPOLLIN);
	if (err == 0)
		err = start_core(service);
	measure_unit();
	return err;
}

/* The program has closed the last of its descriptors. */
static void
door_end(struct preload_service *service, struct preload_door *door)
{
	struct dmover_session *session = atomic_load(&door->session);

	epoll_ctl(service->epoll, EPOLL_CTL_DEL, door->inner_fd, NULL);
	atomic_store(&session->ses_is_closing, true);
	pthread_mutex_lock(&door->lock);
	door->is_dead = true;
	dmover_session_poll(session, &preload_nobody);
	pthread_mutex_unlock(&door->lock);
	close(door->inner_fd);
	preload_copies_bury(atomic_exchange(&door->copy_fd, -1), door->inner_ino);
	if (atomic_load(&door->slot->sharers[0]) == service_pid)
		preload_slot_put(door->slot);
	preload_door_unlist(door);
}

static void
door_event(struct preload_service *service, struct preload_door *door, uint32_t events)
{
	if ((events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0) {
		door_end(service, door);
		return;
	}
	atomic_store(&door->is_kicked, false);
	preload_raw_go(service, door);
	preload_refresh(door);
}

/* One is enough; many would fill the socket, and it could not be written. */
static void
kick(struct preload_door *door)
{
	if (!atomic_exchange(&door->is_kicked, true) &&
	    send(preload_call_fd(), "", PRELOAD_KICK, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		atomic_store(&door->is_kicked, false);
}

void
preload_service_watch(struct preload_door *door, bool is_wanted, bool now)
{
	struct preload_service *service = atomic_load(&running);
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = door };

	if (preload_call_fd() != PRELOAD_CALL_OUTSIDE) {
		if (now || (is_wanted && !atomic_load(&door->is_armed)))
			kick(door);
		return;
	}
	/* With an edge it is told of each response that is read; the program's threads leave it armed. */
	if (atomic_exchange(&door->is_armed, is_wanted) == is_wanted)
		return;
	if (is_wanted)
		event.events |= EPOLLOUT;
	epoll_ctl(service->epoll, EPOLL_CTL_MOD, door->inner_fd, &event);
}

static void
settle_door(struct preload_door *door, void *service)
{
	if (!door->is_dead)
		preload_raw_take(service, door);
}

static void
settle(struct preload_service *service)
{
	unsigned wanted;
	uint64_t n;

	(void)!preload_real()->read(service->wake, &n, sizeof(n));
	pthread_mutex_lock(&start_lock);
	wanted = service->to_settle;
	pthread_mutex_unlock(&start_lock);
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

static void
loop(struct preload_service *service)
{
	struct epoll_event events[EVENTS];
	bool is_last = false;

	for (;;) {
		int n = epoll_wait(service->epoll, events, EVENTS, -1);

		bool is_asked = false;

		if (n < 0 && errno != EINTR)
			return;
		pthread_mutex_lock(&service->busy);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL)
				is_asked = true;
			else if (events[i].data.ptr == service)
				settle(service);
			else
				door_event(service, events[i].data.ptr, events[i].events);
		}
		/* Those that were closed before make room for new ones: they are looked at once more. */
		if (is_asked)
			is_last = !preload_handshake(service, is_last);
		pthread_mutex_unlock(&service->busy);
	}
}

/* It did not start.  A table of our own goes with the thread. */
static void
abandon(const struct preload_service *service)
{
	const int fds[] = { service->listener, service->wake, service->spare, service->epoll };

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void *
service_main(void *arg)
{
	struct preload_service *service = arg;
	int err = start(service);

	if (err < 0)
		abandon(service);
	pthread_mutex_lock(&start_lock);
	service->error = err;
	service->is_ready = true;
	pthread_cond_broadcast(&started);
	pthread_mutex_unlock(&start_lock);
	if (err == 0)
		loop(service);
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
	int err = preload_service_get(&service), copy = atomic_load(&door->copy_fd);

	if (err < 0)
		return err;
	if (copy < 0)
		return -ENOTCONN;
	pthread_mutex_lock(&adopt_lock);
	if (atomic_load(&door->session) == NULL)
		err = preload_hello_adopt(door, copy);
	pthread_mutex_unlock(&adopt_lock);
	return err;
}

/*
 * Waits until no thread of the service does anything, for 20 ms at most: what it has locked in other
 * libraries stays locked in a child for ever.  (The allocator of AddressSanitizer before LLVM 18 does not
 * know of fork: with 100 children of a busy process, one in some hundred hung.)
 */
static void
calm(struct preload_service *service)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	const struct dmover_pool *pool = service->core.pool;
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += CALM_NS;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	service->is_calm = pthread_mutex_timedlock(&service->busy, &end) == 0;
	for (unsigned i = 0; i < CALM_NS / 100000; i++) {
		if (dmover_pool_idle(service->core.pool) >= dmover_pool_workers(pool))
			break;
		nanosleep(&pause, NULL);
	}
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
	if (service != NULL)
		calm(service);
}

void
preload_service_unlock(void)
{
	struct preload_service *service = atomic_load(&running);

	if (service != NULL && service->is_calm)
		pthread_mutex_unlock(&service->busy);
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
