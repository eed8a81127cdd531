/* SPDX-License-Identifier: BSD-2-Clause */
/* inside.c: lanes that work on this process's own memory. */
#include "tools/bench/inside.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bench/clock.h"
#include "tools/bench/crew.h"

/* Two readings of the clock must not weigh: shorter work is timed several passes at a time. */
#define TIMED_MIN 2e-6

struct inside {
	struct bench_mover mover;
	struct bench_site *site;
	unsigned nthreads;
	struct thread *threads;
};

/* One session of the point, each with items of its own. */
struct thread {
	struct inside *inside;
	unsigned index;
	size_t n;                 /* items of a pass */
	struct bench_item *items; /* of all rotations, one behind the other */
	size_t rotation;
	uint64_t together; /* passes that are timed as one */
	uint64_t passes;
	struct bench_latency latency;
};

static void
item_init(struct bench_item *item, const struct bench_site *site, size_t place)
{
	const struct bench_layout *layout = &site->layout;

	item->place = place;
	for (unsigned b = 0; b < layout->nbuffers; b++) {
		uint8_t *first = bench_layout_piece(layout, site->area.base, place, b, 0).iov_base;

		if (b < layout->ninputs)
			item->in[b] = first;
		else
			item->out = first;
		for (unsigned i = 0; item->iov != NULL && i < layout->npieces; i++)
			item->iov[b * layout->npieces + i] =
			    bench_layout_piece(layout, site->area.base, place, b, i);
	}
}

static int
thread_init(struct thread *thread)
{
	const struct bench_site *site = thread->inside->site;
	const struct bench_layout *layout = &site->layout;

	thread->n = layout->slots / thread->inside->nthreads;
	thread->together = 1;
	thread->items = calloc(thread->n * layout->rotations, sizeof(thread->items[0]));
	if (thread->items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < thread->n * layout->rotations; i++) {
		struct bench_item *item = &thread->items[i];
		size_t slot = thread->index * thread->n + i % thread->n;

		if (layout->npieces > 1) {
			item->iov = calloc(
			    (size_t)layout->npieces * layout->nbuffers, sizeof(item->iov[0]));
			if (item->iov == NULL)
				return -ENOMEM;
		}
		item_init(item, site, i / thread->n * layout->slots + slot);
	}
	return 0;
}

static void
thread_fini(struct thread *thread)
{
	size_t n = thread->n * thread->inside->site->layout.rotations;

	for (size_t i = 0; thread->items != NULL && i < n; i++)
		free(thread->items[i].iov);
	free(thread->items);
}

/* One pass over the items whose turn it is. */
static int
pass(struct thread *thread)
{
	struct inside *inside = thread->inside;
	struct bench_item *items = &thread->items[thread->rotation * thread->n];
	int err = inside->mover.move(inside->mover.state, inside->site, items, thread->n);

	for (size_t i = 0; err == 0 && inside->site->used != NULL && i < thread->n; i++)
		bench_site_note(inside->site, items[i].place, items[i].result);
	if (++thread->rotation == inside->site->layout.rotations)
		thread->rotation = 0;
	return err;
}

static void
work(void *arg, unsigned index)
{
	struct thread *thread = &((struct inside *)arg)->threads[index];

	for (uint64_t left = thread->passes; left > 0;) {
		uint64_t n = left < thread->together ? left : thread->together;
		double start = bench_now();

		for (uint64_t i = 0; i < n; i++) {
			errno = -pass(thread);
			if (errno != 0)
				err(1, "%s", thread->inside->mover.name);
		}
		bench_latency_add(
		    &thread->latency, (bench_now() - start) / (double)n, n * thread->n);
		left -= n;
	}
}

static double
inside_run(struct bench_lane *lane, uint64_t passes, struct bench_latency *latency)
{
	struct inside *inside = lane->state;
	double seconds;

	for (unsigned i = 0; i < inside->nthreads; i++) {
		inside->threads[i].passes = passes;
		memset(&inside->threads[i].latency, 0, sizeof(inside->threads[i].latency));
	}
	seconds = bench_crew_run(inside->nthreads, work, inside);
	for (unsigned i = 0; i < inside->nthreads; i++) {
		struct thread *thread = &inside->threads[i];

		bench_latency_merge(latency, &thread->latency);
		if (seconds / (double)passes < TIMED_MIN)
			thread->together = (uint64_t)(TIMED_MIN * (double)passes / seconds) + 1;
	}
	return seconds;
}

static void
inside_free(struct inside *inside)
{
	for (unsigned i = 0; inside->threads != NULL && i < inside->nthreads; i++)
		thread_fini(&inside->threads[i]);
	free(inside->threads);
	if (inside->mover.close != NULL)
		inside->mover.close(inside->mover.state);
	free(inside);
}

static void
inside_close(struct bench_lane *lane)
{
	inside_free(lane->state);
}

/* Every thread's items, and one pass: does the mover take them? */
static int
inside_prepare(struct inside *inside)
{
	int err = 0;

	inside->threads = calloc(inside->nthreads, sizeof(inside->threads[0]));
	if (inside->threads == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < inside->nthreads; i++) {
		inside->threads[i].inside = inside;
		inside->threads[i].index = i;
	}
	for (unsigned i = 0; err == 0 && i < inside->nthreads; i++)
		err = thread_init(&inside->threads[i]);
	return err == 0 ? pass(&inside->threads[0]) : err;
}

int
bench_inside_open(struct bench_lane *lane, struct bench_site *site, const struct bench_mover *mover,
    char *why, size_t len)
{
	struct inside *inside = calloc(1, sizeof(*inside));
	int error;

	if (inside == NULL)
		err(1, "memory");
	inside->mover = *mover;
	inside->site = site;
	inside->nthreads = (unsigned)site->point.value[BENCH_SESSIONS];
	if (site->layout.npieces > 1 && !mover->can_scatter) {
		snprintf(why, len, "takes buffers of one piece");
		error = -EOPNOTSUPP;
	} else {
		error = inside_prepare(inside);
		if (error < 0)
			snprintf(why, len, "does not take it: %s", strerror(-error));
	}
	if (error < 0) {
		inside_free(inside);
		return error;
	}
	*lane = (struct bench_lane){
		.role = mover->role,
		.site = site,
		.requests = site->layout.slots,
		.bytes = site->layout.size,
		.run = inside_run,
		.close = inside_close,
		.state = inside,
	};
	snprintf(lane->name, sizeof(lane->name), "%s", mover->name);
	/* The pass was a question; it may have moved nothing at all. */
	bench_site_forget(site);
	return 0;
}
