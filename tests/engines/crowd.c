/* SPDX-License-Identifier: BSD-2-Clause */
/* crowd.c: threads that each keep many requests inside one engine. */
#include "crowd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "oracle.h"

#define PATTERN 0x5c

/* One request. */
struct ticket {
	struct work work; /* first */
	struct crowd *crowd;
	unsigned ends; /* (crowd's lock) */
	int refused;   /* 0, or what submit answered at last */
};

struct member {
	struct crowd *crowd;
	struct ticket *tickets;
	pthread_t thread;
};

struct crowd {
	struct crowd_plan plan;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned inside;     /* (lock) with the engine, or being handed to it */
	unsigned ends;       /* (lock) */
	unsigned times_full; /* (lock) */
	struct timespec deadline;
	struct member *members;
	struct ticket *tickets;
	uint8_t *out;
};

static void
ticket_done(struct dmover_request *dreq)
{
	struct ticket *ticket = (struct ticket *)dreq;
	struct crowd *crowd = ticket->crowd;

	pthread_mutex_lock(&crowd->lock);
	ticket->ends++;
	crowd->ends++;
	crowd->inside--;
	pthread_cond_broadcast(&crowd->moved);
	pthread_mutex_unlock(&crowd->lock);
}

/* Locked.  Until there was an end since SEEN, or nobody is inside; false: nothing moves. */
static bool
wait_for_room(struct crowd *crowd, unsigned seen)
{
	int err = 0;

	while (err == 0 && crowd->inside > 0 && crowd->ends == seen)
		err = pthread_cond_timedwait(&crowd->moved, &crowd->lock, &crowd->deadline);
	return err == 0;
}

static bool
is_late(const struct crowd *crowd)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec > crowd->deadline.tv_sec;
}

/* One try; afterwards, where the engine was full, there was an end or nobody is inside. */
static int
try_once(struct crowd *crowd, struct ticket *ticket)
{
	unsigned seen;
	int err;

	pthread_mutex_lock(&crowd->lock);
	seen = crowd->ends;
	crowd->inside++; /* it may end before submit returns */
	pthread_mutex_unlock(&crowd->lock);
	err = work_try(&ticket->work, crowd->plan.rig);
	if (err == 0)
		return 0;
	pthread_mutex_lock(&crowd->lock);
	crowd->inside--;
	pthread_cond_broadcast(&crowd->moved);
	if (err == -EAGAIN) {
		crowd->times_full++;
		if (!wait_for_room(crowd, seen) || is_late(crowd))
			err = -ETIMEDOUT;
	}
	pthread_mutex_unlock(&crowd->lock);
	return err;
}

static void *
member_main(void *arg)
{
	struct member *member = arg;
	struct crowd *crowd = member->crowd;

	for (unsigned i = 0; i < crowd->plan.requests; i++) {
		struct ticket *ticket = &member->tickets[i];

		do
			ticket->refused = try_once(crowd, ticket);
		while (ticket->refused == -EAGAIN);
	}
	return NULL;
}

static void
ticket_init(struct crowd *crowd, unsigned i)
{
	const struct crowd_plan *plan = &crowd->plan;
	struct ticket *ticket = &crowd->tickets[i];
	const unsigned shift = i % plan->requests % 64;

	work_init(&ticket->work, plan->func, plan->len - shift);
	ticket->crowd = crowd;
	ticket->work.dreq.dreq_done = ticket_done;
	for (unsigned in = 0; in < plan->func->dfn_ninputs; in++)
		ticket->work.in_bytes[in] = plan->arena->in[in].bytes + shift;
	ticket->work.out_bytes = crowd->out + i * plan->len;
	ticket->work.dreq.dreq_immediate[0] = (uint8_t)i;
}

