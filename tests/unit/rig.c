/* SPDX-License-Identifier: BSD-2-Clause */
/* rig.c: the middle layer as a test wants it. */
#include "rig.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define RESPONSE 16 /* bytes of a response of the current layout */

static const struct dmover_session_ops session_ops;

void
rig_accounts(struct dmover_accounts *accounts)
{
	const struct dmover_account_limits limits = {
		.sessions = 1000,
		.sessions_per_uid = 1000,
		.bytes = (size_t)1 << 30,
		.bytes_per_uid = (size_t)1 << 30,
	};

	dmover_accounts_init(accounts, &limits);
}

struct dmover_session *
rig_session(struct dmover_account *account, const char *func, unsigned limit)
{
	struct dmover_session *session;

	ck_assert_int_eq(dmover_session_create(&session_ops, account, limit, &session), 0);
	ck_assert_int_eq(dmover_session_setfunc(session, func, false), 0);
	ck_assert_int_eq(dmover_session_begin_write(session, 40), 0);
	dmover_session_end_write(session);
	return session;
}

/* The oracle first, then the engine that is wanted. */
static void
dispatch_start(struct dmover_dispatch *dispatch, const struct rig_options *options)
{
	struct dmover_lane *lane = &dispatch->lanes[1];
	char why[128] = "";

	dispatch->lanes[DISPATCH_CPU].lane_engine = dmover_engines[0];
	dispatch->nlanes = dispatch->nchoosable = 1;
	dispatch->forced = -1;
	dispatch->workers = options->workers;
	dispatch->lanes[DISPATCH_CPU].lane_is_measured = true;
	dmover_cost_init(&dispatch->lanes[DISPATCH_CPU].lane_cost);
	dmover_cost_init(&dispatch->access);
	if (options->engine == NULL)
		return;
	lane->lane_engine = options->engine;
	dmover_cost_init(&lane->lane_cost);
	if (options->engine->eng_open != NULL)
		ck_assert_msg(options->engine->eng_open(
				  options->args, &lane->lane_state, why, sizeof(why)) == 0,
		    "%s", why);
	dispatch->nlanes = 2;
	dispatch->forced = 1;
}

void
rig_start(struct rig *rig, const struct rig_options *options)
{
	memset(rig, 0, sizeof(*rig));
	rig_accounts(&rig->accounts);
	rig->account = dmover_account_get(&rig->accounts, 500);
	ck_assert_ptr_nonnull(rig->account);
	rig->session = rig_session(rig->account, options->func != NULL ? options->func : "copy",
	    options->limit != 0 ? options->limit : 1024);
	rig->dispatch.stats = &rig->stats;
	dispatch_start(&rig->dispatch, options);
	if (options->workers > 0) {
		ck_assert_int_eq(dmover_watch_create(&rig->watch), 0);
		ck_assert_int_eq(
		    dmover_pool_create(rig->watch, options->workers, options->workers, &rig->pool),
		    0);
	}
	dmover_stage_init(&rig->stage, &rig->dispatch, rig->pool, &rig->stats,
	    (options->arenas != 0 ? options->arenas : 4) * STAGE_ARENA);
}

void
rig_stop(struct rig *rig)
{
	holds(dmover_stage_drain(&rig->stage, 30));
	holds(dmover_pool_destroy(rig->pool));
	for (unsigned i = 0; i < rig->dispatch.nlanes; i++)
		same_int(atomic_load(&rig->dispatch.lanes[i].lane_queue), 0);
	same_int(atomic_load(&rig->dispatch.cpu_queue), 0);
	dmover_stage_fini(&rig->stage);
	dmover_lanes_close(&rig->dispatch);
	dmover_watch_destroy(rig->watch);
	if (rig->session != NULL)
		dmover_session_close(rig->session);
	same_size(atomic_load(&rig->account->acc_bytes), 0);
	dmover_account_put(rig->account);
	dmover_accounts_fini(&rig->accounts);
}

struct waiting_reader {
	struct dmover_waiter waiter; /* first */
	sem_t ready;
};

static void
reader_ready(struct dmover_waiter *waiter)
{
	sem_post(&((struct waiting_reader *)waiter)->ready);
}

unsigned
rig_responses(struct dmover_session *session, struct dmover_response *responses, unsigned n)
{
	uint8_t *bytes = malloc((size_t)n * RESPONSE);
	struct waiting_reader reader = {
		.waiter = {
			.wtr_type = DMOVER_READER,
			.wtr_ready = reader_ready,
			.wtr_buf = bytes,
			.wtr_want = (size_t)n * RESPONSE,
		},
	};
	unsigned got;

	sem_init(&reader.ready, 0, 0);
	if (dmover_session_park(session, &reader.waiter))
		unit_take(&reader.ready);
	got = (unsigned)(reader.waiter.wtr_len / RESPONSE);
	for (unsigned i = 0; i < got; i++) {
		int error;

		memcpy(&responses[i].rsp_id, bytes + (size_t)i * RESPONSE, 4);
		memcpy(&error, bytes + (size_t)i * RESPONSE + 4, 4);
		memcpy(responses[i].rsp_result, bytes + (size_t)i * RESPONSE + 8, 8);
		responses[i].rsp_error = -error;
	}
	sem_destroy(&reader.ready);
	free(bytes);
	return got;
}

void
rig_hold(struct rig *rig, struct dmover_batch *batch)
{
	struct stage_arena *arena = dmover_arena_get(&rig->stage.arenas);

	ck_assert_ptr_nonnull(arena);
	ck_assert_int_eq(
	    dmover_session_reserve(rig->session, batch->bat_nentries), (int)batch->bat_nentries);
	batch->bat_session = rig->session;
	batch->bat_account = rig->account;
	dmover_stage_hold(&rig->stage, arena, batch);
	dmover_arena_put(&rig->stage.arenas, arena);
	dmover_batch_free(batch);
}

void
rig_post(struct rig *rig, struct dmover_batch *batch)
{
	ck_assert_int_eq(
	    dmover_session_reserve(rig->session, batch->bat_nentries), (int)batch->bat_nentries);
	batch->bat_session = dmover_session_ref(rig->session);
	batch->bat_account = dmover_account_ref(rig->account);
	batch->bat_space = dmover_space_ref(batch->bat_space);
	batch->bat_charged = dmover_batch_memory(batch);
	ck_assert_int_eq(dmover_account_charge(batch->bat_account, batch->bat_charged), 0);
	dmover_stage_post(&rig->stage, batch);
}
