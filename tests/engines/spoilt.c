/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spoilt.c: with the fault engine over each engine that it can be put over, callers see right bytes
 * and no error where the middle layer can help it, and the comparison sees what it cannot.
 */
#include "roster.h"
#include "trial.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "compare.h"
#define KIB     ((size_t)1 << 10)
#define MEMORY  ((size_t)16 << 20)
#define SMALL_N 20u
#define MS      INT64_C(1000000)

/* The middle layer with fault over the engine. */
static void
start_over(struct trial *trial, const struct dmover_engine *engine, const char *knobs)
{
	static char choice[2 * ROSTER_TEXT];

	snprintf(choice, sizeof(choice), "fault:over=%s,%s", engine->eng_name, knobs);
	trial_start(trial, choice, MEMORY);
}

static bool
can(const struct dmover_engine *engine, const struct dmover_function *func)
{
	return (engine->eng_kinds & DMOVER_F(func->dfn_kind)) != 0;
}

/* N small requests of the functions that the engine can do, by turns. */
static void
plan_small(struct plan *plans, unsigned n, const struct dmover_engine *engine)
{
	unsigned row = 0;

	for (unsigned e = 0; e < n; row++) {
		const struct dmover_function *func = dmover_function_at(row);

		if (func == NULL) {
			row = UINT32_MAX; /* from the start again */
			continue;
		}
		if (!can(engine, func))
			continue;
		plans[e] = (struct plan){
			.func = func,
			.len = 100 + 13 * e,
			.in_pieces = 1 + e % 3,
			.out_pieces = 1 + e % 2,
			.skew = e,
			.seed = e,
			.immediate = { (uint8_t)e },
		};
		e++;
	}
}

/* Small ones on each way; then one of several chunks for each function with two inputs at most. */
static void
run_everything(struct trial *trial, const struct dmover_engine *engine)
{
	const struct dmover_function *func;
	struct plan plans[SMALL_N];

	plan_small(plans, SMALL_N, engine);
	trial_each_way(trial, plans, SMALL_N);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
		const struct plan plan = {
			.func = func, .len = 1300 * KIB, .in_pieces = 4, .out_pieces = 3, .skew = 9
		};

		if (can(engine, func) && func->dfn_ninputs <= 2)
			trial_each_way(trial, &plan, 1);
	}
}

/* What the counters must show of knobs that callers do not notice. */
enum trace { TRACE_NONE, TRACE_REDONE, TRACE_ELSEWHERE };

static const struct {
	const char *knobs;
	enum trace trace;
} hidden[] = {
	{ "error=EIO", TRACE_REDONE },
	{ "error=EFAULT,every=3", TRACE_REDONE },
	{ "error=ENOMEM,delay=200us,every=2", TRACE_REDONE },
	{ "refuse", TRACE_REDONE },
	{ "refuse,every=5", TRACE_REDONE },
	{ "again", TRACE_ELSEWHERE },
	{ "again,every=2", TRACE_ELSEWHERE },
	{ "delay=300us", TRACE_NONE },
	{ "reorder", TRACE_NONE },
	{ "error=EIO,reorder,delay=200us,every=3", TRACE_REDONE },
};
#define NHIDDEN ((int)(sizeof(hidden) / sizeof(hidden[0])))

START_TEST(what_the_middle_layer_can_mend_no_caller_sees)
{
	const struct dmover_engine *engine = roster_wrapped.engine[_i / NHIDDEN];
	const enum trace trace = hidden[_i % NHIDDEN].trace;
	uint64_t redone, elsewhere, by_fault;
	struct trial trial;

	start_over(&trial, engine, hidden[_i % NHIDDEN].knobs);
	run_everything(&trial, engine);
	redone = atomic_load(&trial.road.core.stats.st_redone);
	by_fault = road_taken_by(&trial.road, "fault");
	elsewhere = road_taken(&trial.road) - by_fault;
	ck_assert_uint_eq(atomic_load(&trial.road.core.stats.st_failed), 0);
	if (trace == TRACE_REDONE)
		ck_assert_msg(redone > 0, "%s: nothing was done again", trial.engine);
	else
		ck_assert_msg(redone == 0 || trace == TRACE_ELSEWHERE,
		    "%s: something was done again", trial.engine);
	/* The CPU has what was done again, or another engine what was not taken. */
	ck_assert_msg((elsewhere > 0) == (trace != TRACE_NONE), "%s: %ju elsewhere", trial.engine,
	    (uintmax_t)elsewhere);
	if (trace == TRACE_NONE)
		ck_assert_uint_gt(by_fault, 0);
	trial_stop(&trial);
}
END_TEST

/* Lets the engine below work, or leaves rubbish wherever it may write, and fails. */
static const struct dmover_engine *wrecked;
static atomic_uint nwrecked;

static int
wreck_submit(void *state, struct dmover_request *dreq)
{
	if (atomic_fetch_add(&nwrecked, 1) % 2 == 0)
		return wrecked->eng_submit(state, dreq);
	/* In place, this is input 0 as well. */
	if (dreq->dreq_func->dfn_has_output)
		memset(dreq->dreq_out.buf_linear, 0xdb, dreq->dreq_len);
	memset(dreq->dreq_result, 0xdb, sizeof(dreq->dreq_result));
	dreq->dreq_error = -EIO;
	dmover_done(dreq);
	return 0;
}

