/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.c: an engine that lets another one work and does something wrong to every Nth request.
 *
 * 1. Submit counts the request.  Where the plan says so it is refused, or fails at once.
 * 2. Else the engine below gets it, with our own completion in place of the submitter's.
 * 3. The completion spoils the output, keeps the request for a while, lets the next one overtake.
 * 4. The submitter's completion is put back and called.
 *
 * A request that nothing is to happen to goes to the engine below untouched.
 */
#include "plan.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "engines/table.h"
#include "late.h"

struct fault_state {
	struct fault_plan plan;
	void *over_state; /* of plan.over */
	atomic_ullong count;
	bool has_late; /* late is in use */
	struct fault_late late;
};

void
fault_hold_complete(struct fault_hold *hold)
{
	struct dmover_request *dreq = hold->dreq;

	dreq->dreq_done = hold->done;
	dreq->dreq_arg = hold->arg;
	free(hold);
	dmover_done(dreq);
}

/* The delay is over or there was none: HOLD may still have to let another one pass. */
static void
release(struct fault_hold *hold)
{
	struct fault_state *state = hold->state;
	struct fault_hold *overtaken = NULL;
	bool kept = false;

	if (state->plan.reorder)
		overtaken = fault_late_overtake(&state->late, hold, &kept);
	if (!kept)
		fault_hold_complete(hold);
	if (overtaken != NULL)
		fault_hold_complete(overtaken);
}

static void
finish(struct fault_hold *hold)
{
	struct fault_state *state = hold->state;

	if (hold->is_hit && state->plan.delay_ns != 0)
		fault_late_delay(&state->late, hold);
	else
		release(hold);
}

static void
flip_one_bit(struct dmover_request *dreq)
{
	if (dreq->dreq_func->dfn_has_output)
		dreq->dreq_out.buf_linear[dreq->dreq_len / 2] ^= 1;
	else
		dreq->dreq_result[0] ^= 1;
}

/* Takes the place of the submitter's dreq_done. */
static void
caught(struct dmover_request *dreq)
{
	struct fault_hold *hold = dreq->dreq_arg;

	if (hold->is_hit && hold->state->plan.corrupt && dreq->dreq_error == 0)
		flip_one_bit(dreq);
	finish(hold);
}

static struct fault_hold *
hold_create(struct fault_state *state, struct dmover_request *dreq, bool is_hit)
{
	struct fault_hold *hold = calloc(1, sizeof(*hold));

	if (hold == NULL)
		return NULL;
	hold->state = state;
	hold->dreq = dreq;
	hold->done = dreq->dreq_done;
	hold->arg = dreq->dreq_arg;
	hold->is_hit = is_hit;
	return hold;
}

static int
submit_over(struct fault_state *state, struct dmover_request *dreq)
{
	const struct dmover_engine *over = state->plan.over;

	/* The engine below may know fewer kinds than we promise. */
	if (!(over->eng_kinds & DMOVER_F(dreq->dreq_func->dfn_kind)))
		return -EOPNOTSUPP;
	return over->eng_submit(state->over_state, dreq);
}

static int
submit_caught(struct fault_state *state, struct dmover_request *dreq, struct fault_hold *hold)
{
	int err;

	/* Not in dreq_engine, which is free for the engine below. */
	dreq->dreq_done = caught;
	dreq->dreq_arg = hold;
	err = submit_over(state, dreq);
	if (err != 0) {
		dreq->dreq_done = hold->done;
		dreq->dreq_arg = hold->arg;
		free(hold);
	}
	return err;
}

static int
fault_submit(void *state_arg, struct dmover_request *dreq)
{
	struct fault_state *state = state_arg;
	const struct fault_plan *plan = &state->plan;
	struct fault_hold *hold;
	bool is_hit;

	if (plan->only != NULL && dreq->dreq_func != plan->only)
		return submit_over(state, dreq);
	is_hit = (atomic_fetch_add(&state->count, 1) + 1) % plan->every == 0;
	if (is_hit && plan->again)
		return -EAGAIN;
	if (is_hit && plan->refuse)
		return -EOPNOTSUPP;
	if (!plan->reorder && !(is_hit && (plan->error != 0 || plan->corrupt || plan->delay_ns)))
		return submit_over(state, dreq);
	hold = hold_create(state, dreq, is_hit);
	if (hold == NULL)
		return -ENOMEM;
	if (!is_hit || plan->error == 0)
		return submit_caught(state, dreq, hold);
	dreq->dreq_error = -plan->error;
	dreq->dreq_error_final = plan->final;
	finish(hold);
	return 0;
}

static int
fault_probe(char *why, size_t len)
{
	(void)why;
	(void)len;
	return 0;
}

/* Probes and opens the engine below, then starts the thread if the plan needs one. */
static int
state_start(struct fault_state *state, char *why, size_t len)
{
	const struct dmover_engine *over = state->plan.over;
	int err = over->eng_probe(why, len);

	if (err == 0 && over->eng_open != NULL)
		err = over->eng_open(/* args= */ NULL, &state->over_state, why, len);
	if (err != 0)
		return err;
	if (!state->plan.reorder && state->plan.delay_ns == 0)
		return 0;
	err = fault_late_init(&state->late, state->plan.delay_ns, release);
	if (err == 0) {
		state->has_late = true;
		return 0;
	}
	snprintf(why, len, "cannot start its thread");
	if (over->eng_close != NULL)
		over->eng_close(state->over_state);
	return err;
}

static int
fault_open(const char *args, void **ret_state, char *why, size_t len)
{
	struct fault_state *state = calloc(1, sizeof(*state));
	int err;

	if (state == NULL)
		return -ENOMEM;
	err = fault_plan_parse(args, &state->plan, why, len);
	if (err == 0)
		err = state_start(state, why, len);
	if (err != 0) {
		free(state);
		return err;
	}
	*ret_state = state;
	return 0;
}

static void
fault_close(void *state_arg)
{
	struct fault_state *state = state_arg;

	if (state == NULL)
		return;
	if (state->has_late)
		fault_late_fini(&state->late);
	if (state->plan.over->eng_close != NULL)
		state->plan.over->eng_close(state->over_state);
	free(state);
}

const struct dmover_engine fault_engine = {
	.eng_name = "fault",
	.eng_about = "another engine, with errors, delays and wrong bytes on purpose",
	.eng_kinds = DMOVER_F_ALL,
	.eng_flags = DMOVER_ENGINE_INPLACE | DMOVER_ENGINE_NAMED,
	.eng_probe = fault_probe,
	.eng_open = fault_open,
	.eng_submit = fault_submit,
	.eng_close = fault_close,
};
