/* SPDX-License-Identifier: BSD-2-Clause */
/* direct.c: an engine of the table, without anything between it and the memory. */
#include "tools/bench/inside.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/bench/clock.h"

#define PATIENCE 10 /* seconds that an engine may be full */

struct direct {
	char name[64];
	const struct dmover_engine *engine;
	void *engine_state;
};

/* The requests of one pass; the submitter counts as one of them until all are submitted. */
struct pass {
	atomic_size_t left;
	sem_t finished;
	atomic_bool is_waiting; /* the submitter, until a request more is done: posts TURNS */
	sem_t turns;
};

static void
item_done(struct dmover_request *dreq)
{
	struct pass *pass = dreq->dreq_arg;

	/* Before this one is counted: the last one may be the end of the pass. */
	if (atomic_load_explicit(&pass->is_waiting, memory_order_relaxed))
		sem_post(&pass->turns);
	if (atomic_fetch_sub(&pass->left, 1) == 1)
		sem_post(&pass->finished);
}

static struct dmover_buffer
buffer_of(const struct bench_site *site, const struct bench_item *item, unsigned b)
{
	const struct bench_layout *layout = &site->layout;

	if (layout->npieces == 1)
		return (struct dmover_buffer){
			.buf_type = DMOVER_BUF_LINEAR,
			.buf_linear =
			    b < layout->ninputs ? (uint8_t *)(uintptr_t)item->in[b] : item->out,
		};
	return (struct dmover_buffer){
		.buf_type = DMOVER_BUF_UIO,
		.buf_uio = {
			.uio_iov = item->iov + (size_t)b * layout->npieces,
			.uio_iovcnt = layout->npieces,
			.uio_resid = layout->size,
			.uio_rw = b < layout->ninputs ? DMOVER_UIO_WRITE : DMOVER_UIO_READ,
			.uio_space = &dmover_space_self,
		},
	};
}

/* What stays the same from pass to pass is written once. */
static void
request_init(const struct bench_site *site, struct bench_item *item, struct pass *pass)
{
	struct dmover_request *dreq = &item->dreq;

	dreq->dreq_arg = pass;
	memset(dreq->dreq_result, 0, sizeof(dreq->dreq_result));
	if (dreq->dreq_func != NULL)
		return;
	dreq->dreq_func = site->work.function;
	dreq->dreq_len = site->layout.size;
	dreq->dreq_in = item->buffers;
	dreq->dreq_done = item_done;
	memcpy(dreq->dreq_immediate, site->immediate, sizeof(site->immediate));
	for (unsigned b = 0; b < site->layout.ninputs; b++)
		item->buffers[b] = buffer_of(site, item, b);
	if (item->out != NULL)
		dreq->dreq_out = buffer_of(site, item, site->layout.ninputs);
}

/*
 * Full: until one of this pass is done.  It may have been done just before, so a millisecond is the
 * most.  With none in the engine, what fills it is another thread's.  BEHIND: not submitted yet.
 */
static void
wait_turn(struct pass *pass, size_t behind)
{
	struct timespec until;

	if (atomic_load(&pass->left) == behind + 1) {
		sched_yield();
		return;
	}
	atomic_store(&pass->is_waiting, true);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	/* Too late or interrupted: the engine is asked again all the same. */
	(void)sem_timedwait(&pass->turns, &until);
}

/* As the engine answers; -ETIMEDOUT when it was full all the time.  BEHIND: with this one. */
static int
submit(const struct direct *direct, struct dmover_request *dreq, struct pass *pass, size_t behind)
{
	int err = direct->engine->eng_submit(direct->engine_state, dreq);
	double start;

	if (err != -EAGAIN)
		return err;
	start = bench_now();
	do {
		wait_turn(pass, behind);
		err = direct->engine->eng_submit(direct->engine_state, dreq);
	} while (err == -EAGAIN && bench_now() - start < PATIENCE);
	atomic_store(&pass->is_waiting, false);
	return err == -EAGAIN ? -ETIMEDOUT : err;
}

static int
direct_move(void *state, const struct bench_site *site, struct bench_item *items, size_t n)
{
	struct direct *direct = state;
	struct pass pass = { .left = n + 1 };
	int err = 0;
	size_t i;

	sem_init(&pass.finished, 0, 0);
	sem_init(&pass.turns, 0, 0);
	for (i = 0; i < n && err == 0; i++) {
		request_init(site, &items[i], &pass);
		err = submit(direct, &items[i].dreq, &pass, n - i);
	}
	/* One was not taken: it and those behind it will not be done. */
	if (err < 0)
		i--;
	if (atomic_fetch_sub(&pass.left, 1 + n - i) != 1 + n - i)
		while (sem_wait(&pass.finished) != 0)
			continue;
	sem_destroy(&pass.finished);
	sem_destroy(&pass.turns);
	for (size_t k = 0; err == 0 && k < n; k++) {
		err = items[k].dreq.dreq_error;
		memcpy(items[k].result, items[k].dreq.dreq_result, sizeof(items[k].result));
	}
	return err;
}

static void
direct_close(void *state)
{
	struct direct *direct = state;

	if (direct->engine->eng_close != NULL)
		direct->engine->eng_close(direct->engine_state);
	free(direct);
}

const struct dmover_engine *
bench_engine_find(const char *name)
{
	size_t len = strcspn(name, ":");

	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		if (strncmp(dmover_engines[i]->eng_name, name, len) == 0 &&
		    dmover_engines[i]->eng_name[len] == '\0')
			return dmover_engines[i];
	return NULL;
}

/* Opens the engine; -errno with the reason in WHY. */
static int
engine_open(struct direct *direct, const char *name, char *why, size_t len)
{
	const struct dmover_engine *engine = direct->engine;
	const char *args = strchr(name, ':');
	int err;

	if (engine->eng_flags & DMOVER_ENGINE_FILE) {
		snprintf(why, len, "only moves the memory of other processes");
		return -EOPNOTSUPP;
	}
	why[0] = '\0';
	err = engine->eng_probe(why, len);
	if (err == 0 && engine->eng_open != NULL)
		err = engine->eng_open(
		    args != NULL ? args + 1 : NULL, &direct->engine_state, why, len);
	if (err < 0 && why[0] == '\0')
		snprintf(why, len, "%s", strerror(-err));
	return err;
}

int
bench_direct_open(
    struct bench_lane *lane, struct bench_site *site, const char *name, char *why, size_t len)
{
	const struct dmover_engine *engine = bench_engine_find(name);
	struct bench_mover mover = { .move = direct_move, .close = direct_close };
	struct direct *direct;
	int err;

	if (engine == NULL || (engine->eng_kinds & DMOVER_F(site->work.function->dfn_kind)) == 0) {
		snprintf(why, len, engine == NULL ? "no such engine" : "has no such function");
		return -EOPNOTSUPP;
	}
	direct = calloc(1, sizeof(*direct));
	if (direct == NULL)
		return -ENOMEM;
	direct->engine = engine;
	snprintf(direct->name, sizeof(direct->name), "%s", name);
	err = engine_open(direct, name, why, len);
	if (err < 0) {
		free(direct);
		return err;
	}
	mover.name = direct->name;
	mover.state = direct;
	mover.can_scatter = (engine->eng_flags & DMOVER_ENGINE_UIO) != 0;
	err = bench_inside_open(lane, site, &mover, why, len);
	if (err == 0 && engine->eng_flags & DMOVER_ENGINE_NO_DATA)
		bench_lane_uncheck(lane);
	return err;
}
