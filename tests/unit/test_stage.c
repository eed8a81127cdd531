/* SPDX-License-Identifier: BSD-2-Clause */
/* test_stage.c: requests in chunks on the workers; faults, slow engines, little memory, a close. */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "engines/table.h"
#include "fake.h"
#include "rig.h"

#define NPLANS(plans) (sizeof(plans) / sizeof((plans)[0]))
#define KIB           ((size_t)1 << 10)

/* Posts the plans with byte BAD of the caller's memory not accessible (SIZE_MAX: all are). */
static void
post_with(struct rig *rig, size_t size, const struct fake_plan *plans, unsigned n, size_t bad)
{
	struct dmover_response *responses = calloc(n, sizeof(*responses));
	struct dmover_batch *batch;
	struct fake_caller caller;
	struct fake_model model;

	caller_init(&caller, size);
	batch = caller_build(&caller, plans, n);
	if (bad != SIZE_MAX)
		fake_add_bad(&caller.fake, caller.memory + bad, 1, true, true);
	model_init(&model, &caller, batch);
	rig_post(rig, batch);
	model_check_responses(&model, responses, rig_responses(rig->session, responses, n));
	holds(dmover_stage_drain(&rig->stage, 30));
	model_check_memory(&model, &caller);
	dmover_space_unref(&caller.fake.space);
	holds(atomic_load(&caller.fake.is_destroyed));
	model_fini(&model);
	caller_fini(&caller);
	free(responses);
}

/* More than one chunk, more than one runner, of each kind; and small ones, and an empty one. */
static const struct fake_plan mixed[] = {
	{ "copy", 1500 * KIB, 3 },
	{ "zero", 2200 * KIB, 700 },
	{ "fill8", 300 * KIB, 2 },
	{ "xor5", 700 * KIB + 3, 7 },
	{ "iscsi-crc32c", 2100 * KIB + 1, 1024 },
	{ "copy", 0, 1 },
	{ "iscsi-crc32c", 0, 1 },
	{ "copy", 1, 1 },
};

#define MIXED_SIZE (14000 * KIB)

START_TEST(every_posted_request_is_right)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .workers = 3 });
	post_with(&rig, MIXED_SIZE, mixed, NPLANS(mixed), SIZE_MAX);
	same_size(atomic_load(&rig.stats.st_failed), 0);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_fault_costs_its_own_request_only)
{
	struct rig rig;
	uint32_t seed = 11;

	rig_start(&rig, &(struct rig_options){ .workers = 3 });
	for (int i = 0; i < 12; i++)
		post_with(&rig, MIXED_SIZE, mixed, NPLANS(mixed), unit_random(&seed, MIXED_SIZE));
	rig_stop(&rig);
}
END_TEST

START_TEST(one_arena_serves_all_runners_in_turn)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .workers = 4, .arenas = 1 });
	post_with(&rig, MIXED_SIZE, mixed, NPLANS(mixed), SIZE_MAX);
	same_size(rig.stage.arenas.n, 1);
	rig_stop(&rig);
}
END_TEST

START_TEST(many_runners_without_an_arena_go_on_one_by_one)
{
	struct fake_plan plans[200];
	struct rig rig;

	for (unsigned i = 0; i < NPLANS(plans); i++)
		plans[i] = (struct fake_plan){ i % 2 ? "copy" : "xor2", 300, 2 };
	rig_start(&rig, &(struct rig_options){ .workers = 8, .arenas = 1 });
	for (int i = 0; i < 30; i++)
		post_with(&rig, 300 * KIB, plans, NPLANS(plans), SIZE_MAX);
	rig_stop(&rig);
}
END_TEST

/* The mixed batch with the fault engine and ARGS. */
static void
post_engine(const char *args)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){
			    .engine = &fault_engine, .args = args, .workers = 2, .arenas = 2 });
	post_with(&rig, MIXED_SIZE, mixed, NPLANS(mixed), SIZE_MAX);
	rig_stop(&rig);
}

START_TEST(an_engine_that_takes_its_time_brings_the_chunk_back_later)
{
	post_engine("delay=1ms");
}
END_TEST

