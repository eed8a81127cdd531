/* SPDX-License-Identifier: BSD-2-Clause */
/* test_stage.c: posted requests, and walked ones; faults, slow engines, little memory, a close. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "engines/table.h"
#include "posting.h"

START_TEST(every_posted_request_is_right)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .workers = 3 });
	posting_run(&rig, POSTING_SIZE, posting_mixed, POSTING_NMIXED, SIZE_MAX);
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
		posting_run(&rig, POSTING_SIZE, posting_mixed, POSTING_NMIXED,
		    unit_random(&seed, POSTING_SIZE));
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
	posting_run(&rig, POSTING_SIZE, posting_mixed, POSTING_NMIXED, SIZE_MAX);
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
	posting_run(&rig, 5000 * KIB, plans, 1, SIZE_MAX);
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
	struct dmover_response responses[POSTING_NMIXED];
	struct dmover_batch *batch;
	struct fake_caller caller;
	struct fake_model model;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){
			    .engine = &fault_engine, .args = "delay=100us,error=EIO,every=3" });
	caller_init(&caller, POSTING_SIZE);
	batch = caller_build(&caller, posting_mixed, POSTING_NMIXED);
	fake_add_bad(&caller.fake, caller.memory + POSTING_SIZE / 3, 1, true, true);
	model_init(&model, &caller, batch);
	same_int(dmover_session_reserve(rig.session, POSTING_NMIXED), POSTING_NMIXED);
	batch->bat_session = rig.session;
	batch->bat_account = rig.account;
	same_int(dmover_stage_walk(&rig.stage, batch), 0);
	model_check_responses(
	    &model, responses, rig_responses(rig.session, responses, POSTING_NMIXED));
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

TCase *
unit_stage(void)
{
	TCase *tc = unit_case("stage");

	tcase_add_checked_fixture(tc, fake_engine_reset, NULL);
	tcase_add_test(tc, every_posted_request_is_right);
	tcase_add_test(tc, a_fault_costs_its_own_request_only);
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
	return tc;
}
