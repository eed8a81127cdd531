/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_load.c: threads that each keep some random requests inside the engine. */
#include "idxd_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "oracle.h"
#include "roster.h"

#define CANARY  64u
#define PATTERN 0x5c

/* One request after the other. */
struct slot {
	struct work work; /* first */
	struct sender *sender;
	struct slot *next; /* of those that have ended, or are free */
	uint8_t *bytes;    /* CANARY, the output, CANARY; all PATTERN while it is free */
	uint8_t *want;
	uint64_t since, until;
};

struct sender {
	struct load *load;
	pthread_t thread;
	uint32_t seed;
	struct slot *slots;
	struct slot *free; /* the thread's own */
	unsigned inside;   /* the thread's own */
	uint64_t full, slowest;
	char failure[192]; /* "": none */
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct slot *ended; /* (lock) */
};

struct load {
	const struct fleet *fleet;
	struct load_plan plan;
	struct sender *senders;
	atomic_bool is_over;
	_Atomic uint64_t begun, ended;
};

uint64_t
load_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void
fleet_open(struct fleet *fleet, const struct idxd_site_plan *plan, const char *extra)
{
	char args[512];

	idxd_site_start(plan);
	snprintf(args, sizeof(args), "%s%s%s", idxd_site_args(), extra != NULL ? "," : "",
	    extra != NULL ? extra : "");
	arena_create(&fleet->arena);
	rig_open(&fleet->rig, roster_find("idxd"), args);
	fleet->stats = idxd_stats(fleet->rig.state);
}

void
fleet_open_words(struct fleet *fleet, const char *words, const char *extra)
{
	struct idxd_site_plan plan;

	ck_assert_msg(idxd_site_plan_parse(words, &plan), "%s", words);
	fleet_open(fleet, &plan, extra);
}

void
fleet_close(struct fleet *fleet)
{
	struct dsa_stats stats;

	rig_close(&fleet->rig);
	stats = idxd_site_stats();
	ck_assert_uint_eq(stats.in_flight, 0);
	for (unsigned i = 0; i < DMOVER_INPUTS_MAX; i++)
		rig_demand(guarded_is_intact(&fleet->arena.in[i], i + 1), "an input was written");
	idxd_site_stop();
	arena_destroy(&fleet->arena);
}

static void
slot_done(struct dmover_request *dreq)
{
	struct slot *slot = (struct slot *)dreq;
	struct sender *sender = slot->sender;

	slot->until = load_now();
	pthread_mutex_lock(&sender->lock);
	slot->next = sender->ended;
	sender->ended = slot;
	pthread_cond_signal(&sender->moved);
	pthread_mutex_unlock(&sender->lock);
}

static const struct dmover_function *
random_function(struct sender *sender)
{
	const uint32_t kinds = sender->load->plan.kinds;
	const struct dmover_function *func;
	unsigned n = 0;

	while (dmover_function_at(n) != NULL)
		n++;
	do
		func = dmover_function_at(rig_random(&sender->seed, n));
	while ((kinds & DMOVER_F(func->dfn_kind)) == 0 ||
	       /* Of xor there are many, and one is up to fifteen descriptors. */
	       (func->dfn_kind == DMOVER_KIND_XOR && rig_random(&sender->seed, 30) != 0));
	return func;
}

/* Most are short. */
static size_t
random_len(struct sender *sender)
{
	const size_t max = sender->load->plan.max_len;
	unsigned bits = 0;
	size_t len;

	while ((size_t)1 << bits < max)
		bits++;
	len = 1 + rig_random(&sender->seed, 1u << rig_random(&sender->seed, bits + 1));
	return len < max ? len : max;
}

static void
slot_aim(struct slot *slot)
{
	struct sender *sender = slot->sender;
	const struct arena *arena = &sender->load->fleet->arena;
	const struct dmover_function *func = random_function(sender);
	const size_t len = random_len(sender);
	struct work *work = &slot->work;

	work_init(work, func, len);
	work->dreq.dreq_done = slot_done;
	for (unsigned i = 0; i < func->dfn_ninputs; i++)
		work->in_bytes[i] =
		    arena->in[i].bytes +
		    rig_random(&sender->seed, (uint32_t)(arena->in[i].size - len + 1));
	work->out_bytes = slot->bytes + CANARY;
	for (unsigned i = 0; i < 4; i++)
		work->dreq.dreq_immediate[i] = (uint8_t)rig_random(&sender->seed, 256);
}

