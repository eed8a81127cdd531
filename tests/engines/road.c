/* SPDX-License-Identifier: BSD-2-Clause */
/* road.c: the middle layer, without a front end. */
#include "road.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "rig.h"
#include "space.h"

#define RECORD   40 /* bytes of a request of the current layout */
#define RESPONSE 16 /* and of a response */
#define LIMIT    4096
#define UID      500

const char *road_calibration;
const char *const road_ways[ROAD_NWAYS] = { "held", "posted", "walked" };

/* No poller ever asks. */
static const struct dmover_session_ops session_ops;

/* A core as the tests want it; it measures this process's memory as callers' will be reached. */
static int
core_start(struct dmover_core *core, const char *engine, char *why, size_t len)
{
	struct dmover_core_options options;
	struct dmover_space *own = NULL;
	int err = space_open(getpid(), &own);

	if (err < 0) {
		snprintf(why, len, "own memory: %s", strerror(-err));
		return err;
	}
	dmover_core_defaults(&options);
	options.engine = engine;
	options.engine_args = rig_args;
	options.workers = 2;
	options.own = own;
	options.calibration = road_calibration;
	err = dmover_core_init(core, &options, why, len);
	dmover_space_unref(own);
	return err;
}

bool
road_is_choice(const char *engine, char *why, size_t len)
{
	struct dmover_core core;

	if (core_start(&core, engine, why, len) < 0)
		return false;
	if (dmover_core_stop(&core))
		dmover_core_fini(&core);
	return true;
}

void
road_start(struct road *road, const char *engine)
{
	char why[256] = "";
	int err = core_start(&road->core, engine, why, sizeof(why));

	ck_assert_msg(err == 0, "--engine=%s: %s (%s)", engine, strerror(-err), why);
	road->account = dmover_account_get(&road->core.accounts, UID);
	ck_assert_ptr_nonnull(road->account);
	ck_assert_int_eq(
	    dmover_session_create(&session_ops, road->account, LIMIT, &road->session), 0);
	/* Each entry names its own function; the session's is only there to have a layout. */
	ck_assert_int_eq(dmover_session_setfunc(road->session, "copy", /* is_32bit= */ false), 0);
	ck_assert_int_eq(dmover_session_begin_write(road->session, RECORD), 0);
	dmover_session_end_write(road->session);
}

void
road_close(struct road *road)
{
	dmover_session_close(road->session);
	road->session = NULL;
}

void
road_stop(struct road *road)
{
	if (road->session != NULL)
		road_close(road);
	ck_assert(dmover_core_stop(&road->core));
	ck_assert_uint_eq(atomic_load(&road->account->acc_bytes), 0);
	ck_assert_uint_eq(atomic_load(&road->account->acc_sessions), 0);
	dmover_account_put(road->account);
	dmover_core_fini(&road->core);
}

bool
road_may_hold(const struct dmover_batch *batch)
{
	size_t reads = 0, writes = 0;

	for (unsigned e = 0; e < batch->bat_nentries; e++) {
		const struct dmover_request *req = &batch->bat_entries[e].ent_req;

		reads += req->dreq_func->dfn_ninputs * req->dreq_len;
		writes += req->dreq_func->dfn_has_output ? req->dreq_len : 0;
	}
	return reads <= DMOVER_HOLD_MAX && writes <= DMOVER_HOLD_MAX;
}

/* References as a front end gives them away with a posted batch. */
static void
post(struct road *road, struct dmover_batch *batch)
{
	batch->bat_session = dmover_session_ref(road->session);
	batch->bat_account = dmover_account_ref(road->account);
	batch->bat_space = dmover_space_ref(batch->bat_space);
	batch->bat_charged = dmover_batch_memory(batch);
	ck_assert_int_eq(dmover_account_charge(batch->bat_account, batch->bat_charged), 0);
	dmover_stage_post(&road->core.stage, batch);
}

static void
hold(struct road *road, struct dmover_batch *batch)
{
	struct stage_arena *arena = dmover_arena_get(&road->core.stage.arenas);

	ck_assert_ptr_nonnull(arena);
	dmover_stage_hold(&road->core.stage, arena, batch);
	dmover_arena_put(&road->core.stage.arenas, arena);
}

