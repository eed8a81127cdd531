/* SPDX-License-Identifier: BSD-2-Clause */
/* test_held.c: a batch in the calling thread: which requests a fault costs, and which it does not. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "engines/table.h"
#include "fake.h"
#include "rig.h"

#define NPLANS(plans) (sizeof(plans) / sizeof((plans)[0]))

/* Runs the plans in a rig with the faults that FAULTS has planned, and checks all that came of it. */
static void
run_with(struct rig *rig, size_t size, const struct fake_plan *plans, unsigned n,
    void (*faults)(struct fake_caller *caller, size_t arg), size_t arg)
{
	struct dmover_response *responses = calloc(n, sizeof(*responses));
	struct fake_caller caller;
	struct fake_model model;
	struct dmover_batch *batch;

	caller_init(&caller, size);
	batch = caller_build(&caller, plans, n);
	if (faults != NULL)
		faults(&caller, arg);
	model_init(&model, &caller, batch);
	rig_hold(rig, batch);
	model_check_responses(&model, responses, rig_responses(rig->session, responses, n));
	model_check_memory(&model, &caller);
	model_fini(&model);
	caller_fini(&caller);
	free(responses);
}

/* A small batch in which each kind of request has a neighbour of another kind. */
static const struct fake_plan small[] = {
	{ "copy", 5, 2 },
	{ "xor3", 4, 3 },
	{ "iscsi-crc32c", 7, 2 },
	{ "copy", 0, 1 },
	{ "zero", 3, 1 },
	{ "xor2", 3, 1 },
	{ "fill8", 2, 2 },
	{ "iscsi-crc32c", 1, 1 },
	{ "copy", 1, 4 },
};

#define SMALL_SIZE 160 /* bytes: all of them and some more */

START_TEST(every_request_of_a_batch_without_a_fault_is_right)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ 0 });
	run_with(&rig, SMALL_SIZE, small, NPLANS(small), NULL, 0);
	rig_stop(&rig);
}
END_TEST

static void
bad_both_ways(struct fake_caller *caller, size_t at)
{
	fake_add_bad(&caller->fake, caller->memory + at, 1, true, true);
}

static void
bad_to_read(struct fake_caller *caller, size_t at)
{
	fake_add_bad(&caller->fake, caller->memory + at, 1, true, false);
}

static void
bad_to_write(struct fake_caller *caller, size_t at)
{
	fake_add_bad(&caller->fake, caller->memory + at, 1, false, true);
}

START_TEST(a_fault_at_any_byte_costs_its_own_request_only)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ 0 });
	for (size_t at = 0; at < SMALL_SIZE; at++) {
		run_with(&rig, SMALL_SIZE, small, NPLANS(small), bad_both_ways, at);
		run_with(&rig, SMALL_SIZE, small, NPLANS(small), bad_to_read, at);
		run_with(&rig, SMALL_SIZE, small, NPLANS(small), bad_to_write, at);
	}
	rig_stop(&rig);
}
END_TEST

static void
bad_twice(struct fake_caller *caller, size_t arg)
{
	bad_both_ways(caller, arg / SMALL_SIZE);
	bad_both_ways(caller, arg % SMALL_SIZE);
}

START_TEST(two_faults_at_any_bytes_cost_their_own_requests_only)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ 0 });
	for (size_t one = 0; one < SMALL_SIZE; one += 3)
		for (size_t other = one; other < SMALL_SIZE; other += 2)
			run_with(&rig, SMALL_SIZE, small, NPLANS(small), bad_twice,
			    one * SMALL_SIZE + other);
	rig_stop(&rig);
}
END_TEST

static void
bad_from_on(struct fake_caller *caller, size_t at)
{
	fake_add_bad(&caller->fake, caller->memory + at, caller->size - at, true, true);
}

START_TEST(memory_that_ends_at_any_byte_costs_all_behind_it)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ 0 });
	for (size_t at = 0; at < SMALL_SIZE; at++)
		run_with(&rig, SMALL_SIZE, small, NPLANS(small), bad_from_on, at);
	rig_stop(&rig);
}
END_TEST

