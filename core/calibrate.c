/* SPDX-License-Identifier: BSD-2-Clause */
/* calibrate.c: measures what engines and accesses cost, before the first request. */
#include "core/calibrate.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/uio.h"

#define XOR_INPUTS  4 /* of the function that stands for all of them */
#define ROUNDS      4 /* the best one counts */
#define WAIT_SECOND 1 /* longest for one round */

/* Room for each buffer: the longest that is measured. */
#define STRIDE ((size_t)512 << 10)
#define MEMORY (STRIDE * (XOR_INPUTS + 1))

/* A request that is measured. */
struct probe {
	struct dmover_request req;
	struct dmover_buffer in[XOR_INPUTS];
	struct iovec iov[XOR_INPUTS + 1];
	struct bench *bench;
};

struct bench {
	struct dmover_lane *lane;
	struct dmover_space *own;
	uint8_t *memory;
	struct probe probes[DISPATCH_DEPTH];
	unsigned nprobes; /* that are inside at once */
	int64_t patience; /* an engine that takes nothing is asked again until then */
	pthread_mutex_t lock;
	pthread_cond_t done;
	unsigned npending; /* (lock) */
	int error;         /* (lock) of any */
};

static void
probe_done(struct dmover_request *dreq)
{
	struct bench *bench = ((struct probe *)dreq->dreq_arg)->bench;

	pthread_mutex_lock(&bench->lock);
	if (dreq->dreq_error != 0)
		bench->error = dreq->dreq_error;
	if (--bench->npending == 0)
		pthread_cond_signal(&bench->done);
	pthread_mutex_unlock(&bench->lock);
}

/* Waits for all that are inside: 0; -EIO: one failed; -ETIMEDOUT: one is inside still. */
static int
bench_wait(struct bench *bench)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_SECOND;
	pthread_mutex_lock(&bench->lock);
	while (bench->npending > 0 && err == 0)
		err = pthread_cond_timedwait(&bench->done, &bench->lock, &until);
	err = bench->npending > 0 ? -ETIMEDOUT : bench->error != 0 ? -EIO : 0;
	pthread_mutex_unlock(&bench->lock);
	return err;
}

/* Hands as many in as the engine takes at once, and returns their number. */
static unsigned
bench_submit(struct bench *bench)
{
	const struct dmover_engine *engine = bench->lane->lane_engine;
	unsigned n = 0;

	bench->npending = bench->nprobes;
	while (n < bench->nprobes) {
		bench->probes[n].req.dreq_error = 0;
		if (engine->eng_submit(bench->lane->lane_state, &bench->probes[n].req) != 0)
			break;
		n++;
	}
	pthread_mutex_lock(&bench->lock);
	bench->npending -= bench->nprobes - n;
	pthread_mutex_unlock(&bench->lock);
	return n;
}

/* Nanoseconds of one round for each probe, or -errno; -EAGAIN: the engine has taken nothing. */
static double
bench_round(struct bench *bench)
{
	int64_t start = dmover_now();
	unsigned n = bench_submit(bench);
	int err = bench_wait(bench);

	if (err == 0 && n == 0)
		err = -EAGAIN;
	return err < 0 ? err : (double)(dmover_now() - start) / n;
}

/* The same, when an engine has something out of order that comes back soon. */
static double
bench_patient_round(struct bench *bench)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	double ns;

	while ((ns = bench_round(bench)) == -EAGAIN && dmover_now() < bench->patience)
		nanosleep(&pause, NULL);
	return ns;
}

/* A buffer of LEN bytes at AT: daemon memory, or the same through the daemon's own space. */
static void
probe_buffer(struct probe *probe, struct dmover_buffer *buf, unsigned i, uint8_t *at)
{
	const struct bench *bench = probe->bench;
	size_t len = probe->req.dreq_len;

	if ((bench->lane->lane_engine->eng_flags & DMOVER_ENGINE_FILE) == 0) {
		buf->buf_type = DMOVER_BUF_LINEAR;
		buf->buf_linear = at;
		return;
	}
	probe->iov[i] = (struct iovec){ at, len };
	buf->buf_type = DMOVER_BUF_UIO;
	dmover_uio_init(&buf->buf_uio, bench->own,
	    i == XOR_INPUTS ? DMOVER_UIO_READ : DMOVER_UIO_WRITE, &probe->iov[i], 1, len);
}