void
road_enter(struct road *road, enum road_way way, struct dmover_batch *batch)
{
	ck_assert_int_eq(
	    dmover_session_reserve(road->session, batch->bat_nentries), (int)batch->bat_nentries);
	if (way == ROAD_POSTED) {
		post(road, batch);
		return;
	}
	batch->bat_session = road->session;
	batch->bat_account = road->account;
	if (way == ROAD_HELD)
		hold(road, batch);
	else
		ck_assert_int_eq(dmover_stage_walk(&road->core.stage, batch), 0);
	dmover_batch_free(batch);
}

struct reader {
	struct dmover_waiter waiter; /* first */
	pthread_mutex_t lock;
	pthread_cond_t ready;
	bool is_ready; /* (lock) */
};

static void
reader_ready(struct dmover_waiter *waiter)
{
	struct reader *reader = (struct reader *)waiter;

	pthread_mutex_lock(&reader->lock);
	reader->is_ready = true;
	pthread_cond_signal(&reader->ready);
	pthread_mutex_unlock(&reader->lock);
}

static bool
reader_wait(struct reader *reader)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RIG_DEADLINE_S * rig_slowness();
	pthread_mutex_lock(&reader->lock);
	while (!reader->is_ready && err == 0)
		err = pthread_cond_timedwait(&reader->ready, &reader->lock, &until);
	pthread_mutex_unlock(&reader->lock);
	return err == 0;
}

/* Each record to its place; false when an id comes twice, or was not given. */
static bool
sort_records(const uint8_t *records, struct dmover_response *responses, unsigned n)
{
	bool *is_there = calloc(n, sizeof(*is_there)), is_good = is_there != NULL;

	for (unsigned i = 0; i < n && is_good; i++) {
		const uint8_t *record = records + (size_t)i * RESPONSE;
		uint32_t id;
		int error;

		memcpy(&id, record, sizeof(id));
		memcpy(&error, record + 4, sizeof(error));
		is_good = id < n && !is_there[id];
		if (!is_good)
			break;
		is_there[id] = true;
		responses[id] = (struct dmover_response){ .rsp_id = id, .rsp_error = -error };
		memcpy(responses[id].rsp_result, record + 8, DMOVER_IMMEDIATE_LEN);
	}
	free(is_there);
	return is_good;
}

void
road_leave(struct road *road, struct dmover_response *responses, unsigned n)
{
	const size_t len = (size_t)n * RESPONSE;
	struct reader reader = {
		.waiter = {
			.wtr_type = DMOVER_READER,
			.wtr_ready = reader_ready,
			.wtr_buf = malloc(len),
			.wtr_want = len,
		},
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ready = PTHREAD_COND_INITIALIZER,
	};

	ck_assert_ptr_nonnull(reader.waiter.wtr_buf);
	if (dmover_session_park(road->session, &reader.waiter))
		ck_assert_msg(reader_wait(&reader), "no end");
	ck_assert_uint_eq(reader.waiter.wtr_len, len);
	ck_assert(sort_records(reader.waiter.wtr_buf, responses, n));
	free(reader.waiter.wtr_buf);
}

const struct dmover_engine *
road_replace(struct road *road, const char *name, const struct dmover_engine *engine)
{
	struct dmover_dispatch *dispatch = &road->core.dispatch;

	for (unsigned i = 0; i < dispatch->nlanes; i++) {
		const struct dmover_engine *before = dispatch->lanes[i].lane_engine;

		if (strcmp(before->eng_name, name) == 0) {
			dispatch->lanes[i].lane_engine = engine;
			return before;
		}
	}
	ck_abort_msg("%s is not open", name);
	return NULL;
}

uint64_t
road_taken_by(struct road *road, const char *name)
{
	const struct dmover_dispatch *dispatch = &road->core.dispatch;
	uint64_t taken = 0;

	for (unsigned i = 0; i < dispatch->nlanes; i++)
		if (strcmp(dispatch->lanes[i].lane_engine->eng_name, name) == 0)
			taken += atomic_load(&road->core.stats.st_engines[i].requests);
	return taken;
}

uint64_t
road_taken(struct road *road)
{
	uint64_t taken = 0;

	for (unsigned i = 0; i < STATS_ENGINES_MAX; i++)
		taken += atomic_load(&road->core.stats.st_engines[i].requests);
	return taken;
}