START_TEST(requests_of_more_than_1024_pieces_take_more_accesses)
{
	static const struct fake_plan wide[] = {
		{ "copy", 700, 700 },
		{ "xor4", 1500, 1024 },
		{ "copy", 300, 299 },
		{ "xor2", 5000, 1000 },
		{ "zero", 1024, 1024 },
		{ "iscsi-crc32c", 3000, 1023 },
	};
	const size_t size = 64 << 10;
	uint32_t seed = 7;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ 0 });
	run_with(&rig, size, wide, NPLANS(wide), NULL, 0);
	for (int i = 0; i < 60; i++) {
		run_with(&rig, size, wide, NPLANS(wide), bad_both_ways,
		    unit_random(&seed, (unsigned)size));
		run_with(&rig, size, wide, NPLANS(wide), bad_from_on,
		    unit_random(&seed, (unsigned)size));
	}
	rig_stop(&rig);
}
END_TEST

/* Many small requests, of which the arena takes a part at a time. */
static void
run_many(struct rig *rig, const char *func, size_t len, unsigned n, unsigned rounds)
{
	struct fake_plan *plans = calloc(n, sizeof(*plans));
	const size_t size = (size_t)n * 17 * (len + 8);
	uint32_t seed = n;

	for (unsigned i = 0; i < n; i++)
		plans[i] = (struct fake_plan){ func, len + i % 3, 1 + i % 2 };
	run_with(rig, size, plans, n, NULL, 0);
	for (unsigned i = 0; i < rounds; i++)
		run_with(rig, size, plans, n, bad_both_ways, unit_random(&seed, (unsigned)size));
	free(plans);
}

START_TEST(more_requests_than_an_arena_takes_are_done_in_slices)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ 0 });
	run_many(&rig, "xor16", 1, 1024, 5);
	run_many(&rig, "copy", 200, 1024, 5);
	run_many(&rig, "zero", 250, 1024, 5);
	run_many(&rig, "iscsi-crc32c", 0, 900, 5);
	rig_stop(&rig);
}
END_TEST

START_TEST(the_largest_held_batches_fit_into_an_arena)
{
	const struct fake_plan copy[] = { { "copy", DMOVER_HOLD_MAX, 3 } };
	const struct fake_plan xor [] = { { "xor16", DMOVER_HOLD_MAX / 16, 5 } };
	const struct fake_plan zero[] = { { "zero", DMOVER_HOLD_MAX, 1 } };
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ 0 });
	run_with(&rig, 1 << 20, copy, 1, NULL, 0);
	run_with(&rig, 1 << 20, xor, 1, NULL, 0);
	run_with(&rig, 1 << 20, zero, 1, bad_to_write, 5000);
	rig_stop(&rig);
}
END_TEST

START_TEST(one_access_each_way_serves_a_whole_batch)
{
	struct dmover_response responses[8];
	struct fake_plan plans[8];
	struct fake_caller caller;
	struct rig rig;

	for (unsigned i = 0; i < 8; i++)
		plans[i] = (struct fake_plan){ "copy", 100, 2 };
	rig_start(&rig, &(struct rig_options){ 0 });
	caller_init(&caller, 4096);
	rig_hold(&rig, caller_build(&caller, plans, 8));
	same_size(atomic_load(&caller.fake.naccesses), 2);
	same_size(rig_responses(rig.session, responses, 8), 8);
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

/* All requests of a batch whose space gives ERROR after so many accesses: their answer. */
static void
run_refused(int error, unsigned after, int expected, unsigned nexpected)
{
	struct dmover_response responses[3];
	const struct fake_plan plans[] = { { "copy", 9, 1 }, { "copy", 5, 2 }, { "copy", 8, 1 } };
	struct fake_caller caller;
	unsigned nfailed = 0;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ 0 });
	caller_init(&caller, 256);
	caller.fake.error = error;
	caller.fake.error_after = after;
	rig_hold(&rig, caller_build(&caller, plans, 3));
	same_size(rig_responses(rig.session, responses, 3), 3);
	for (unsigned i = 0; i < 3; i++) {
		if (responses[i].rsp_error == 0)
			continue;
		same_int(responses[i].rsp_error, expected);
		nfailed++;
	}
	same_size(nfailed, nexpected);
	same_size(atomic_load(&rig.stats.st_failed), nexpected);
	same_size(atomic_load(&rig.stats.st_dropped), error == -ESRCH ? nexpected : 0);
	caller_fini(&caller);
	rig_stop(&rig);
}

