/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * through.c: whatever --engine says, batches that go through the middle layer give what the oracle
 * gives: held, posted and walked, at every length, however their buffers are cut.
 *
 * The loop goes over the engines of the table, "auto" and "cycle".
 */
#include "roster.h"
#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB      ((size_t)1 << 10)
#define MIB      ((size_t)1 << 20)
#define MEMORY   (12 * MIB)
#define SHORT    1025u
#define OVERLAPS (256 * KIB) /* dmoverio(4): the longest copy that may overlap */

static struct plan
make_plan(const struct dmover_function *func, size_t len, unsigned pieces)
{
	return (struct plan){
		.func = func,
		.len = len,
		.in_pieces = pieces,
		.out_pieces = 1 + (pieces + 1) % 4,
		.skew = (unsigned)len * 5 % 64,
		.seed = (uint32_t)len,
		.immediate = { (uint8_t)(len + 0xc3), 1, 2, 3 },
	};
}

/* Lengths from 0 on by STEP, in batches that may be held. */
static void
run_short(struct trial *trial, const struct dmover_function *func, unsigned step)
{
	struct plan plans[TRIAL_MAX];
	size_t traffic = 0;
	unsigned n = 0;

	for (size_t len = 0; len <= SHORT; len += step) {
		plans[n++] = make_plan(func, len, 1 + (unsigned)len % 5);
		traffic += plan_traffic(func, len);
		if (n < TRIAL_MAX && len + step <= SHORT &&
		    traffic + plan_traffic(func, len + step) <= DMOVER_HOLD_MAX)
			continue;
		trial_each_way(trial, plans, n);
		n = 0;
		traffic = 0;
	}
}

START_TEST(every_short_length_agrees_with_the_oracle)
{
	const struct dmover_function *func;
	struct trial trial;

	trial_start(&trial, roster_choices[_i], MEMORY);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++)
		run_short(&trial, func, plan_is_typical(func) && rig_slowness() == 1 ? 1 : 13);
	trial_stop(&trial);
}
END_TEST

static void
run_around(struct trial *trial, const struct dmover_function *func, size_t around)
{
	for (size_t len = around - 1; len <= around + 1; len++) {
		struct plan plan = make_plan(func, len, 3);

		if (plan_traffic(func, len) + len + MIB < MEMORY)
			trial_each_way(trial, &plan, 1);
	}
}

/* The largest pieces that the stage makes, with a buffer for the output or without, and more. */
static void
run_chunks(struct trial *trial, const struct dmover_function *func, unsigned buffers)
{
	const size_t chunk = STAGE_ARENA / (buffers > 0 ? buffers : 1) & ~(size_t)4095;

	run_around(trial, func, chunk);
	if (rig_slowness() == 1)
		run_around(trial, func, 2 * chunk);
	run_around(trial, func, 3 * chunk);
}

START_TEST(lengths_around_pages_limits_and_chunks_agree_with_the_oracle)
{
	const struct dmover_function *func;
	struct trial trial;

	trial_start(&trial, roster_choices[_i], MEMORY);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
		run_around(&trial, func, 4 * KIB);
		if (!plan_is_typical(func))
			continue;
		run_around(&trial, func, 64 * KIB);
		run_around(&trial, func, 128 * KIB);
		run_around(&trial, func, DMOVER_HOLD_MAX / (func->dfn_ninputs + 1));
		run_chunks(&trial, func, func->dfn_ninputs);
		if (func->dfn_ninputs > 0 && func->dfn_has_output && rig_slowness() == 1)
			run_chunks(&trial, func, func->dfn_ninputs + 1);
	}
	trial_stop(&trial);
}
END_TEST

/* Cuts, down to pieces without a byte. */
static const unsigned cuts[] = { 1, 2, 3, 64, 65, 1023, 1024 };
#define NCUTS (sizeof(cuts) / sizeof(cuts[0]))

static void
run_cut(struct trial *trial, const struct dmover_function *func, size_t len, size_t in, size_t out)
{
	struct plan plan = make_plan(func, len, cuts[in]);

	plan.out_pieces = cuts[out];
	plan.seed += (uint32_t)(in * NCUTS + out);
	trial_each_way(trial, &plan, 1);
}

