/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idxd.c: the engine for work queues of Intel DSA devices, on daemon memory.
 *
 * 1. The survey finds the queues that the administrator made for user programs; those that answer
 *    are opened, after the last fork(2), because an open queue belongs to the memory of its opener.
 * 2. A request goes to the mover (mover.h), as one descriptor after the other.
 * 3. What a device does not do, or not in time, the CPU does here: no request ever fails.
 *
 * A device works on the request's own buffers.  Those that it may write are given back when its
 * record has come, or when the queue has been closed, which waits for the device; not before.
 */
#include "idxd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engines/table.h"
#include "mover.h"

/* What stands in the way is asked of the system when the engine is opened: it depends on ARGS. */
static int
idxd_probe(char *why, size_t len)
{
	(void)why;
	(void)len;
	return 0;
}

/* Moves the usable queues of QUEUES that are asked for to its front; how many those are. */
static unsigned
select_queues(struct dsa_queue *queues, unsigned n, const struct idxd_args *args)
{
	unsigned nchosen = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!queues[i].is_usable || !idxd_args_have(args, queues[i].name))
			continue;
		if (i != nchosen)
			queues[nchosen] = queues[i];
		nchosen++;
	}
	return nchosen;
}

/* Which of its conditions are good before the first that is not. */
static unsigned
conditions_met(const struct dsa_queue *queue)
{
	return (unsigned)(dmover_queue_obstacle(queue) - queue->findings);
}

/* No queue can be used: what the best one lacks. */
static void
explain(
    const struct dsa_queue *queues, unsigned n, const struct idxd_args *args, char *why, size_t len)
{
	const struct dsa_queue *best = NULL;
	const struct queue_finding *lack;

	for (unsigned i = 0; i < n; i++) {
		if (queues[i].is_usable || !idxd_args_have(args, queues[i].name))
			continue;
		if (best == NULL || conditions_met(&queues[i]) > conditions_met(best))
			best = &queues[i];
	}
	if (best == NULL) {
		snprintf(why, len, "no queue is called %s", args->queue);
		return;
	}
	lack = dmover_queue_obstacle(best);
	snprintf(why, len, "%s: not so: %s: %s", best->name, lack->what,
	    lack->why[0] != '\0' ? lack->why : lack->value);
}

/* Those that may be opened, first in QUEUES.  How many, or -ENODEV with a reason in WHY. */
static int
find_queues(const struct idxd_door *door, const struct idxd_args *args, struct dsa_queue *queues,
    char *why, size_t len)
{
	const struct queues_roots roots = idxd_args_roots(args);
	struct queues_lack lack = { .why = "" };
	unsigned n = door->door_survey(&roots, queues, QUEUES_MAX, &lack), nchosen;

	if (n > QUEUES_MAX)
		n = QUEUES_MAX;
	if (n == 0) {
		snprintf(why, len, "%s", lack.why);
		return -ENODEV;
	}
	nchosen = select_queues(queues, n, args);
	if (nchosen == 0) {
		explain(queues, n, args, why, len);
		return -ENODEV;
	}
	return (int)nchosen;
}

int
idxd_open_by(
    const struct idxd_door *door, const char *text, void **ret_state, char *why, size_t len)
{
	struct idxd_mover_plan plan = { .door = door };
	struct idxd_mover *mover;
	struct dsa_queue *queues;
	int err = idxd_args_parse(text, &plan.args, why, len);

	if (err < 0)
		return err;
	queues = calloc(QUEUES_MAX, sizeof(*queues));
	if (queues == NULL) {
		snprintf(why, len, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	err = find_queues(door, &plan.args, queues, why, len);
	if (err > 0) {
		plan.queues = queues;
		plan.nqueues = (unsigned)err;
		snprintf(why, len, "%s", strerror(ENOMEM));
		err = idxd_mover_open(&plan, &mover, why, len);
		if (err == 0)
			*ret_state = mover;
	}
	free(queues);
	return err;
}

static int
idxd_open(const char *args, void **ret_state, char *why, size_t len)
{
	return idxd_open_by(&idxd_kernel_door, args, ret_state, why, len);
}

static void
idxd_close(void *state)
{
	if (state != NULL)
		idxd_mover_close(state);
}

static bool
is_linear(const struct dmover_request *dreq)
{
	const struct dmover_function *func = dreq->dreq_func;

	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		if (dreq->dreq_in[i].buf_type != DMOVER_BUF_LINEAR)
			return false;
	return !func->dfn_has_output || dreq->dreq_out.buf_type == DMOVER_BUF_LINEAR;
}

static int
idxd_submit(void *state, struct dmover_request *dreq)
{
	struct idxd_mover *mover = state;
	const uint32_t kind = DMOVER_F(dreq->dreq_func->dfn_kind);

	if (!is_linear(dreq))
		return -EOPNOTSUPP;
	if ((idxd_mover_live_kinds(mover) & kind) != 0)
		return idxd_mover_give(mover, dreq);
	if ((idxd_mover_possible_kinds(mover) & kind) != 0)
		return -EAGAIN; /* every queue that could is in quarantine */
	return mover->tail.engine->eng_submit(mover->tail.state, dreq);
}

const struct idxd_stats *
idxd_stats(const void *state)
{
	return &((const struct idxd_mover *)state)->stats;
}

uint32_t
idxd_live_kinds(const void *state)
{
	return idxd_mover_live_kinds(state);
}

bool
idxd_describe(const void *state, unsigned i, char *text, size_t len)
{
	const struct idxd_mover *mover = state;
	const struct idxd_queue *queue;

	if (i >= mover->nqueues)
		return false;
	queue = mover->queues[i];
	snprintf(text, len, "%s %s", queue->name,
	    atomic_load_explicit(&queue->road, memory_order_relaxed));
	return true;
}

/* All of them, as far as there is room. */
static void
idxd_describe_all(const void *state, char *text, size_t len)
{
	char queue[64];
	size_t used = 0;

	for (unsigned i = 0; used < len && idxd_describe(state, i, queue, sizeof(queue)); i++)
		used += (size_t)snprintf(text + used, len - used, "%s%s", i > 0 ? ", " : "", queue);
}

const struct dmover_engine idxd_engine = {
	.eng_name = "idxd",
	.eng_about = "Intel DSA by user work queues, on daemon memory",
	.eng_kinds = DMOVER_F_ALL,
	.eng_flags = 0,
	.eng_probe = idxd_probe,
	.eng_open = idxd_open,
	.eng_offers = idxd_live_kinds,
	.eng_describe = idxd_describe_all,
	.eng_submit = idxd_submit,
	.eng_close = idxd_close,
};