START_TEST(an_engine_that_ends_chunks_in_another_order_gives_the_same_answers)
{
	post_engine("reorder");
}
END_TEST

START_TEST(a_chunk_that_an_engine_fails_is_done_again)
{
	post_engine("error=EIO");
	post_engine("error=EIO,delay=300us,every=2");
}
END_TEST

START_TEST(a_chunk_that_an_engine_will_not_take_is_done_elsewhere)
{
	post_engine("refuse");
	post_engine("again,every=2");
}
END_TEST

START_TEST(an_error_that_is_an_answer_ends_the_request)
{
	const struct fake_plan plans[] = { { "copy", 3000 * KIB, 1 } };
	struct dmover_response response;
	struct fake_caller caller;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){
			    .engine = &fault_engine, .args = "error=ENOMEM,final", .workers = 2 });
	caller_init(&caller, 7000 * KIB);
	rig_post(&rig, caller_build(&caller, plans, 1));
	same_size(rig_responses(rig.session, &response, 1), 1);
	same_int(response.rsp_error, -ENOMEM);
	same_size(atomic_load(&rig.stats.st_redone), 0);
	holds(dmover_stage_drain(&rig.stage, 30));
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

START_TEST(an_engine_may_spoil_its_inputs_before_it_fails)
{
	/* It works in place: the failed copy of each chunk is already the output. */
	const struct fake_plan plans[] = { { "xor3", 900 * KIB, 2 } };
	struct rig rig;

	rig_start(&rig, &(struct rig_options){
			    .engine = &fault_engine, .args = "error=EIO,every=2", .workers = 2 });
	post_with(&rig, 5000 * KIB, plans, 1, SIZE_MAX);
	holds(atomic_load(&rig.stats.st_redone) > 0);
	rig_stop(&rig);
}
END_TEST

START_TEST(memory_that_goes_away_is_a_bad_address_and_counted_as_dropped)
{
	const struct fake_plan plans[] = { { "copy", 3000 * KIB, 1 }, { "zero", 1, 1 } };
	struct dmover_response responses[2];
	struct fake_caller caller;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .workers = 1 });
	caller_init(&caller, 7000 * KIB);
	caller.fake.error = -ESRCH;
	caller.fake.error_after = 2;
	rig_post(&rig, caller_build(&caller, plans, 2));
	same_size(rig_responses(rig.session, responses, 2), 2);
	same_int(responses[0].rsp_error + responses[1].rsp_error, -2 * EFAULT);
	same_size(atomic_load(&rig.stats.st_dropped), 2);
	same_size(atomic_load(&rig.stats.st_failed), 2);
	holds(dmover_stage_drain(&rig.stage, 30));
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

START_TEST(memory_that_goes_away_before_a_chunk_is_done_again_is_a_bad_address)
{
	const struct fake_plan plans[] = { { "copy", 300 * KIB, 1 } };
	struct dmover_response response;
	struct fake_caller caller;
	struct rig rig;

	rig_start(
	    &rig, &(struct rig_options){
		      .engine = &fault_engine, .args = "error=EIO,delay=100us", .workers = 1 });
	caller_init(&caller, 1000 * KIB);
	caller.fake.error = -ESRCH;
	caller.fake.error_after = 1; /* the engine gets its input once */
	rig_post(&rig, caller_build(&caller, plans, 1));
	same_size(rig_responses(rig.session, &response, 1), 1);
	same_int(response.rsp_error, -EFAULT);
	holds(dmover_stage_drain(&rig.stage, 30));
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_close_ends_what_is_under_way_and_what_is_queued)
{
	const struct fake_plan plans[] = { { "copy", 5000 * KIB, 1 }, { "copy", 600 * KIB, 1 } };
	struct fake_caller caller;
	struct fake_model before;
	sem_t entered, go;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .workers = 1 });
	sem_init(&entered, 0, 0);
	sem_init(&go, 0, 0);
	caller_init(&caller, 12000 * KIB);
	caller.fake.entered = &entered;
	caller.fake.go = &go;
	rig_post(&rig, caller_build(&caller, plans, 2));
	unit_take(&entered); /* the first chunk is being read */
	dmover_session_close(rig.session);
	rig.session = NULL;
	holds(!dmover_stage_drain(&rig.stage, 0));
	before = (struct fake_model){ .memory = malloc(caller.size) };
	memcpy(before.memory, caller.memory, caller.size);
	sem_post(&go);
	unit_take(&entered); /* that chunk is written, as it was begun */
	sem_post(&go);
	holds(dmover_stage_drain(&rig.stage, 30));
	same_size(atomic_load(&caller.fake.naccesses), 2);
	same_size(atomic_load(&rig.stats.st_dropped), 2);
	same_bytes(before.memory, caller.memory, 5000 * KIB);
	free(before.memory);
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

