/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.c: notices threads that stay in one piece of work for too long. */
#include "core/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* Quiet ticks before the watch goes to sleep until a seat gets busy: 128 ms. */
#define QUIET_TICKS 64

struct dmover_watch {
	pthread_t thread;
	pthread_mutex_t lock; /* held over seat_stalled(): taken before any lock that it takes */
	pthread_cond_t wake;  /* is_stopping, or is_asleep was cleared */
	struct dmover_seat *seats; /* (lock) */
	bool is_stopping;          /* (lock) */
	atomic_bool is_asleep;
};

/* Looks at every seat; returns how many are busy. */
static unsigned
watch_scan(struct dmover_watch *watch)
{
	unsigned busy = 0;

	for (struct dmover_seat *seat = watch->seats; seat != NULL; seat = seat->seat_next) {
		unsigned epoch = atomic_load(&seat->seat_epoch);

		if (epoch % 2 == 1)
			busy++;
		if (epoch % 2 == 0 || epoch != seat->seat_seen) {
			seat->seat_seen = epoch;
			seat->seat_ticks = 0;
			seat->seat_is_told = false;
		} else if (++seat->seat_ticks >= seat->seat_limit && !seat->seat_is_told) {
			seat->seat_is_told = true;
			seat->seat_stalled(seat);
		}
	}
	return busy;
}

static void
watch_tick(struct dmover_watch *watch)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WATCH_TICK_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&watch->wake, &watch->lock, &until);
}

static void *
watch_main(void *arg)
{
	struct dmover_watch *watch = arg;
	unsigned quiet = 0;

	pthread_mutex_lock(&watch->lock);
	while (!watch->is_stopping) {
		if (watch_scan(watch) > 0) {
			quiet = 0;
		} else if (++quiet > QUIET_TICKS) {
			/* Store, then look again; seat_begin makes itself busy, then loads. */
			atomic_store(&watch->is_asleep, true);
			if (watch_scan(watch) == 0)
				while (atomic_load(&watch->is_asleep) && !watch->is_stopping)
					pthread_cond_wait(&watch->wake, &watch->lock);
			atomic_store(&watch->is_asleep, false);
			quiet = 0;
			continue;
		}
		watch_tick(watch);
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

int
dmover_watch_create(struct dmover_watch **ret_watch)
{
	struct dmover_watch *watch = calloc(1, sizeof(*watch));
	pthread_condattr_t attr;
	int err;

	if (watch == NULL)
		return -ENOMEM;
	pthread_mutex_init(&watch->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->wake, &attr);
	pthread_condattr_destroy(&attr);
	err = pthread_create(&watch->thread, NULL, watch_main, watch);
	if (err != 0) {
		pthread_cond_destroy(&watch->wake);
		pthread_mutex_destroy(&watch->lock);
		free(watch);
		return -err;
	}
	*ret_watch = watch;
	return 0;
}

void
dmover_watch_destroy(struct dmover_watch *watch)
{
	if (watch == NULL)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->is_stopping = true;
	pthread_cond_signal(&watch->wake);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->wake);
	pthread_mutex_destroy(&watch->lock);
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
	atomic_fetch_add(&seat->seat_epoch, 1);
	if (atomic_load(&watch->is_asleep)) {
		pthread_mutex_lock(&watch->lock);
		atomic_store(&watch->is_asleep, false);
		pthread_cond_signal(&watch->wake);
		pthread_mutex_unlock(&watch->lock);
	}
}

void
dmover_seat_end(struct dmover_seat *seat)
{
	atomic_fetch_add(&seat->seat_epoch, 1);
}