START_TEST(what_a_failed_request_left_behind_no_caller_sees)
{
	struct dmover_engine wreck = *roster_find("fault");
	struct trial trial;

	/* In the place of fault, and not of the engine: the oracle does what others fail. */
	start_over(&trial, roster_wrapped.engine[_i], "every=1");
	wreck.eng_submit = wreck_submit;
	wrecked = road_replace(&trial.road, wreck.eng_name, &wreck);
	run_everything(&trial, roster_wrapped.engine[_i]);
	ck_assert_uint_gt(atomic_load(&trial.road.core.stats.st_redone), 0);
	ck_assert_uint_eq(atomic_load(&trial.road.core.stats.st_failed), 0);
	road_replace(&trial.road, wreck.eng_name, wrecked);
	trial_stop(&trial);
}
END_TEST

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 * MS + now.tv_nsec;
}

START_TEST(a_delay_is_waited_for_on_each_way)
{
	const struct dmover_engine *engine = roster_wrapped.engine[_i];
	struct plan plan;
	struct trial trial;

	start_over(&trial, engine, "delay=20ms");
	plan_small(&plan, 1, engine);
	trial_plan(&trial, &plan, 1);
	for (int way = 0; way < ROAD_NWAYS; way++) {
		const int64_t since = now_ns();

		trial_run(&trial, (enum road_way)way, /* bad= */ NULL);
		ck_assert_int_ge(now_ns() - since, 20 * MS);
		trial_check(&trial);
	}
	trial_unplan(&trial);
	trial_stop(&trial);
}
END_TEST

/* Each second request fails for good: exactly so many responses say so, and nothing is done again. */
START_TEST(an_error_that_is_an_answer_reaches_the_caller)
{
	const struct dmover_engine *engine = roster_wrapped.engine[_i];
	struct plan plans[SMALL_N];
	struct trial trial;

	start_over(&trial, engine, "error=ENOMEM,final,every=2");
	plan_small(plans, SMALL_N, engine);
	trial_plan(&trial, plans, SMALL_N);
	for (int way = 0; way < ROAD_NWAYS; way++) {
		unsigned failed = 0;

		trial_run(&trial, (enum road_way)way, /* bad= */ NULL);
		for (unsigned e = 0; e < SMALL_N; e++) {
			plans[e].error = trial.responses[e].rsp_error == 0 ? 0 : -ENOMEM;
			failed += plans[e].error != 0;
		}
		ck_assert_uint_eq(failed, SMALL_N / 2);
		trial_check(&trial);
	}
	ck_assert_uint_eq(atomic_load(&trial.road.core.stats.st_redone), 0);
	ck_assert_uint_eq(atomic_load(&trial.road.core.stats.st_failed), ROAD_NWAYS * SMALL_N / 2);
	trial_unplan(&trial);
	trial_stop(&trial);
}
END_TEST

/* One request of FUNC on each way: one bit of its answer, and no more, is wrong. */
static void
run_corrupt(struct trial *trial, const struct dmover_function *func)
{
	const struct plan plan = {
		.func = func, .len = 5003, .in_pieces = 3, .out_pieces = 2, .skew = 11
	};

	trial_plan(trial, &plan, 1);
	for (int way = 0; way < ROAD_NWAYS; way++) {
		if (way == ROAD_HELD && !road_may_hold(trial->map))
			continue;
		trial_run(trial, (enum road_way)way, /* bad= */ NULL);
		ck_assert_int_eq(trial->responses[0].rsp_error, 0);
		ck_assert_msg(trial_wrong_bits(trial, 0) == 1, "%s, %s: %s: %u bits are wrong",
		    trial->engine, road_ways[way], func->dfn_name, trial_wrong_bits(trial, 0));
	}
	trial_unplan(trial);
}

START_TEST(a_wrong_bit_of_any_function_is_noticed_behind_the_middle_layer)
{
	const struct dmover_engine *engine = roster_wrapped.engine[_i];
	const struct dmover_function *func;
	struct trial trial;

	start_over(&trial, engine, "corrupt");
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++)
		if (can(engine, func))
			run_corrupt(&trial, func);
	trial_stop(&trial);
}
END_TEST

/* The comparison of conformance.c, and not only that of trial.c. */
START_TEST(a_wrong_bit_of_any_function_is_noticed_at_the_engine)
{
	const struct dmover_engine *engine = roster_wrapped.engine[_i];
	const struct dmover_function *func;
	char args[ROSTER_TEXT];
	struct arena arena;
	struct rig rig;

	arena_create(&arena);
	snprintf(args, sizeof(args), "over=%s,corrupt", engine->eng_name);
	rig_open(&rig, roster_find("fault"), args);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
		const struct spot spot = { .len = 999, .in_offset = 3, .in_step = 5 };
		unsigned bits;

		if (!can(engine, func))
			continue;
		bits = compare_wrong_bits(&rig, &arena, func, &spot);
		ck_assert_msg(
		    bits == 1, "%s: %s: %u bits are wrong", engine->eng_name, func->dfn_name, bits);
	}
	rig_close(&rig);
	arena_destroy(&arena);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("spoilt");
	TCase *mended = tcase_create("mended");
	int n;

	roster_fill();
	n = roster_wrapped.n;
	tcase_set_timeout(mended, 300);
	tcase_add_loop_test(mended, what_the_middle_layer_can_mend_no_caller_sees, 0, n * NHIDDEN);
	tcase_add_loop_test(mended, what_a_failed_request_left_behind_no_caller_sees, 0, n);
	tcase_add_loop_test(mended, a_delay_is_waited_for_on_each_way, 0, n);
	tcase_add_loop_test(mended, an_error_that_is_an_answer_reaches_the_caller, 0, n);
	tcase_add_loop_test(
	    mended, a_wrong_bit_of_any_function_is_noticed_behind_the_middle_layer, 0, n);
	tcase_add_loop_test(mended, a_wrong_bit_of_any_function_is_noticed_at_the_engine, 0, n);
	suite_add_tcase(suite, mended);
	return suite;
}

int
main(int argc, char **argv)
{
	return trial_main(argc, argv, make_suite);
}