START_TEST(walking_does_the_same_in_the_calling_thread)
{
	struct dmover_response responses[NPLANS(mixed)];
	struct dmover_batch *batch;
	struct fake_caller caller;
	struct fake_model model;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){
			    .engine = &fault_engine, .args = "delay=100us,error=EIO,every=3" });
	caller_init(&caller, MIXED_SIZE);
	batch = caller_build(&caller, mixed, NPLANS(mixed));
	fake_add_bad(&caller.fake, caller.memory + MIXED_SIZE / 3, 1, true, true);
	model_init(&model, &caller, batch);
	same_int(dmover_session_reserve(rig.session, NPLANS(mixed)), NPLANS(mixed));
	batch->bat_session = rig.session;
	batch->bat_account = rig.account;
	same_int(dmover_stage_walk(&rig.stage, batch), 0);
	model_check_responses(
	    &model, responses, rig_responses(rig.session, responses, NPLANS(mixed)));
	model_check_memory(&model, &caller);
	dmover_batch_free(batch);
	model_fini(&model);
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

START_TEST(walking_needs_an_arena)
{
	struct stage_arena *arenas[4];
	struct dmover_batch *batch = dmover_batch_create();
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ 0 });
	for (int i = 0; i < 4; i++) {
		arenas[i] = dmover_arena_get(&rig.stage.arenas);
		holds(arenas[i] != NULL);
	}
	holds(dmover_arena_get(&rig.stage.arenas) == NULL);
	same_int(dmover_stage_walk(&rig.stage, batch), -ENOBUFS);
	for (int i = 0; i < 4; i++)
		dmover_arena_put(&rig.stage.arenas, arenas[i]);
	/* The one that was used last is the warm one. */
	holds(dmover_arena_get(&rig.stage.arenas) == arenas[3]);
	dmover_arena_put(&rig.stage.arenas, arenas[3]);
	dmover_batch_free(batch);
	rig_stop(&rig);
}
END_TEST

START_TEST(without_any_arena_posted_requests_fail)
{
	const struct fake_plan plans[] = { { "copy", 600 * KIB, 1 } };
	struct dmover_response response;
	struct fake_caller caller;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .workers = 1 });
	rig.stage.arenas.max = 0;
	caller_init(&caller, 2000 * KIB);
	rig_post(&rig, caller_build(&caller, plans, 1));
	same_size(rig_responses(rig.session, &response, 1), 1);
	same_int(response.rsp_error, -ENOMEM);
	holds(dmover_stage_drain(&rig.stage, 30));
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

START_TEST(an_engine_that_moves_bytes_itself_has_the_request_until_it_is_done)
{
	const struct fake_plan plans[] = { { "copy", 600 * KIB, 1 }, { "copy", 5, 2 } };
	struct dmover_response responses[2];
	struct fake_caller caller;
	unsigned released = 0;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .engine = &fake_uio_engine, .workers = 1 });
	fake_uio.keeps = true;
	caller_init(&caller, 2000 * KIB);
	rig_post(&rig, caller_build(&caller, plans, 2));
	/* In chunks, some of them at once, and none is answered before the engine has let it go. */
	while (!dmover_stage_drain(&rig.stage, 0)) {
		released += fake_engine_release(&fake_uio);
		sched_yield();
	}
	holds(released >= 2);
	same_size(atomic_load(&fake_uio.nsubmits), released);
	same_size(rig_responses(rig.session, responses, 2), 2);
	same_int(responses[0].rsp_error, 0);
	same_size(atomic_load(&fake_uio.nwrong), 0);
	same_size(atomic_load(&caller.fake.naccesses), 0);
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

