/* SPDX-License-Identifier: BSD-2-Clause */
/* test_run.c: runners: in turn, of several engines, with engines that move bytes themselves. */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "engine.h"
#include "engines/table.h"
#include "posting.h"

START_TEST(one_arena_serves_all_runners_in_turn)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .workers = 4, .arenas = 1 });
	posting_run(&rig, POSTING_SIZE, posting_mixed, POSTING_NMIXED, SIZE_MAX);
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
		posting_run(&rig, 300 * KIB, plans, NPLANS(plans), SIZE_MAX);
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
	posting_run(&rig, POSTING_SIZE, posting_mixed, POSTING_NMIXED, SIZE_MAX);
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
		posting_run(&rig, POSTING_SIZE, posting_mixed, POSTING_NMIXED, SIZE_MAX);
	for (unsigned lane = 0; lane < 2; lane++)
		holds(atomic_load(&rig.stats.st_engines[lane].requests) > 3);
	rig_stop(&rig);
}

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

START_TEST(each_split_of_a_sum_gives_the_same)
{
	static struct fake_plan plans[40];
	struct rig rig;

	for (unsigned i = 0; i < NPLANS(plans); i++)
		plans[i] = (struct fake_plan){ "iscsi-crc32c", 128 * KIB - 20 + i * 4099, i + 1 };
	rig_start(&rig, &(struct rig_options){ .workers = 4 });
	posting_run(&rig, 9000 * KIB, plans, NPLANS(plans), SIZE_MAX);
	rig_stop(&rig);
}
END_TEST

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

TCase *
unit_run(void)
{
	TCase *tc = unit_case("run");

	tcase_add_checked_fixture(tc, fake_engine_reset, NULL);
	tcase_add_test(tc, one_arena_serves_all_runners_in_turn);
	tcase_add_test(tc, many_runners_without_an_arena_go_on_one_by_one);
	tcase_add_test(tc, an_engine_that_moves_bytes_itself_has_the_request_until_it_is_done);
	tcase_add_test(tc, what_an_engine_for_uios_refuses_is_staged_for_another_one);
	tcase_add_test(tc, what_an_engine_for_uios_fails_is_staged_for_another_one);
	tcase_add_test(tc, two_engines_share_large_requests);
	tcase_add_test(tc, a_cycle_changes_the_engine_from_chunk_to_chunk);
	tcase_add_test(tc, every_final_error_arrives);
	tcase_add_test(tc, each_split_of_a_sum_gives_the_same);
	tcase_add_test(tc, a_length_beyond_reason_does_not_spoil_the_queue);
	return tc;
}
