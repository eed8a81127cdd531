/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.c: what the service's thread listens to, and what it does then. */
#include "preload/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "preload/bell.h"
#include "preload/call.h"
#include "preload/raw.h"
#include "preload/real.h"
#include "preload/refresh.h"

#define EVENTS 64

static struct sockaddr_un address;
static socklen_t address_len;

const void *
preload_loop_address(unsigned *ret_len)
{
	*ret_len = address_len;
	return &address;
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
preload_loop_create(struct preload_service *service)
{
	int err;

	service->epoll = epoll_create1(EPOLL_CLOEXEC);
	service->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (service->epoll < 0 || service->wake < 0)
		return -errno;
	service->spare = fcntl(service->epoll, F_DUPFD_CLOEXEC, 0);
	err = listen_here(service);
	if (err == 0)
		err = watch(service, service->listener, &service->listener, EPOLLIN);
	if (err == 0)
		err = watch(service, service->wake, &service->wake, EPOLLIN);
	return err;
}

void
preload_loop_destroy(struct preload_service *service)
{
	const int fds[] = { service->listener, service->wake, service->spare, service->epoll };

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int
preload_loop_add(struct preload_service *service, struct preload_door *door)
{
	return watch(service, door->inner_fd, door, EPOLLIN | EPOLLRDHUP | EPOLLET);
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
	preload_slot_put(door->slot, door->slot_number);
	preload_door_unlist(door);
}

static void
look(struct preload_door *door, void *service)
{
	if (door->is_dead)
		return;
	preload_raw_go(service, door);
	preload_refresh(door);
}

static void
look_behind(struct preload_door *door, void *service)
{
	if (atomic_exchange(&door->is_behind, false))
		look(door, service);
}

void
preload_loop_watch(struct preload_door *door, bool is_wanted, bool now)
{
	struct preload_service *service = preload_service_now();
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = door };

	if (preload_call_fd() != PRELOAD_CALL_OUTSIDE) {
		if (now || (is_wanted && !atomic_load(&door->is_armed)))
			preload_bell_ring(door);
		return;
	}
	/* With an edge it is told of each response that is read; the program's threads leave it armed. */
	if (atomic_exchange(&door->is_armed, is_wanted) == is_wanted)
		return;
	if (is_wanted)
		event.events |= EPOLLOUT;
	epoll_ctl(service->epoll, EPOLL_CTL_MOD, door->inner_fd, &event);
}

/* Without a place for one more, or where there are no pidfds, it is looked at when something comes. */
static void
watch_process(struct preload_service *service, pid_t pid)
{
	struct preload_watched *unused = NULL;

	for (unsigned i = 0; i < PRELOAD_WATCHED_MAX; i++) {
		if (service->watched[i].pid == pid)
			return;
		if (service->watched[i].pid == 0)
			unused = &service->watched[i];
	}
	if (unused == NULL)
		return;
	unused->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (unused->pidfd < 0) {
		/* It has ended already. */
		service->is_any_over |= errno == ESRCH;
		return;
	}
	unused->pid = pid;
	if (watch(service, unused->pidfd, unused, EPOLLIN) < 0) {
		close(unused->pidfd);
		unused->pid = 0;
	}
}

void
preload_loop_behind(struct preload_service *service, struct preload_door *door, pid_t owner)
{
	atomic_store(&door->is_behind, true);
	service->is_any_behind = true;
	watch_process(service, owner);
}

static bool
is_watched(const struct preload_service *service, const void *what)
{
	const struct preload_watched *watched = what;

	return watched >= service->watched && watched < service->watched + PRELOAD_WATCHED_MAX;
}

/* Its service has ended before it, and with that all that it would have taken in. */
static void
process_end(struct preload_service *service, struct preload_watched *watched)
{
	close(watched->pidfd);
	watched->pid = 0;
	service->is_any_over = true;
}

static void
hear(struct preload_service *service, const struct epoll_event *event)
{
	void *what = event->data.ptr;
	uint64_t n;

	if (what == &service->listener) {
		service->is_asked = true;
	} else if (what == &service->wake) {
		(void)!preload_real()->read(service->wake, &n, sizeof(n));
		service->is_woken = true;
	} else if (is_watched(service, what)) {
		process_end(service, what);
	} else if ((event->events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0) {
		door_end(service, what);
	} else {
		look(what, service);
	}
}

/* What the events ask for, when they are all heard. */
static void
answer(struct preload_service *service)
{
	bool is_due = service->is_any_behind && (service->is_woken || service->is_any_over);

	if (service->is_woken)
		preload_service_heard(service);
	service->is_woken = service->is_any_over = false;
	preload_bell_answer(look, service);
	if (is_due) {
		service->is_any_behind = false;
		preload_doors_each(look_behind, service);
	}
	/* Those that were closed before make room for new ones: they are looked at once more. */
	if (service->is_asked)
		service->is_last = !preload_handshake(service, service->is_last);
	service->is_asked = false;
}

void
preload_loop_run(struct preload_service *service)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		bool is_more = preload_bell_is_rung() || service->is_any_over;
		int n = epoll_wait(service->epoll, events, EVENTS, is_more ? 0 : -1);

		if (n < 0 && errno != EINTR)
			return;
		pthread_mutex_lock(&service->busy);
		for (int i = 0; i < n; i++)
			hear(service, &events[i]);
		answer(service);
		pthread_mutex_unlock(&service->busy);
	}
}