START_TEST(memory_that_is_gone_is_a_bad_address_and_counted_as_dropped)
{
	run_refused(-ESRCH, 0, -EFAULT, 3);
	run_refused(-ESRCH, 1, -EFAULT, 3);
	run_refused(-ESRCH, 2, -EFAULT, 0);
}
END_TEST

START_TEST(memory_that_may_not_be_touched_is_answered_so)
{
	run_refused(-EPERM, 0, -EPERM, 3);
	run_refused(-EPERM, 1, -EPERM, 3);
}
END_TEST

/* The small batch and one fault, with the fault engine and ARGS. */
static void
run_engine(const char *args)
{
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .engine = &fault_engine, .args = args });
	for (size_t at = 0; at < SMALL_SIZE; at += 13)
		run_with(&rig, SMALL_SIZE, small, NPLANS(small), bad_both_ways, at);
	run_many(&rig, "xor3", 60, 100, 1);
	rig_stop(&rig);
}

START_TEST(an_engine_that_takes_its_time_is_waited_for)
{
	run_engine("delay=100us");
}
END_TEST

START_TEST(an_engine_that_ends_requests_in_another_order_gives_the_same_answers)
{
	run_engine("reorder");
	run_engine("reorder,every=2,delay=50us");
}
END_TEST

START_TEST(a_request_that_an_engine_fails_is_done_again)
{
	run_engine("error=EIO");
	run_engine("error=EIO,every=3,delay=50us");
}
END_TEST

START_TEST(a_request_that_an_engine_will_not_take_is_done_elsewhere)
{
	run_engine("again");
	run_engine("refuse,every=2");
}
END_TEST

START_TEST(an_error_that_is_an_answer_is_not_done_again)
{
	struct dmover_response responses[2];
	const struct fake_plan plans[] = { { "copy", 9, 1 }, { "copy", 5, 2 } };
	struct fake_caller caller;
	struct rig rig;

	rig_start(&rig,
	    &(struct rig_options){ .engine = &fault_engine, .args = "error=ENOMEM,final,every=2" });
	caller_init(&caller, 256);
	rig_hold(&rig, caller_build(&caller, plans, 2));
	same_size(rig_responses(rig.session, responses, 2), 2);
	same_int(responses[0].rsp_error, 0);
	same_int(responses[1].rsp_error, -ENOMEM);
	same_size(atomic_load(&rig.stats.st_redone), 0);
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

START_TEST(an_engine_that_spoils_bytes_is_noticed_by_the_model)
{
	struct dmover_response responses[1];
	const struct fake_plan plans[] = { { "copy", 64, 1 } };
	struct fake_caller caller;
	struct fake_model model;
	struct dmover_batch *batch;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .engine = &fault_engine, .args = "corrupt" });
	caller_init(&caller, 256);
	batch = caller_build(&caller, plans, 1);
	model_init(&model, &caller, batch);
	rig_hold(&rig, batch);
	same_size(rig_responses(rig.session, responses, 1), 1);
	holds(memcmp(model.memory, caller.memory, caller.size) != 0);
	model_fini(&model);
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

