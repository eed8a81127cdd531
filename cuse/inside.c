/* SPDX-License-Identifier: BSD-2-Clause */
/* inside.c: writes that a thread executes for their held callers, and how they are interrupted. */
#include "cuse/inside.h"

#include <errno.h>

/* Between two looks at whether an interrupted call's thread sleeps in its access. */
#define LOOK_NS 50000000

/* Locked.  True: the thread will not answer any more, and *ret_count is what to answer. */
static bool
take_over(struct dmio_inside *inside, size_t *ret_count)
{
	if (!dmio_held_revoke(inside->held))
		return false;
	inside->is_answered = true;
	*ret_count = inside->before + atomic_load(&inside->accepted);
	return true;
}

/* Not locked: the call is this thread's now. */
static void
answer(fuse_req_t req, size_t count)
{
	if (count > 0)
		dmio_answer_count(req, count);
	else
		dmio_answer_error(req, -EINTR);
}

/* Watch thread, its lock held; parked_lock is taken before that elsewhere, so only tried here. */
static void
look_again(struct dmover_seat *seat)
{
	struct dmio_inside *inside = (struct dmio_inside *)seat;
	fuse_req_t req = inside->req;
	bool is_ours = false;
	size_t count = 0;

	if (pthread_mutex_trylock(&inside->device->parked_lock) == 0) {
		is_ours = take_over(inside, &count);
		pthread_mutex_unlock(&inside->device->parked_lock);
	}
	if (is_ours)
		answer(req, count);
	else
		dmover_seat_begin(inside->device->core->watch, seat);
}

static struct dmio_inside **
bucket(struct dmio_device *device, fuse_req_t req)
{
	return &device->inside[((uintptr_t)req >> 4) % PARKED_BUCKETS];
}

void
dmio_inside_enter(struct dmio_inside *inside)
{
	struct dmio_device *device = inside->device;
	struct dmio_inside **head = bucket(device, inside->req);

	inside->held->verdict_lock = &device->parked_lock;
	inside->seat.seat_limit = LOOK_NS;
	inside->seat.seat_stalled = look_again;
	pthread_mutex_lock(&device->parked_lock);
	inside->next = *head;
	*head = inside;
	pthread_mutex_unlock(&device->parked_lock);
}

bool
dmio_inside_leave(struct dmio_inside *inside)
{
	struct dmio_device *device = inside->device;
	struct dmio_inside **at;
	bool is_watched, is_answered;

	pthread_mutex_lock(&device->parked_lock);
	for (at = bucket(device, inside->req); *at != inside; at = &(*at)->next)
		;
	*at = inside->next;
	is_watched = inside->is_watched;
	is_answered = inside->is_answered;
	pthread_mutex_unlock(&device->parked_lock);
	if (!is_watched)
		return is_answered;
	/* Only after this nobody looks any more, and it may have been answered until then. */
	dmover_watch_remove(device->core->watch, &inside->seat);
	return inside->is_answered;
}

void
dmio_inside_interrupt(struct dmio_device *device, fuse_req_t req)
{
	struct dmio_inside *inside;
	bool is_ours = false;
	size_t count = 0;

	pthread_mutex_lock(&device->parked_lock);
	for (inside = *bucket(device, req); inside != NULL && inside->req != req;
	     inside = inside->next)
		;
	if (inside != NULL && !inside->is_watched && !inside->is_answered) {
		is_ours = take_over(inside, &count);
		if (!is_ours) {
			inside->is_watched = true;
			dmover_watch_add(device->core->watch, &inside->seat);
			dmover_seat_begin(device->core->watch, &inside->seat);
		}
	}
	pthread_mutex_unlock(&device->parked_lock);
	if (is_ours)
		answer(req, count);
}