static bool
is_pattern(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != PATTERN)
			return false;
	return true;
}

/* What is wrong with the answer; NULL: nothing. */
static const char *
find_fault(struct slot *slot)
{
	const struct dmover_request *dreq = &slot->work.dreq;
	struct question question = {
		.func = dreq->dreq_func, .len = dreq->dreq_len, .out = slot->want
	};
	uint8_t result[DMOVER_IMMEDIATE_LEN];
	const size_t written = dreq->dreq_func->dfn_has_output ? dreq->dreq_len : 0;

	memcpy(question.in, slot->work.in_bytes, sizeof(question.in));
	memcpy(question.immediate, dreq->dreq_immediate, DMOVER_IMMEDIATE_LEN);
	oracle_ask(&question, result);
	result[0] ^= rig_break && written == 0;
	slot->want[0] ^= rig_break;
	if (dreq->dreq_error != 0)
		return strerror(-dreq->dreq_error);
	if (memcmp(dreq->dreq_result, result, sizeof(result)) != 0)
		return "wrong result";
	if (written > 0 && memcmp(slot->work.out_bytes, slot->want, written) != 0)
		return "wrong bytes";
	if (!is_pattern(slot->bytes, CANARY) ||
	    !is_pattern(slot->work.out_bytes + written, dreq->dreq_len - written + CANARY))
		return "strayed";
	return NULL;
}

static void
complain(struct sender *sender, const struct slot *slot, const char *why)
{
	if (sender->failure[0] == '\0')
		snprintf(sender->failure, sizeof(sender->failure), "--seed=%u: %s of %zu bytes: %s",
		    rig_seed, slot->work.dreq.dreq_func->dfn_name, slot->work.dreq.dreq_len, why);
	atomic_store(&sender->load->is_over, true);
}

/* Looks at an answer, and makes the slot free again. */
static void
slot_end(struct slot *slot)
{
	struct sender *sender = slot->sender;
	const char *why = find_fault(slot);

	if (why != NULL)
		complain(sender, slot, why);
	if (slot->until - slot->since > sender->slowest)
		sender->slowest = slot->until - slot->since;
	memset(slot->bytes, PATTERN, slot->work.dreq.dreq_len + 2 * CANARY);
	work_fini(&slot->work);
	slot->next = sender->free;
	sender->free = slot;
	sender->inside--;
	atomic_fetch_add(&sender->load->ended, 1);
}

/* Until one of those inside has ended, at most for MS; false: none has. */
static bool
take_ends(struct sender *sender, unsigned ms)
{
	struct slot *slot, *next;
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&sender->lock);
	while (sender->ended == NULL && err == 0)
		err = pthread_cond_timedwait(&sender->moved, &sender->lock, &until);
	slot = sender->ended;
	sender->ended = NULL;
	pthread_mutex_unlock(&sender->lock);
	if (slot == NULL)
		return false;
	for (; slot != NULL; slot = next) {
		next = slot->next;
		slot_end(slot);
	}
	return true;
}

static unsigned
patience_ms(void)
{
	return RIG_DEADLINE_S * 1000 * rig_slowness();
}

/* The engine is full: until there is an end.  Nothing of this thread inside: others fill it. */
static bool
wait_for_room(struct sender *sender, uint64_t since)
{
	sender->full++;
	if (sender->inside > 0)
		return take_ends(sender, patience_ms());
	take_ends(sender, 1);
	return load_now() - since < (uint64_t)patience_ms() * 1000000;
}

/* One more request, in the first free slot. */
static void
submit_one(struct sender *sender)
{
	struct slot *slot = sender->free;
	const uint64_t begun = load_now();
	int err;

	sender->free = slot->next;
	slot_aim(slot);
	/* A device that still writes where it should not shows here. */
	if (!is_pattern(slot->bytes, slot->work.dreq.dreq_len + 2 * CANARY))
		complain(sender, slot, "its buffer was written while nobody owned it");
	do {
		slot->since = load_now();
		sender->inside++;
		err = work_try(&slot->work, &sender->load->fleet->rig);
		if (err == 0)
			return;
		sender->inside--;
	} while (err == -EAGAIN && wait_for_room(sender, begun));
	complain(sender, slot, strerror(-err));
	work_fini(&slot->work);
	slot->next = sender->free;
	sender->free = slot;
}