/* All pairs of cuts for copy; for the others each cut on each side. */
static void
run_all_cuts(struct trial *trial, const struct dmover_function *func, size_t len)
{
	for (size_t in = 0; in < NCUTS; in++)
		for (size_t out = 0; out < NCUTS; out++)
			if (func->dfn_kind == DMOVER_KIND_COPY || out == (in + 3) % NCUTS)
				run_cut(trial, func, len, in, out);
}

START_TEST(however_the_buffers_are_cut_the_bytes_are_the_same)
{
	const struct dmover_function *func;
	struct trial trial;

	trial_start(&trial, roster_choices[_i], MEMORY);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
		if (!plan_is_typical(func))
			continue;
		run_all_cuts(&trial, func, 700);
		if (rig_slowness() == 1)
			run_all_cuts(&trial, func, 15000);
		/* Longer than a chunk. */
		for (size_t in = 0; in < NCUTS && func->dfn_ninputs <= 1; in++)
			run_cut(&trial, func, 1100 * KIB, in, (in + 3) % NCUTS);
	}
	trial_stop(&trial);
}
END_TEST

START_TEST(large_requests_agree_with_the_oracle)
{
	const struct dmover_function *func;
	struct trial trial;

	trial_start(&trial, roster_choices[_i], 20 * MIB);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
		const size_t len = func->dfn_ninputs <= 1 ? 8 * MIB : MIB + 1;
		struct plan plan = make_plan(func, len, 9);

		if (!plan_is_typical(func))
			continue;
		trial_plan(&trial, &plan, 1);
		trial_run(&trial, ROAD_POSTED, /* bad= */ NULL);
		trial_check(&trial);
		trial_unplan(&trial);
	}
	trial_stop(&trial);
}
END_TEST

/* As many small ones as a batch holds, of all functions by turns. */
START_TEST(a_batch_of_many_functions_agrees_with_the_oracle)
{
	struct plan plans[TRIAL_MAX];
	struct trial trial;
	unsigned nfuncs = 0;

	while (dmover_function_at(nfuncs) != NULL)
		nfuncs++;
	for (unsigned e = 0; e < TRIAL_MAX; e++)
		plans[e] = make_plan(dmover_function_at(e % nfuncs), e * 37 % 101, 1 + e % 7);
	trial_start(&trial, roster_choices[_i], MEMORY);
	trial_each_way(&trial, plans, TRIAL_MAX);
	trial_stop(&trial);
}
END_TEST

static void
run_overlap(struct trial *trial, size_t len, ptrdiff_t shift)
{
	struct plan plan = make_plan(dmover_function_find("copy"), len, 1);

	plan.shape = PLAN_OVERLAP;
	plan.shift = shift;
	trial_each_way(trial, &plan, 1);
	plan.in_pieces = 5;
	plan.out_pieces = 3;
	trial_each_way(trial, &plan, 1);
}

START_TEST(a_copy_of_overlapping_ranges_is_as_if_there_were_a_second_buffer)
{
	static const ptrdiff_t shifts[] = { 1, 7, 63, 64, 65, 4095, 4096, 4097, 65536, 131073 };
	static const size_t lens[] = { 100, 4096, 65537, OVERLAPS - 1, OVERLAPS };
	struct trial trial;

	trial_start(&trial, roster_choices[_i], MEMORY);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		for (size_t j = 0; j < sizeof(shifts) / sizeof(shifts[0]); j++) {
			if ((size_t)shifts[j] >= lens[i])
				continue;
			run_overlap(&trial, lens[i], shifts[j]);
			run_overlap(&trial, lens[i], -shifts[j]);
		}
	}
	trial_stop(&trial);
}
END_TEST

/* Several chunks, for requests that have several. */
static const size_t in_place_lens[] = { 1, 1000, 64 * KIB + 1, 300 * KIB, 2 * MIB + 5 };

START_TEST(the_output_may_be_the_very_memory_of_any_input)
{
	const struct dmover_function *func;
	struct trial trial;

	trial_start(&trial, roster_choices[_i], MEMORY);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
		if (!plan_is_typical(func) || func->dfn_ninputs == 0 || !func->dfn_has_output)
			continue;
		for (size_t l = 0; l < sizeof(in_place_lens) / sizeof(in_place_lens[0]); l++) {
			struct plan plan = make_plan(func, in_place_lens[l], 4);

			if (plan_traffic(func, plan.len) + MIB > MEMORY)
				continue;
			plan.shape = PLAN_IN_PLACE;
			trial_each_way(&trial, &plan, 1);
			plan.alias = func->dfn_ninputs - 1;
			trial_each_way(&trial, &plan, 1);
		}
	}
	trial_stop(&trial);
}
END_TEST

