/* SPDX-License-Identifier: BSD-2-Clause */
/* floor.c: the barest accesses to a caller's memory. */
#include "tools/bench/floor.h"

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/bench/clock.h"

#define PIECES_MAX  1024 /* of a call: the kernel's IOV_MAX */
#define THREADS_MAX 64
#define CHUNK_MIN   ((size_t)64 << 10)
#define CHUNK_MAX   ((size_t)1 << 20)
#define TRIES       5

/* What the device's caller writes and reads for one request. */
#define REQUEST_LEN    40
#define RESPONSE_LEN   16
#define DESCRIPTOR_LEN 16

/* The caller's arrays, one behind the other, each with a part for every place. */
enum array { OUTPUT_PIECES, INPUT_BUFFERS, INPUT_PIECES, NARRAYS };

struct mover {
	struct floor *floor;
	pthread_t id;
	struct bench_area stage;
	struct iovec remote[PIECES_MAX];
	size_t from, to; /* bytes of the batch */
};

struct floor {
	struct bench_floor_options options;
	struct bench_site *site;
	const struct bench_layout *layout; /* of the site */
	size_t batch, total;               /* requests, bytes of each buffer of the batch */
	size_t place;                      /* where the present batch begins */
	struct bench_area arrays;          /* the caller's, for all places */
	uint8_t *described;                /* the descriptors of a batch */
	size_t stage_len;                  /* the most that a chunk may be */
	size_t chunk;
	unsigned nmovers; /* that take part */
	unsigned nstarted;
	struct mover *movers; /* the first is whoever runs the floor */
	pthread_mutex_t lock;
	pthread_cond_t go, finished;
	uint64_t round; /* (lock) go: it changes */
	unsigned busy;  /* (lock) finished: it is 0 */
	bool is_ending; /* (lock) */
};

/*
 * One chunk of COUNT kinds of buffers from FIRST on, in one access, in or out.  Returns the bytes of
 * each of them.
 */
static size_t
move_chunk(struct mover *mover, const struct bench_range *chunk, unsigned count)
{
	const struct floor *floor = mover->floor;
	const bool is_output = chunk->buffer == floor->layout->ninputs;
	struct iovec local[DMOVER_INPUTS_MAX];
	size_t len = 0, want = 0;
	unsigned n = 0;
	ssize_t moved;

	for (unsigned i = 0; i < count; i++) {
		struct bench_range range = *chunk;

		range.buffer += i;
		n += bench_layout_range(
		    floor->layout, &range, mover->remote + n, PIECES_MAX / count, &len);
		local[i] = (struct iovec){ mover->stage.base + i * floor->stage_len, len };
		if (!is_output && count == 1)
			local[i].iov_base = mover->stage.base + chunk->buffer * floor->stage_len;
		want += len;
	}
	moved = is_output ? process_vm_writev(getpid(), local, count, mover->remote, n, 0)
			  : process_vm_readv(getpid(), local, count, mover->remote, n, 0);
	if (moved != (ssize_t)want)
		err(1, "%s", is_output ? "process_vm_writev" : "process_vm_readv");
	return len;
}

/* What fits one chunk is gathered in one access: a small batch needs no more. */
static void
move_range(struct mover *mover)
{
	const struct bench_layout *layout = mover->floor->layout;
	const unsigned together = mover->floor->total <= mover->floor->chunk ? layout->ninputs : 1;
	struct bench_range chunk = {
		.base = mover->floor->site->area.base,
		.place = mover->floor->place,
	};

	for (chunk.from = mover->from; chunk.from < mover->to;) {
		size_t moved = 0;

		chunk.len = mover->to - chunk.from;
		if (chunk.len > mover->floor->chunk)
			chunk.len = mover->floor->chunk;
		for (chunk.buffer = 0; chunk.buffer < layout->ninputs; chunk.buffer += together)
			moved = move_chunk(mover, &chunk, together);
		/* Of many pieces one access takes less than a chunk. */
		if (layout->ninputs > 0)
			chunk.len = moved;
		if (layout->nbuffers > layout->ninputs)
			moved = move_chunk(mover, &chunk, 1);
		chunk.from += moved;
	}
}

static void *
mover_main(void *arg)
{
	struct mover *mover = arg;
	struct floor *floor = mover->floor;
	uint64_t seen = 0;

	pthread_mutex_lock(&floor->lock);
	for (;;) {
		while (floor->round == seen && !floor->is_ending)
			pthread_cond_wait(&floor->go, &floor->lock);
		if (floor->is_ending)
			break;
		seen = floor->round;
		pthread_mutex_unlock(&floor->lock);
		move_range(mover);
		pthread_mutex_lock(&floor->lock);
		if (--floor->busy == 0)
			pthread_cond_signal(&floor->finished);
	}
	pthread_mutex_unlock(&floor->lock);
	return NULL;
}