/* The mixed batch, posted, with the fake engine for uios answering so. */
static void
post_uio(int answer, int error)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .engine = &fake_uio_engine, .workers = 2 });
	fake_uio.answer = answer;
	fake_uio.error = error;
	post_with(&rig, MIXED_SIZE, mixed, NPLANS(mixed), SIZE_MAX);
	/* It was asked at least once for each request that has bytes, and with what it takes. */
	same_size(atomic_load(&fake_uio.nwrong), 0);
	holds(atomic_load(&fake_uio.nsubmits) >= 6);
	rig_stop(&rig);
}

START_TEST(what_an_engine_for_uios_refuses_is_staged_for_another_one)
{
	post_uio(-EOPNOTSUPP, 0);
}
END_TEST

START_TEST(what_an_engine_for_uios_fails_is_staged_for_another_one)
{
	post_uio(0, -EIO);
}
END_TEST

/* Both lanes take a nanosecond for a byte, and do not share the processors. */
static void
let_two_lanes_help_each_other(struct dmover_dispatch *dispatch)
{
	dispatch->forced = -1;
	dispatch->nchoosable = 2;
	for (unsigned lane = 0; lane < 2; lane++) {
		dispatch->lanes[lane].lane_is_measured = true;
		for (int kind = 0; kind < DMOVER_NKINDS; kind++)
			for (unsigned size = 0; size < COST_SIZES; size++)
				dispatch->lanes[lane].lane_cost.lines[kind][size] =
				    (struct dmover_line){ 0, 1 };
	}
}

/* The second engine works by itself: it is done a little later, from a thread of its own. */
static void
post_two_lanes(bool is_cycling)
{
	struct rig rig;

	rig_start(&rig,
	    &(struct rig_options){ .engine = &fault_engine, .args = "delay=1us", .workers = 2 });
	let_two_lanes_help_each_other(&rig.dispatch);
	rig.dispatch.is_cycling = is_cycling;
	for (int i = 0; i < 3; i++)
		post_with(&rig, MIXED_SIZE, mixed, NPLANS(mixed), SIZE_MAX);
	for (unsigned lane = 0; lane < 2; lane++)
		holds(atomic_load(&rig.stats.st_engines[lane].requests) > 3);
	rig_stop(&rig);
}

START_TEST(a_length_beyond_reason_does_not_spoil_the_queue)
{
	struct iovec nowhere = { NULL, SIZE_MAX / 4 };
	const struct fake_plan plans[] = { { "zero", 4096, 1 } };
	struct dmover_response response;
	struct dmover_batch *batch;
	struct fake_caller caller;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .workers = 1 });
	dmover_cost_set(&rig.dispatch.lanes[0].lane_cost, DMOVER_KIND_ZERO,
	    (const double[COST_SIZES]){ 1e3, 1e4, 1e5, 1e7 });
	caller_init(&caller, 2000 * KIB);
	fake_add_bad(&caller.fake, NULL, SIZE_MAX / 4, true, true);
	batch = caller_build(&caller, plans, 1);
	batch->bat_entries[0].ent_req.dreq_len = nowhere.iov_len;
	batch->bat_entries[0].ent_req.dreq_out.buf_uio.uio_iov = &nowhere;
	batch->bat_entries[0].ent_req.dreq_out.buf_uio.uio_resid = nowhere.iov_len;
	rig_post(&rig, batch);
	same_size(rig_responses(rig.session, &response, 1), 1);
	same_int(response.rsp_error, -EFAULT);
	holds(dmover_stage_drain(&rig.stage, 30));
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