START_TEST(an_engine_that_moves_bytes_itself_gets_no_access_from_us)
{
	struct dmover_response responses[2];
	const struct fake_plan plans[] = { { "copy", 64, 1 }, { "copy", 8, 1 } };
	struct fake_caller caller;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .engine = &null_engine });
	caller_init(&caller, 512);
	rig_hold(&rig, caller_build(&caller, plans, 2));
	same_size(rig_responses(rig.session, responses, 2), 2);
	same_int(responses[0].rsp_error, 0);
	same_size(atomic_load(&caller.fake.naccesses), 0);
	same_size(atomic_load(&rig.stats.st_engines[1].bytes), 72);
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

/* The small batch with the fake engine for uios, which answers so, and whose requests end so. */
static void
run_uio(int answer, int error)
{
	struct rig rig;

	fake_engine_reset();
	fake_uio.answer = answer;
	fake_uio.error = error;
	rig_start(&rig, &(struct rig_options){ .engine = &fake_uio_engine });
	run_with(&rig, SMALL_SIZE, small, NPLANS(small), NULL, 0);
	/* It was asked once for each request that has bytes, and with what it takes. */
	same_size(atomic_load(&fake_uio.nsubmits), NPLANS(small) - 1);
	same_size(atomic_load(&fake_uio.nwrong), 0);
	rig_stop(&rig);
}

START_TEST(what_an_engine_for_uios_refuses_or_fails_is_staged_for_another_one)
{
	run_uio(-EOPNOTSUPP, 0);
	run_uio(-EAGAIN, 0);
	run_uio(0, -EIO);
}
END_TEST

START_TEST(memory_that_goes_away_before_a_request_is_done_again_is_a_bad_address)
{
	struct dmover_response responses[2];
	const struct fake_plan plans[] = { { "copy", 9, 1 }, { "xor2", 5, 2 } };
	struct fake_caller caller;
	struct rig rig;

	rig_start(&rig, &(struct rig_options){ .engine = &fault_engine, .args = "error=EIO" });
	caller_init(&caller, 256);
	caller.fake.error = -ESRCH;
	caller.fake.error_after = 1; /* the engine gets its inputs once */
	rig_hold(&rig, caller_build(&caller, plans, 2));
	same_size(rig_responses(rig.session, responses, 2), 2);
	same_int(responses[0].rsp_error, -EFAULT);
	same_int(responses[1].rsp_error, -EFAULT);
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

TCase *
unit_held(void)
{
	TCase *tc = unit_case("held");

	tcase_add_test(tc, every_request_of_a_batch_without_a_fault_is_right);
	tcase_add_test(tc, a_fault_at_any_byte_costs_its_own_request_only);
	tcase_add_test(tc, two_faults_at_any_bytes_cost_their_own_requests_only);
	tcase_add_test(tc, memory_that_ends_at_any_byte_costs_all_behind_it);
	tcase_add_test(tc, requests_of_more_than_1024_pieces_take_more_accesses);
	tcase_add_test(tc, more_requests_than_an_arena_takes_are_done_in_slices);
	tcase_add_test(tc, the_largest_held_batches_fit_into_an_arena);
	tcase_add_test(tc, one_access_each_way_serves_a_whole_batch);
	tcase_add_test(tc, memory_that_is_gone_is_a_bad_address_and_counted_as_dropped);
	tcase_add_test(tc, memory_that_may_not_be_touched_is_answered_so);
	tcase_add_test(tc, an_engine_that_takes_its_time_is_waited_for);
	tcase_add_test(tc, an_engine_that_ends_requests_in_another_order_gives_the_same_answers);
	tcase_add_test(tc, a_request_that_an_engine_fails_is_done_again);
	tcase_add_test(tc, a_request_that_an_engine_will_not_take_is_done_elsewhere);
	tcase_add_test(tc, an_error_that_is_an_answer_is_not_done_again);
	tcase_add_test(tc, an_engine_that_spoils_bytes_is_noticed_by_the_model);
	tcase_add_test(tc, an_engine_that_moves_bytes_itself_gets_no_access_from_us);
	tcase_add_test(tc, what_an_engine_for_uios_refuses_or_fails_is_staged_for_another_one);
	tcase_add_test(tc, memory_that_goes_away_before_a_request_is_done_again_is_a_bad_address);
	return tc;
}