static void
move_data(struct floor *floor)
{
	if (floor->nmovers > 1) {
		pthread_mutex_lock(&floor->lock);
		floor->busy = floor->nstarted;
		floor->round++;
		pthread_cond_broadcast(&floor->go);
		pthread_mutex_unlock(&floor->lock);
	}
	move_range(&floor->movers[0]);
	if (floor->nmovers > 1) {
		pthread_mutex_lock(&floor->lock);
		while (floor->busy > 0)
			pthread_cond_wait(&floor->finished, &floor->lock);
		pthread_mutex_unlock(&floor->lock);
	}
}

/* Bytes of an array for each place. */
static size_t
array_len(const struct bench_layout *layout, enum array array)
{
	size_t n = layout->ninputs;

	if (array == OUTPUT_PIECES)
		n = (layout->nbuffers - layout->ninputs) * layout->npieces;
	else if (array == INPUT_PIECES)
		n *= layout->npieces;
	return n * DESCRIPTOR_LEN;
}

static int
arrays_init(struct bench_area *arrays, const struct bench_layout *layout)
{
	size_t len = 0;

	for (enum array array = 0; array < NARRAYS; array++)
		len += layout->nplaces * array_len(layout, array);
	return bench_area_init(arrays, len, BENCH_PAGES_4K);
}

/*
 * The descriptors of a batch lie in one piece of each array.  The first call gets the pieces of the
 * outputs and the buffers of the inputs, the second the pieces of the inputs, which those name.
 */
static void
fetch_descriptors(struct floor *floor)
{
	const struct bench_layout *layout = floor->layout;
	uint8_t *from = floor->arrays.base;
	struct iovec local = { floor->described, 0 }, remote[2];
	unsigned n = 0;

	for (enum array array = 0; array < NARRAYS; array++) {
		size_t len = array_len(layout, array);

		if (len > 0) {
			remote[n++] =
			    (struct iovec){ from + floor->place * len, floor->batch * len };
			local.iov_len += floor->batch * len;
		}
		from += layout->nplaces * len;
		if (array == OUTPUT_PIECES || n == 0)
			continue;
		if (process_vm_readv(getpid(), &local, 1, remote, n, 0) != (ssize_t)local.iov_len)
			err(1, "process_vm_readv");
		local.iov_len = n = 0;
	}
}

/* What comes next is at the places behind these, whose outputs hold anything now. */
static void
next_batch(struct floor *floor)
{
	static const uint8_t no_result[DMOVER_IMMEDIATE_LEN];

	for (size_t i = 0; i < floor->batch; i++)
		bench_site_note(floor->site, floor->place + i, no_result);
	floor->place += floor->batch;
	if (floor->place == floor->layout->nplaces)
		floor->place = 0;
}

static void
floor_pass(struct floor *floor)
{
	if (floor->options.trip != NULL) {
		bench_round_trip_write(floor->options.trip, floor->batch * REQUEST_LEN);
		fetch_descriptors(floor);
	}
	move_data(floor);
	if (floor->options.trip != NULL)
		bench_round_trip_read(floor->options.trip, floor->batch * RESPONSE_LEN);
	next_batch(floor);
}

static double
floor_run(struct bench_lane *lane, uint64_t passes, struct bench_latency *latency)
{
	struct floor *floor = lane->state;
	double start = bench_now(), last = start;

	while (passes-- > 0) {
		double now;

		floor_pass(floor);
		now = bench_now();
		bench_latency_add(latency, now - last, floor->batch);
		last = now;
	}
	return last - start;
}

/* How the work is shared out: equal parts, in whole lines of the cache. */
static void
floor_share(struct floor *floor, size_t chunk, unsigned nmovers)
{
	size_t part = (floor->total / nmovers + 63) / 64 * 64;

	floor->chunk = chunk;
	floor->nmovers = nmovers;
	for (unsigned i = 0; i <= floor->nstarted; i++) {
		struct mover *mover = &floor->movers[i];

		mover->from = i < nmovers && i * part < floor->total ? i * part : floor->total;
		mover->to = i + 1 < nmovers && (i + 1) * part < floor->total ? (i + 1) * part
									     : floor->total;
		if (i >= nmovers)
			mover->from = mover->to;
	}
}