/* Requests of several chunks that may still run when the session closes and the core stops. */
#define STOP_REQUESTS 8u
#define STOP_LEN      (700 * KIB)

START_TEST(a_stop_with_work_running_ends_it_and_nothing_is_written_afterwards)
{
	const struct dmover_function *func = dmover_function_find("copy");
	struct plan plans[STOP_REQUESTS];
	struct trial trial;
	uint8_t *ended;

	for (unsigned e = 0; e < STOP_REQUESTS; e++) {
		plans[e] = make_plan(func, STOP_LEN, 2);
		plans[e].error = -1; /* its bytes may be old */
	}
	trial_start(&trial, roster_choices[_i], MEMORY);
	trial_plan(&trial, plans, STOP_REQUESTS);
	caller_put(&trial.caller);
	trial.caller.used = 0;
	road_enter(&trial.road, ROAD_POSTED, plan_build(&trial.caller, plans, STOP_REQUESTS));
	road_stop(&trial.road);
	caller_get(&trial.caller);
	ended = malloc(caller_extent(&trial.caller));
	ck_assert_ptr_nonnull(ended);
	memcpy(ended, trial.caller.after, caller_extent(&trial.caller));
	trial_check_bytes(&trial);
	/* A second core in the same process gives a late engine the time, and the threads. */
	road_start(&trial.road, roster_choices[_i]);
	road_stop(&trial.road);
	caller_get(&trial.caller);
	ck_assert(
	    (memcmp(ended, trial.caller.after, caller_extent(&trial.caller)) == 0) != rig_break);
	ck_assert_uint_eq(atomic_load(&trial.caller.space->spc_refs), 1);
	free(ended);
	trial_unplan(&trial);
	caller_stop(&trial.caller);
}
END_TEST

START_TEST(an_engine_that_moves_no_data_leaves_all_as_it_was)
{
	const struct dmover_function *func;
	struct trial trial;

	trial_start(&trial, roster_idlers.engine[_i]->eng_name, MEMORY);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
		struct plan plan = make_plan(func, 5000, 3);

		trial_plan(&trial, &plan, 1);
		memcpy(trial.outcome.want, trial.caller.before, caller_extent(&trial.caller));
		/* Not walked: that is what the CPU does instead of an engine for uios. */
		for (int way = 0; way < ROAD_WALKED; way++) {
			if (way == ROAD_HELD && !road_may_hold(trial.map))
				continue;
			trial_run(&trial, (enum road_way)way, /* bad= */ NULL);
			ck_assert_int_eq(trial.responses[0].rsp_error, 0);
			trial_check_bytes(&trial);
		}
		trial_unplan(&trial);
	}
	trial_stop(&trial);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("through");
	TCase *ways = tcase_create("ways");
	const int n = (roster_fill(), roster_nchoices);

	tcase_set_timeout(ways, 300);
	tcase_add_loop_test(ways, every_short_length_agrees_with_the_oracle, 0, n);
	tcase_add_loop_test(
	    ways, lengths_around_pages_limits_and_chunks_agree_with_the_oracle, 0, n);
	tcase_add_loop_test(ways, however_the_buffers_are_cut_the_bytes_are_the_same, 0, n);
	tcase_add_loop_test(ways, large_requests_agree_with_the_oracle, 0, n);
	tcase_add_loop_test(ways, a_batch_of_many_functions_agrees_with_the_oracle, 0, n);
	tcase_add_loop_test(
	    ways, a_copy_of_overlapping_ranges_is_as_if_there_were_a_second_buffer, 0, n);
	tcase_add_loop_test(ways, the_output_may_be_the_very_memory_of_any_input, 0, n);
	tcase_add_loop_test(
	    ways, a_stop_with_work_running_ends_it_and_nothing_is_written_afterwards, 0, n);
	tcase_add_loop_test(
	    ways, an_engine_that_moves_no_data_leaves_all_as_it_was, 0, roster_idlers.n);
	suite_add_tcase(suite, ways);
	return suite;
}

int
main(int argc, char **argv)
{
	return trial_main(argc, argv, make_suite);
}
