/* SPDX-License-Identifier: BSD-2-Clause */
/* late.c: the fault engine's thread, which completes requests when their time has come. */
#include "late.h"

#include <errno.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Lock held: the earliest time at which there is something to do, or 0. */
static uint64_t
next_due(const struct fault_late *late)
{
	uint64_t due = late->first != NULL ? late->first->due_ns : 0;

	if (late->back != NULL && (due == 0 || late->back->due_ns < due))
		due = late->back->due_ns;
	return due;
}

/* Lock held: sleeps until something is due or has changed. */
static void
wait_for_change(struct fault_late *late)
{
	const uint64_t due = next_due(late);
	const struct timespec until = {
		.tv_sec = (time_t)(due / NS_PER_S),
		.tv_nsec = (long)(due % NS_PER_S),
	};

	if (due == 0)
		pthread_cond_wait(&late->changed, &late->lock);
	else
		pthread_cond_timedwait(&late->changed, &late->lock, &until);
}

/* Lock held: takes out the first delayed hold whose time has come, or NULL. */
static struct fault_hold *
take_delayed(struct fault_late *late, uint64_t now)
{
	struct fault_hold *hold = late->first;

	if (hold == NULL || hold->due_ns > now)
		return NULL;
	late->first = hold->next;
	if (late->first == NULL)
		late->end = &late->first;
	return hold;
}

/* Lock held: takes out the held back one when nothing overtook it in time, or NULL. */
static struct fault_hold *
take_back(struct fault_late *late, uint64_t now)
{
	struct fault_hold *hold = late->back;

	if (hold == NULL || hold->due_ns > now)
		return NULL;
	late->back = NULL;
	return hold;
}

static void *
late_main(void *arg)
{
	struct fault_late *late = arg;

	pthread_mutex_lock(&late->lock);
	while (!late->stop) {
		const uint64_t now = now_ns();
		struct fault_hold *delayed = take_delayed(late, now);
		struct fault_hold *back = take_back(late, now);

		if (delayed == NULL && back == NULL) {
			wait_for_change(late);
			continue;
		}
		pthread_mutex_unlock(&late->lock);
		if (delayed != NULL)
			late->release(delayed);
		if (back != NULL)
			fault_hold_complete(back);
		pthread_mutex_lock(&late->lock);
	}
	pthread_mutex_unlock(&late->lock);
	return NULL;
}

int
fault_late_init(
    struct fault_late *late, uint64_t delay_ns, void (*release)(struct fault_hold *hold))
{
	pthread_condattr_t attr;
	int err;

	*late = (struct fault_late){ .delay_ns = delay_ns, .release = release };
	late->end = &late->first;
	pthread_mutex_init(&late->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&late->changed, &attr);
	pthread_condattr_destroy(&attr);
	err = -pthread_create(&late->thread, NULL, late_main, late);
	if (err != 0) {
		pthread_cond_destroy(&late->changed);
		pthread_mutex_destroy(&late->lock);
	}
	return err;
}

void
fault_late_fini(struct fault_late *late)
{
	pthread_mutex_lock(&late->lock);
	late->stop = true;
	pthread_cond_signal(&late->changed);
	pthread_mutex_unlock(&late->lock);
	pthread_join(late->thread, NULL);
	pthread_cond_destroy(&late->changed);
	pthread_mutex_destroy(&late->lock);
}

void
fault_late_delay(struct fault_late *late, struct fault_hold *hold)
{
	hold->next = NULL;
	pthread_mutex_lock(&late->lock);
	/* The clock is read with the lock held, or the list could get out of order. */
	hold->due_ns = now_ns() + late->delay_ns;
	*late->end = hold;
	late->end = &hold->next;
	pthread_cond_signal(&late->changed);
	pthread_mutex_unlock(&late->lock);
}

struct fault_hold *
fault_late_overtake(struct fault_late *late, struct fault_hold *hold, bool *ret_kept)
{
	struct fault_hold *overtaken;

	pthread_mutex_lock(&late->lock);
	overtaken = late->back;
	late->back = NULL;
	*ret_kept = overtaken == NULL && hold->is_hit;
	if (*ret_kept) {
		hold->due_ns = now_ns() + FAULT_REORDER_NS;
		late->back = hold;
		pthread_cond_signal(&late->changed);
	}
	pthread_mutex_unlock(&late->lock);
	return overtaken;
}