static struct crowd *
crowd_create(const struct crowd_plan *plan)
{
	const unsigned n = plan->threads * plan->requests;
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	ck_assert_ptr_nonnull(crowd);
	crowd->plan = *plan;
	crowd->members = calloc(plan->threads, sizeof(*crowd->members));
	crowd->tickets = calloc(n, sizeof(*crowd->tickets));
	crowd->out = malloc(n * plan->len);
	ck_assert(crowd->members != NULL && crowd->tickets != NULL && crowd->out != NULL);
	memset(crowd->out, PATTERN, n * plan->len);
	pthread_mutex_init(&crowd->lock, NULL);
	pthread_cond_init(&crowd->moved, NULL);
	clock_gettime(CLOCK_REALTIME, &crowd->deadline);
	crowd->deadline.tv_sec += RIG_DEADLINE_S * rig_slowness();
	for (unsigned i = 0; i < n; i++)
		ticket_init(crowd, i);
	return crowd;
}

struct crowd *
crowd_run(const struct crowd_plan *plan)
{
	struct crowd *crowd = crowd_create(plan);
	int err = 0;

	for (unsigned i = 0; i < plan->threads; i++) {
		crowd->members[i].crowd = crowd;
		crowd->members[i].tickets = crowd->tickets + i * plan->requests;
		ck_assert_int_eq(pthread_create(&crowd->members[i].thread, NULL, member_main,
				     &crowd->members[i]),
		    0);
	}
	for (unsigned i = 0; i < plan->threads; i++)
		pthread_join(crowd->members[i].thread, NULL);
	pthread_mutex_lock(&crowd->lock);
	while (err == 0 && crowd->inside > 0)
		err = pthread_cond_timedwait(&crowd->moved, &crowd->lock, &crowd->deadline);
	pthread_mutex_unlock(&crowd->lock);
	rig_demand(err == 0, "%s: %u requests of %s never ended", plan->rig->engine->eng_name,
	    crowd->inside, plan->func->dfn_name);
	return crowd;
}

unsigned
crowd_times_full(const struct crowd *crowd)
{
	return crowd->times_full;
}

/* What lies behind a shorter output must have stayed. */
static bool
rest_is_untouched(const struct crowd_plan *plan, const struct work *work)
{
	for (size_t i = plan->func->dfn_has_output ? work->dreq.dreq_len : 0; i < plan->len; i++)
		if (work->out_bytes[i] != PATTERN)
			return false;
	return true;
}

static void
ticket_check(const struct crowd_plan *plan, const struct ticket *ticket, uint8_t *out)
{
	const struct work *work = &ticket->work;
	const char *name = plan->rig->engine->eng_name, *func = plan->func->dfn_name;
	struct question question = {
		.func = plan->func,
		.len = work->dreq.dreq_len,
		.out = out,
	};
	uint8_t result[DMOVER_IMMEDIATE_LEN];

	memcpy(question.in, work->in_bytes, sizeof(question.in));
	memcpy(question.immediate, work->dreq.dreq_immediate, DMOVER_IMMEDIATE_LEN);
	oracle_ask(&question, result);
	result[0] ^= rig_break && !plan->func->dfn_has_output;
	out[0] ^= rig_break;
	rig_demand(
	    ticket->refused == 0, "%s: %s: refused: %s", name, func, strerror(-ticket->refused));
	rig_demand(ticket->ends == 1, "%s: %s: %u ends", name, func, ticket->ends);
	rig_demand(
	    work->dreq.dreq_error == 0, "%s: %s: %s", name, func, strerror(-work->dreq.dreq_error));
	rig_demand(memcmp(work->dreq.dreq_result, result, sizeof(result)) == 0,
	    "%s: %s: wrong result", name, func);
	if (plan->func->dfn_has_output)
		rig_demand(memcmp(work->out_bytes, out, question.len) == 0, "%s: %s: wrong bytes",
		    name, func);
	rig_demand(rest_is_untouched(plan, work), "%s: %s: strayed", name, func);
}

void
crowd_check(const struct crowd *crowd)
{
	uint8_t *out = malloc(crowd->plan.len);

	ck_assert_ptr_nonnull(out);
	for (unsigned i = 0; i < crowd->plan.threads * crowd->plan.requests; i++)
		ticket_check(&crowd->plan, &crowd->tickets[i], out);
	free(out);
}

void
crowd_free(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->plan.threads * crowd->plan.requests; i++)
		work_fini(&crowd->tickets[i].work);
	pthread_cond_destroy(&crowd->moved);
	pthread_mutex_destroy(&crowd->lock);
	free(crowd->members);
	free(crowd->tickets);
	free(crowd->out);
	free(crowd);
}