static bool
goes_on(struct load *load)
{
	if (atomic_load(&load->is_over))
		return false;
	return load->plan.requests == 0 || atomic_fetch_add(&load->begun, 1) < load->plan.requests;
}

static void *
sender_main(void *arg)
{
	struct sender *sender = arg;

	while (goes_on(sender->load)) {
		submit_one(sender);
		while (sender->free == NULL && sender->failure[0] == '\0')
			if (!take_ends(sender, patience_ms()))
				complain(sender, &sender->slots[0], "or another: no end");
	}
	while (sender->inside > 0)
		if (!take_ends(sender, patience_ms())) {
			complain(sender, &sender->slots[0], "or another: no end");
			break;
		}
	return NULL;
}

static void
sender_init(struct sender *sender, struct load *load, unsigned i)
{
	const size_t size = load->plan.max_len + 2 * CANARY;

	sender->load = load;
	sender->seed = rig_seed + i * 7919;
	sender->slots = calloc(load->plan.inside, sizeof(*sender->slots));
	ck_assert_ptr_nonnull(sender->slots);
	pthread_mutex_init(&sender->lock, NULL);
	pthread_cond_init(&sender->moved, NULL);
	for (unsigned s = 0; s < load->plan.inside; s++) {
		struct slot *slot = &sender->slots[s];

		slot->sender = sender;
		slot->bytes = malloc(size);
		slot->want = malloc(size);
		ck_assert(slot->bytes != NULL && slot->want != NULL);
		memset(slot->bytes, PATTERN, size);
		slot->next = sender->free;
		sender->free = slot;
	}
}

struct load *
load_begin(const struct fleet *fleet, const struct load_plan *plan)
{
	struct load *load = calloc(1, sizeof(*load));

	ck_assert_ptr_nonnull(load);
	load->fleet = fleet;
	load->plan = *plan;
	if (load->plan.kinds == 0)
		load->plan.kinds = DMOVER_F_ALL;
	load->senders = calloc(plan->threads, sizeof(*load->senders));
	ck_assert_ptr_nonnull(load->senders);
	for (unsigned i = 0; i < plan->threads; i++) {
		sender_init(&load->senders[i], load, i);
		ck_assert_int_eq(
		    pthread_create(&load->senders[i].thread, NULL, sender_main, &load->senders[i]),
		    0);
	}
	return load;
}

void
load_await(struct load *load, uint64_t more)
{
	const uint64_t ended = atomic_load(&load->ended) + more;
	const struct timespec pause = { .tv_nsec = 200000 };
	const uint64_t since = load_now();

	while (atomic_load(&load->ended) < ended && !load_has_failed(load)) {
		rig_demand(load_now() - since < (uint64_t)patience_ms() * 1000000,
		    "%ju requests have ended, and no more", (uintmax_t)atomic_load(&load->ended));
		nanosleep(&pause, NULL);
	}
}

bool
load_has_failed(const struct load *load)
{
	return atomic_load(&load->is_over);
}

static void
sender_fini(struct sender *sender)
{
	for (unsigned s = 0; s < sender->load->plan.inside; s++) {
		free(sender->slots[s].bytes);
		free(sender->slots[s].want);
	}
	pthread_cond_destroy(&sender->moved);
	pthread_mutex_destroy(&sender->lock);
	free(sender->slots);
}

struct load_result
load_end(struct load *load)
{
	struct load_result result = { 0 };

	if (load->plan.requests == 0)
		atomic_store(&load->is_over, true);
	for (unsigned i = 0; i < load->plan.threads; i++)
		pthread_join(load->senders[i].thread, NULL);
	for (unsigned i = 0; i < load->plan.threads; i++) {
		struct sender *sender = &load->senders[i];

		rig_demand(sender->failure[0] == '\0', "%s", sender->failure);
		result.full += sender->full;
		if (sender->slowest > result.slowest_ns)
			result.slowest_ns = sender->slowest;
		sender_fini(sender);
	}
	result.ended = atomic_load(&load->ended);
	free(load->senders);
	free(load);
	return result;
}

struct load_result
load_run(const struct fleet *fleet, const struct load_plan *plan)
{
	return load_end(load_begin(fleet, plan));
}