/* As the stage will ask for it: in place where the engine allows. */
static void
probe_aim(struct probe *probe, enum dmover_kind kind, size_t len)
{
	const struct bench *bench = probe->bench;
	const struct dmover_function *func = dmover_cost_function(kind);
	bool is_inplace = (bench->lane->lane_engine->eng_flags & DMOVER_ENGINE_INPLACE) != 0;
	uint8_t *out = bench->memory;

	memset(&probe->req, 0, sizeof(probe->req));
	probe->req.dreq_func = func;
	probe->req.dreq_len = len;
	probe->req.dreq_in = probe->in;
	probe->req.dreq_done = probe_done;
	probe->req.dreq_arg = probe;
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		probe_buffer(probe, &probe->in[i], i, bench->memory + (i + 1) * STRIDE);
	if (!func->dfn_has_output)
		return;
	if (is_inplace && func->dfn_ninputs > 0)
		out += STRIDE;
	probe_buffer(probe, &probe->req.dreq_out, XOR_INPUTS, out);
}

static int
bench_kind(struct bench *bench, enum dmover_kind kind)
{
	double best[COST_SIZES];

	for (unsigned size = 0; size < COST_SIZES; size++) {
		for (unsigned i = 0; i < bench->nprobes; i++)
			probe_aim(&bench->probes[i], kind, dmover_cost_lengths[size]);
		best[size] = -1;
		for (int round = 0; round < ROUNDS; round++) {
			double ns = bench_patient_round(bench);

			if (ns < 0)
				return (int)ns;
			if (best[size] < 0 || ns < best[size])
				best[size] = ns;
		}
	}
	dmover_cost_set(&bench->lane->lane_cost, kind, best);
	return 0;
}

/* Memory that is there: pages that must be found first would be measured with the rest. */
static uint8_t *
memory_create(void)
{
	uint8_t *memory = NULL;

	if (posix_memalign((void **)&memory, 4096, MEMORY) != 0)
		return NULL;
	memset(memory, 1, MEMORY);
	return memory;
}

int
dmover_calibrate(struct dmover_lane *lane, struct dmover_space *own)
{
	bool is_file = (lane->lane_engine->eng_flags & DMOVER_ENGINE_FILE) != 0;
	struct bench *bench = calloc(1, sizeof(*bench));
	uint8_t *memory = memory_create();
	pthread_condattr_t attr;
	int err = 0;

	if (memory == NULL || bench == NULL) {
		err = -ENOMEM;
		goto free_memory;
	}
	bench->lane = lane;
	bench->own = own;
	bench->memory = memory;
	bench->patience = dmover_now() + WAIT_SECOND * INT64_C(1000000000);
	bench->nprobes = is_file ? DISPATCH_DEPTH : 1;
	for (unsigned i = 0; i < DISPATCH_DEPTH; i++)
		bench->probes[i].bench = bench;
	pthread_mutex_init(&bench->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&bench->done, &attr);
	pthread_condattr_destroy(&attr);
	for (int kind = 0; kind < DMOVER_NKINDS && err == 0; kind++)
		if ((dmover_lane_kinds(lane) & DMOVER_F(kind)) != 0)
			err = bench_kind(bench, (enum dmover_kind)kind);
	if (err == -ETIMEDOUT)
		return err; /* the engine may still write: leave it its memory */
	pthread_cond_destroy(&bench->done);
	pthread_mutex_destroy(&bench->lock);
free_memory:
	free(bench);
	free(memory);
	return err;
}

/* Nanoseconds to gather the inputs of LEN bytes each and to scatter the output; or -errno. */
static double
access_round(
    const struct dmover_function *func, struct dmover_space *own, uint8_t *memory, size_t len)
{
	int64_t start = dmover_now();
	int err = 0;

	for (unsigned i = 0; i < func->dfn_ninputs + func->dfn_has_output && err == 0; i++) {
		struct iovec iov = { memory + i % XOR_INPUTS * STRIDE, len };
		struct dmover_uio uio;

		dmover_uio_init(&uio, own,
		    i == func->dfn_ninputs ? DMOVER_UIO_READ : DMOVER_UIO_WRITE, &iov, 1, len);
		err = dmover_uiomove(memory + XOR_INPUTS * STRIDE, len, &uio);
	}
	return err < 0 ? err : (double)(dmover_now() - start);
}

int
dmover_calibrate_access(struct dmover_cost *access, struct dmover_space *own)
{
	uint8_t *memory = memory_create();
	double best[COST_SIZES], ns = 0;

	if (memory == NULL)
		return -ENOMEM;
	for (int kind = 0; kind < DMOVER_NKINDS && ns >= 0; kind++) {
		for (unsigned size = 0; size < COST_SIZES; size++) {
			best[size] = -1;
			for (int round = 0; round < ROUNDS && ns >= 0; round++) {
				ns = access_round(dmover_cost_function((enum dmover_kind)kind),
				    own != NULL ? own : &dmover_space_self, memory,
				    dmover_cost_lengths[size]);
				if (best[size] < 0 || ns < best[size])
					best[size] = ns;
			}
		}
		dmover_cost_set(access, (enum dmover_kind)kind, best);
	}
	free(memory);
	return ns < 0 ? (int)ns : 0;
}