START_TEST(every_final_error_arrives)
{
	static const int errors[] = { EIO, ENODATA, EAGAIN, EBUSY, 1, 2 };
	const struct fake_plan plans[] = { { "copy", 600 * KIB, 1 }, { "fill8", 70 * KIB, 2 } };
	struct dmover_response responses[2];
	struct fake_caller caller;
	struct rig rig;
	char args[32];

	for (unsigned i = 0; i < NPLANS(errors); i++) {
		snprintf(args, sizeof(args), "error=%d,final", errors[i]);
		rig_start(&rig,
		    &(struct rig_options){ .engine = &fault_engine, .args = args, .workers = 2 });
		caller_init(&caller, 2000 * KIB);
		rig_post(&rig, caller_build(&caller, plans, 2));
		same_size(rig_responses(rig.session, responses, 2), 2);
		same_int(responses[0].rsp_error, -errors[i]);
		same_int(responses[1].rsp_error, -errors[i]);
		holds(dmover_stage_drain(&rig.stage, 30));
		caller_fini(&caller);
		rig_stop(&rig);
	}
}
END_TEST

START_TEST(two_engines_share_large_requests)
{
	post_two_lanes(false);
}
END_TEST

START_TEST(a_cycle_changes_the_engine_from_chunk_to_chunk)
{
	post_two_lanes(true);
}
END_TEST

START_TEST(each_split_of_a_sum_gives_the_same)
{
	static struct fake_plan plans[40];
	struct rig rig;

	for (unsigned i = 0; i < NPLANS(plans); i++)
		plans[i] = (struct fake_plan){ "iscsi-crc32c", 128 * KIB - 20 + i * 4099, i + 1 };
	rig_start(&rig, &(struct rig_options){ .workers = 4 });
	post_with(&rig, 9000 * KIB, plans, NPLANS(plans), SIZE_MAX);
	rig_stop(&rig);
}
END_TEST

TCase *
unit_stage(void)
{
	TCase *tc = unit_case("stage");

	tcase_add_checked_fixture(tc, fake_engine_reset, NULL);
	tcase_add_test(tc, every_posted_request_is_right);
	tcase_add_test(tc, a_fault_costs_its_own_request_only);
	tcase_add_test(tc, one_arena_serves_all_runners_in_turn);
	tcase_add_test(tc, many_runners_without_an_arena_go_on_one_by_one);
	tcase_add_test(tc, an_engine_that_takes_its_time_brings_the_chunk_back_later);
	tcase_add_test(tc, an_engine_that_ends_chunks_in_another_order_gives_the_same_answers);
	tcase_add_test(tc, a_chunk_that_an_engine_fails_is_done_again);
	tcase_add_test(tc, a_chunk_that_an_engine_will_not_take_is_done_elsewhere);
	tcase_add_test(tc, an_error_that_is_an_answer_ends_the_request);
	tcase_add_test(tc, an_engine_may_spoil_its_inputs_before_it_fails);
	tcase_add_test(tc, memory_that_goes_away_is_a_bad_address_and_counted_as_dropped);
	tcase_add_test(tc, memory_that_goes_away_before_a_chunk_is_done_again_is_a_bad_address);
	tcase_add_test(tc, a_close_ends_what_is_under_way_and_what_is_queued);
	tcase_add_test(tc, walking_does_the_same_in_the_calling_thread);
	tcase_add_test(tc, walking_needs_an_arena);
	tcase_add_test(tc, without_any_arena_posted_requests_fail);
	tcase_add_test(tc, an_engine_that_moves_bytes_itself_has_the_request_until_it_is_done);
	tcase_add_test(tc, what_an_engine_for_uios_refuses_is_staged_for_another_one);
	tcase_add_test(tc, what_an_engine_for_uios_fails_is_staged_for_another_one);
	tcase_add_test(tc, a_length_beyond_reason_does_not_spoil_the_queue);
	tcase_add_test(tc, every_final_error_arrives);
	tcase_add_test(tc, two_engines_share_large_requests);
	tcase_add_test(tc, a_cycle_changes_the_engine_from_chunk_to_chunk);
	tcase_add_test(tc, each_split_of_a_sum_gives_the_same);
	return tc;
}
