/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.c: notices threads that stay in one piece of work for too long. */
#include "core/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

/* A seat that gets busy sets the timer this far ahead, unless it fires sooner. */
#define AHEAD_NS ((int64_t)10 * 1000000)

struct dmover_watch {
	pthread_t thread;
	pthread_mutex_t lock; /* held over seat_stalled(): taken before any lock that it takes */
	struct dmover_seat *seats; /* (lock) */
	int timer_fd;
	atomic_int_fast64_t armed; /* when the timer fires; 0: not set */
	atomic_bool is_stopping;
};

static void
watch_arm(struct dmover_watch *watch, int64_t when)
{
	struct itimerspec spec = { .it_value = { when / 1000000000, when % 1000000000 } };

	atomic_store(&watch->armed, when);
	timerfd_settime(watch->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

/*
 * Tells of stalled seats.  Returns when to look again: when the next one may be stalled, but not
 * later than a seat that gets busy meanwhile would ask for; 0: all are idle.
 */
static int64_t
watch_scan(struct dmover_watch *watch)
{
	int64_t now = dmover_now(), next = 0;

	for (struct dmover_seat *seat = watch->seats; seat != NULL; seat = seat->seat_next) {
		int64_t since = atomic_load(&seat->seat_since);

		if (since == 0 || since == seat->seat_told)
			continue;
		if (now - since >= seat->seat_limit) {
			seat->seat_told = since;
			seat->seat_stalled(seat);
		} else if (next == 0 || since + seat->seat_limit < next) {
			next = since + seat->seat_limit;
		}
	}
	return next > now + AHEAD_NS ? now + AHEAD_NS : next;
}

static void *
watch_main(void *arg)
{
	struct dmover_watch *watch = arg;
	uint64_t fired;

	while (!atomic_load(&watch->is_stopping)) {
		int64_t next;

		if (read(watch->timer_fd, &fired, sizeof(fired)) < 0 && errno != EINTR)
			break;
		/* First not armed, then a look: a seat that gets busy after the look arms it. */
		atomic_store(&watch->armed, 0);
		pthread_mutex_lock(&watch->lock);
		next = watch_scan(watch);
		pthread_mutex_unlock(&watch->lock);
		if (next != 0)
			watch_arm(watch, next);
	}
	return NULL;
}

int
dmover_watch_create(struct dmover_watch **ret_watch)
{
	struct dmover_watch *watch = calloc(1, sizeof(*watch));
	int err;

	if (watch == NULL)
		return -ENOMEM;
	watch->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (watch->timer_fd < 0) {
		err = -errno;
		goto free_watch;
	}
	pthread_mutex_init(&watch->lock, NULL);
	err = -pthread_create(&watch->thread, NULL, watch_main, watch);
	if (err < 0)
		goto close_timer;
	*ret_watch = watch;
	return 0;

close_timer:
	pthread_mutex_destroy(&watch->lock);
	close(watch->timer_fd);
free_watch:
	free(watch);
	return err;
}

void
dmover_watch_destroy(struct dmover_watch *watch)
{
	if (watch == NULL)
		return;
	atomic_store(&watch->is_stopping, true);
	watch_arm(watch, 1); /* in the past: at once */
	pthread_join(watch->thread, NULL);
	pthread_mutex_destroy(&watch->lock);
	close(watch->timer_fd);
	free(watch);
}

void
dmover_watch_add(struct dmover_watch *watch, struct dmover_seat *seat)
{
	pthread_mutex_lock(&watch->lock);
	seat->seat_next = watch->seats;
	watch->seats = seat;
	pthread_mutex_unlock(&watch->lock);
}

void
dmover_watch_remove(struct dmover_watch *watch, struct dmover_seat *seat)
{
	struct dmover_seat **at;

	pthread_mutex_lock(&watch->lock);
	for (at = &watch->seats; *at != seat; at = &(*at)->seat_next)
		;
	*at = seat->seat_next;
	pthread_mutex_unlock(&watch->lock);
}

void
dmover_seat_begin(struct dmover_watch *watch, struct dmover_seat *seat)
{
	int64_t now = dmover_now(), armed;

	atomic_store(&seat->seat_since, now);
	armed = atomic_load(&watch->armed);
	/* Never put off: another seat may wait for it. */
	if (armed == 0 || armed > now + AHEAD_NS)
		watch_arm(watch, now + AHEAD_NS);
}

void
dmover_seat_end(struct dmover_seat *seat)
{
	atomic_store(&seat->seat_since, 0);
}

bool
dmover_seat_is_stalled(const struct dmover_seat *seat)
{
	return atomic_load(&seat->seat_since) == seat->seat_told;
}