static double
best_of_tries(struct floor *floor)
{
	double best = 0;

	for (int i = 0; i < TRIES; i++) {
		double start = bench_now(), seconds;

		move_data(floor);
		seconds = bench_now() - start;
		next_batch(floor);
		if (i == 0 || seconds < best)
			best = seconds;
	}
	return best;
}

/* Tries chunks, by one thread and by all, and keeps the quickest. */
static void
floor_choose(struct floor *floor)
{
	unsigned threads[2] = { 1, floor->nstarted + 1 }, nmovers = 1;
	size_t chunk = floor->stage_len;
	double best = 0;

	for (int t = 0; t < 2 && !floor->options.is_whole; t++) {
		if (t == 0 ? floor->options.is_full && threads[1] > 1 : threads[1] == 1)
			continue;
		for (size_t c = CHUNK_MIN; c <= floor->stage_len; c *= 2) {
			double seconds;

			floor_share(floor, c, threads[t]);
			seconds = best_of_tries(floor);
			if (best == 0 || seconds < best) {
				best = seconds;
				chunk = c;
				nmovers = threads[t];
			}
		}
	}
	floor_share(floor, chunk, nmovers);
}

static void
floor_free(struct floor *floor)
{
	pthread_mutex_lock(&floor->lock);
	floor->is_ending = true;
	pthread_cond_broadcast(&floor->go);
	pthread_mutex_unlock(&floor->lock);
	for (unsigned i = 1; i <= floor->nstarted; i++)
		pthread_join(floor->movers[i].id, NULL);
	for (unsigned i = 0; floor->movers != NULL && i < floor->options.threads; i++)
		bench_area_fini(&floor->movers[i].stage);
	bench_area_fini(&floor->arrays);
	free(floor->movers);
	free(floor->described);
	pthread_cond_destroy(&floor->go);
	pthread_cond_destroy(&floor->finished);
	pthread_mutex_destroy(&floor->lock);
	free(floor);
}

static void
floor_close(struct bench_lane *lane)
{
	floor_free(lane->state);
}

static int
floor_start(struct floor *floor)
{
	const struct bench_layout *layout = floor->layout;
	const unsigned ninputs = layout->ninputs;
	int err = arrays_init(&floor->arrays, layout);

	if (err != 0)
		return err;
	floor->movers = calloc(floor->options.threads, sizeof(floor->movers[0]));
	/* More than either call gets. */
	floor->described = calloc(floor->batch, array_len(layout, OUTPUT_PIECES) +
						    array_len(layout, INPUT_BUFFERS) +
						    array_len(layout, INPUT_PIECES));
	if (floor->movers == NULL || floor->described == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < floor->options.threads && err == 0; i++) {
		struct mover *mover = &floor->movers[i];

		mover->floor = floor;
		err = bench_area_init(
		    &mover->stage, floor->stage_len * (ninputs > 0 ? ninputs : 1), BENCH_PAGES_2M);
		if (err == 0 && i > 0) {
			err = -pthread_create(&mover->id, NULL, mover_main, mover);
			floor->nstarted += err == 0;
		}
	}
	return err;
}

int
bench_floor_open(struct bench_lane *lane, struct bench_site *site,
    const struct bench_floor_options *options, char *why, size_t len)
{
	struct floor *floor = calloc(1, sizeof(*floor));
	int error;

	if (floor == NULL)
		err(1, "memory");
	floor->options = *options;
	floor->site = site;
	floor->layout = &site->layout;
	floor->batch = site->point.value[BENCH_BATCH];
	floor->total = floor->batch * site->layout.size;
	floor->stage_len = CHUNK_MIN;
	while (floor->stage_len < floor->total && floor->stage_len < CHUNK_MAX)
		floor->stage_len *= 2;
	/* Less than two chunks are not worth waking a thread. */
	if (options->is_whole || floor->total <= CHUNK_MIN)
		floor->options.threads = 1;
	pthread_mutex_init(&floor->lock, NULL);
	pthread_cond_init(&floor->go, NULL);
	pthread_cond_init(&floor->finished, NULL);
	error = floor->options.threads > THREADS_MAX ? -E2BIG : floor_start(floor);
	if (error < 0) {
		snprintf(why, len, "cannot start its threads");
		floor_free(floor);
		return error;
	}
	floor_choose(floor);
	bench_site_forget(site);
	*lane = (struct bench_lane){ .name = "floor",
		.role = BENCH_FLOOR,
		.site = site,
		.is_unchecked = true,
		.requests = floor->batch,
		.bytes = site->layout.size,
		.run = floor_run,
		.close = floor_close,
		.state = floor };
	snprintf(lane->how, sizeof(lane->how), "%zuK x %u", floor->chunk >> 10, floor->nmovers);
	return 0;
}
