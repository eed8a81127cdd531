/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults.c: whatever --engine says, a page that the caller took away costs the request that needs
 * it and nobody else.
 *
 * Each page of each buffer in turn is unmapped, without access, or read-only.  The request in the
 * middle of a batch of three is answered EFAULT; each byte of its output is old or right; the other
 * two are right, and nothing changed around them.
 */
#include "roster.h"
#include "trial.h"

#include <errno.h>
#include <string.h>

#define KIB    ((size_t)1 << 10)
#define MEMORY ((size_t)16 << 20)
#define SMALL  (3 * CALLER_PAGE) /* bytes of a victim that loses pages in each way */
#define VICTIM 1u

/* The victim between two others. */
static void
plan_three(struct plan plans[3], const struct dmover_function *func, size_t len)
{
	for (unsigned e = 0; e < 3; e++)
		plans[e] = (struct plan){
			.func = e == VICTIM ? func : dmover_function_find(e == 0 ? "copy" : "xor2"),
			.len = e == VICTIM ? len : 3000,
			.in_pieces = 1 + 2 * e,
			.out_pieces = 3 - e,
			.skew = 20,
			.on_own_pages = true,
			.seed = e,
			.immediate = { 0x77 },
		};
	plans[VICTIM].error = -EFAULT;
}

/* The batch once on each way with these pages gone. */
static void
run_bad(struct trial *trial, const struct bad_pages *bad)
{
	for (int way = 0; way < ROAD_NWAYS; way++) {
		if (way == ROAD_HELD && !road_may_hold(trial->map))
			continue;
		trial_run(trial, (enum road_way)way, bad);
		trial_check(trial);
	}
}

/* The page with byte AT of the victim's buffer B, in each way that it can be missing; or one way. */
static void
run_page(struct trial *trial, unsigned b, size_t at)
{
	const bool is_out = b == trial->plans[VICTIM].func->dfn_ninputs;
	struct bad_pages bad = { .len = CALLER_PAGE };

	bad.at =
	    plan_offset(&trial->caller, trial->map, VICTIM, b, at) & ~(size_t)(CALLER_PAGE - 1);
	if (trial->plans[VICTIM].len <= SMALL || !is_out) {
		bad.access = CALLER_NONE;
		run_bad(trial, &bad);
	}
	if (trial->plans[VICTIM].len <= SMALL) {
		bad.access = CALLER_UNMAPPED;
		run_bad(trial, &bad);
	}
	if (is_out) {
		bad.access = CALLER_READ;
		run_bad(trial, &bad);
	}
}

/* Calls run_page() for bytes STEP apart, and the last, of each buffer. */
static void
run_pages(struct trial *trial, const struct dmover_function *func, size_t len, size_t step)
{
	struct plan plans[3];

	plan_three(plans, func, len);
	trial_plan(trial, plans, 3);
	for (unsigned b = 0; b < plan_buffers(&plans[VICTIM]); b++) {
		for (size_t at = 0; at < len; at += step)
			run_page(trial, b, at);
		run_page(trial, b, len - 1);
	}
	trial_unplan(trial);
}

START_TEST(a_fault_at_any_page_of_a_small_request_costs_that_request_alone)
{
	const struct dmover_function *func;
	struct trial trial;

	trial_start(&trial, roster_choices[_i], MEMORY);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++)
		if (plan_is_typical(func))
			run_pages(&trial, func, SMALL, CALLER_PAGE);
	trial_stop(&trial);
}
END_TEST

/* The first, the last and some pages of several chunks; not a multiple of anything. */
START_TEST(a_fault_in_any_chunk_of_a_large_request_costs_that_request_alone)
{
	const struct dmover_function *func;
	struct trial trial;

	trial_start(&trial, roster_choices[_i], MEMORY);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
		const size_t len = func->dfn_ninputs <= 2 ? 2500 * KIB : 700 * KIB;

		if (plan_is_typical(func) && func->dfn_ninputs <= 5)
			run_pages(&trial, func, len + 100, len / (rig_slowness() > 1 ? 2 : 4) - 7);
	}
	trial_stop(&trial);
}
END_TEST

/* Runs into a guard page, before all memory or behind it, with vector I of a copy. */
static void
run_into_guard(struct trial *trial, enum road_way way, unsigned i, bool is_behind)
{
	struct caller *caller = &trial->caller;
	struct dmover_batch *batch;

	caller->used = 0;
	batch = plan_build(caller, trial->plans, trial->n);
	batch->bat_iovs[i].iov_base =
	    is_behind ? caller->base + caller->size - 100 : caller->base - 1;
	caller_put(caller);
	road_enter(&trial->road, way, batch);
	road_leave(&trial->road, trial->responses, 1);
	ck_assert_int_eq(trial->responses[0].rsp_error, rig_break ? 0 : -EFAULT);
}

START_TEST(an_input_or_output_that_runs_out_of_the_memory_is_a_fault)
{
	const struct plan plan = {
		.func = dmover_function_find("copy"),
		.len = CALLER_PAGE,
		.in_pieces = 1,
		.out_pieces = 1,
	};
	struct trial trial;

	trial_start(&trial, roster_choices[_i], MEMORY);
	trial_plan(&trial, &plan, 1);
	for (int way = 0; way < ROAD_NWAYS; way++) {
		for (unsigned i = 0; i < 2; i++) {
			run_into_guard(&trial, (enum road_way)way, i, /* is_behind= */ false);
			run_into_guard(&trial, (enum road_way)way, i, /* is_behind= */ true);
		}
	}
	trial_unplan(&trial);
	trial_stop(&trial);
}
END_TEST

START_TEST(the_memory_of_a_caller_that_is_gone_is_a_fault_and_counted_as_dropped)
{
	const struct dmover_function *func;
	struct plan plans[TRIAL_MAX];
	struct trial trial;
	unsigned n = 0;

	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++)
		plans[n++] = (struct plan){ .func = func, .len = 5000, .in_pieces = 2 };
	trial_start(&trial, roster_choices[_i], MEMORY);
	caller_kill(&trial.caller);
	for (int way = 0; way < ROAD_NWAYS; way++) {
		/* Not all at once: that would be too much to hold. */
		for (unsigned e = 0; e < n; e++) {
			trial.caller.used = 0;
			road_enter(&trial.road, (enum road_way)way,
			    plan_build(&trial.caller, &plans[e], 1));
			road_leave(&trial.road, trial.responses, 1);
			ck_assert_int_eq(trial.responses[0].rsp_error, rig_break ? 0 : -EFAULT);
		}
	}
	ck_assert_uint_eq(atomic_load(&trial.road.core.stats.st_dropped), n * ROAD_NWAYS);
	trial_stop(&trial);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("faults");
	TCase *pages = tcase_create("pages");
	const int n = (roster_fill(), roster_nchoices);

	tcase_set_timeout(pages, 300);
	tcase_add_loop_test(
	    pages, a_fault_at_any_page_of_a_small_request_costs_that_request_alone, 0, n);
	tcase_add_loop_test(
	    pages, a_fault_in_any_chunk_of_a_large_request_costs_that_request_alone, 0, n);
	tcase_add_loop_test(pages, an_input_or_output_that_runs_out_of_the_memory_is_a_fault, 0, n);
	tcase_add_loop_test(
	    pages, the_memory_of_a_caller_that_is_gone_is_a_fault_and_counted_as_dropped, 0, n);
	suite_add_tcase(suite, pages);
	return suite;
}

int
main(int argc, char **argv)
{
	return trial_main(argc, argv, make_suite);
}
