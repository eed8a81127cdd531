/* SPDX-License-Identifier: BSD-2-Clause */
/* calibrate.c: how fast an engine is, measured at start. */
#include "core/calibrate.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define XOR_INPUTS  4 /* stands for all of xor2 to xor16: the cost is per output byte */
#define ROUNDS      4 /* the best one counts */
#define WAIT_SECOND 1 /* longest for one request */

/* One length in each size class. */
static const size_t lengths[DISPATCH_SIZES] = { 4096, 65536, 524288 };

struct probe {
	struct dmover_request req;
	struct dmover_buffer in[XOR_INPUTS];
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done; /* (lock) */
};

static double
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void
probe_done(struct dmover_request *dreq)
{
	struct probe *probe = dreq->dreq_arg;

	pthread_mutex_lock(&probe->lock);
	probe->is_done = true;
	pthread_cond_signal(&probe->done);
	pthread_mutex_unlock(&probe->lock);
}

/* Submits the probe and waits; nanoseconds, or a negative number when it was not done. */
static double
probe_run(struct dmover_lane *lane, struct probe *probe)
{
	double start = now_ns(), end = -1;
	struct timespec until;
	int err = 0;

	probe->is_done = false;
	probe->req.dreq_error = 0;
	if (lane->lane_engine->eng_submit(lane->lane_state, &probe->req) != 0)
		return -1;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_SECOND;
	pthread_mutex_lock(&probe->lock);
	while (!probe->is_done && err == 0)
		err = pthread_cond_timedwait(&probe->done, &probe->lock, &until);
	if (probe->is_done && probe->req.dreq_error == 0)
		end = now_ns();
	pthread_mutex_unlock(&probe->lock);
	return end < 0 ? -1 : end - start;
}

static const struct dmover_function *
function_of(enum dmover_kind kind)
{
	static const char *const names[DMOVER_NKINDS] = {
		[DMOVER_KIND_ZERO] = "zero",
		[DMOVER_KIND_FILL8] = "fill8",
		[DMOVER_KIND_COPY] = "copy",
		[DMOVER_KIND_CRC32C] = "iscsi-crc32c",
		[DMOVER_KIND_XOR] = "xor4",
	};

	return dmover_function_find(names[kind]);
}

/*
 * As the stage will ask for it: in place where the engine allows.  But for copy, of which nothing
 * would be left to measure.
 */
static void
probe_aim(struct probe *probe, enum dmover_kind kind, size_t len, uint8_t *memory, bool is_inplace)
{
	const struct dmover_function *func = function_of(kind);
	size_t stride = lengths[DISPATCH_SIZES - 1];

	probe->req.dreq_func = func;
	probe->req.dreq_len = len;
	probe->req.dreq_in = probe->in;
	probe->req.dreq_done = probe_done;
	probe->req.dreq_arg = probe;
	for (unsigned i = 0; i < func->dfn_ninputs; i++) {
		probe->in[i].buf_type = DMOVER_BUF_LINEAR;
		probe->in[i].buf_linear = memory + (i + 1) * stride;
	}
	probe->req.dreq_out.buf_type = func->dfn_has_output ? DMOVER_BUF_LINEAR : DMOVER_BUF_NONE;
	probe->req.dreq_out.buf_linear =
	    is_inplace && kind == DMOVER_KIND_XOR ? memory + stride : memory;
}

/* A straight line through the best times of two neighbouring lengths. */
static void
costs_from(const double best[DISPATCH_SIZES], struct dmover_cost costs[DISPATCH_SIZES])
{
	for (unsigned size = 0; size < DISPATCH_SIZES; size++) {
		unsigned lo = size == 0 ? 0 : size - 1, hi = lo + 1;
		double slope = (best[hi] - best[lo]) / (double)(lengths[hi] - lengths[lo]);
		double start = best[size] - slope * (double)lengths[size];

		if (slope < 0 || start < 0) { /* noise: all of it is per byte */
			slope = best[size] / (double)lengths[size];
			start = 0;
		}
		costs[size] = (struct dmover_cost){ .start_ns = start, .ns_per_byte = slope };
	}
}

static int
calibrate_kind(
    struct dmover_lane *lane, struct probe *probe, enum dmover_kind kind, uint8_t *memory)
{
	bool is_inplace = (lane->lane_engine->eng_flags & DMOVER_ENGINE_INPLACE) != 0;
	double best[DISPATCH_SIZES];

	for (unsigned size = 0; size < DISPATCH_SIZES; size++) {
		probe_aim(probe, kind, lengths[size], memory, is_inplace);
		best[size] = -1;
		for (int round = 0; round < ROUNDS; round++) {
			double ns = probe_run(lane, probe);

			if (ns < 0)
				return -EIO;
			if (best[size] < 0 || ns < best[size])
				best[size] = ns;
		}
	}
	costs_from(best, lane->lane_costs[kind]);
	return 0;
}

int
dmover_calibrate(struct dmover_lane *lane)
{
	uint8_t *memory = calloc(XOR_INPUTS + 1, lengths[DISPATCH_SIZES - 1]);
	struct probe *probe = calloc(1, sizeof(*probe));
	int err = 0;

	if (memory == NULL || probe == NULL) {
		err = -ENOMEM;
		goto free_memory;
	}
	pthread_mutex_init(&probe->lock, NULL);
	pthread_cond_init(&probe->done, NULL);
	for (int kind = 0; kind < DMOVER_NKINDS && err == 0; kind++)
		if ((lane->lane_engine->eng_kinds & DMOVER_F(kind)) != 0)
			err = calibrate_kind(lane, probe, (enum dmover_kind)kind, memory);
	if (err == -EIO)
		return err; /* the engine may still write: leave it its memory */
	pthread_cond_destroy(&probe->done);
	pthread_mutex_destroy(&probe->lock);
free_memory:
	free(probe);
	free(memory);
	return err;
}
