/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * busy.c: every engine of the table with more to do than it has room for, and at its end.
 *
 * What comes of it is held to the oracle.  Nothing here names an engine but fault, which stands in
 * for engines that are full now and then, where none of the table is.
 */
#include "crowd.h"
#include "roster.h"

#include <stdio.h>

#define THREADS   4u
#define REQUESTS  128u
#define LEN       3000u
#define LONG_LEN  ((size_t)256 << 10)
#define STOPS     60u
#define STOP_LOAD 32u

static void
look_at_crowd(const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	const struct crowd_plan plan = {
		.rig = rig,
		.arena = arena,
		.func = func,
		.threads = THREADS,
		.requests = REQUESTS / (rig_slowness() > 1 ? 4 : 1),
		.len = LEN,
	};
	struct crowd *crowd = crowd_run(&plan);

	crowd_check(crowd);
	crowd_free(crowd);
}

START_TEST(far_more_requests_than_fit_end_once_each_with_the_right_bytes)
{
	compare_each_function(roster_movers.engine[_i], look_at_crowd);
}
END_TEST

static void
look_at_long_crowd(
    const struct rig *rig, const struct arena *arena, const struct dmover_function *func)
{
	const struct crowd_plan plan = {
		.rig = rig,
		.arena = arena,
		.func = func,
		.threads = THREADS,
		.requests = 16,
		.len = LONG_LEN,
	};
	struct crowd *crowd;

	/* The bytes add up: one of each kind, and of xor the one with two inputs. */
	if (func->dfn_ninputs > 2)
		return;
	crowd = crowd_run(&plan);
	crowd_check(crowd);
	crowd_free(crowd);
}

START_TEST(long_requests_of_many_threads_end_once_each_with_the_right_bytes)
{
	compare_each_function(roster_movers.engine[_i], look_at_long_crowd);
}
END_TEST

/* How --engine=fault would be told to be full for each second request over the engine. */
static void
open_full(struct rig *rig, const struct dmover_engine *engine)
{
	char args[ROSTER_TEXT];

	snprintf(args, sizeof(args), "over=%s,again,every=2", engine->eng_name);
	rig_open(rig, roster_find("fault"), args);
}

START_TEST(what_a_full_engine_sends_back_gets_in_later)
{
	const struct dmover_function *func;
	struct arena arena;
	struct rig rig;

	arena_create(&arena);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
		struct crowd_plan plan = { &rig, &arena, func, THREADS, REQUESTS / 4, LEN };
		struct crowd *crowd;

		if (!(roster_wrapped.engine[_i]->eng_kinds & DMOVER_F(func->dfn_kind)))
			continue;
		open_full(&rig, roster_wrapped.engine[_i]);
		crowd = crowd_run(&plan);
		crowd_check(crowd);
		ck_assert_uint_ge(crowd_times_full(crowd), THREADS * REQUESTS / 4 / 2);
		crowd_free(crowd);
		rig_close(&rig);
	}
	arena_destroy(&arena);
}
END_TEST

/* The engine is closed the moment that the last request ends. */
static void
stop_once(const struct dmover_engine *engine, const struct arena *arena,
    const struct dmover_function *func, bool is_uio)
{
	struct rig rig;
	struct crowd_plan plan = { &rig, arena, func, 2, STOP_LOAD, LEN };
	struct crowd *crowd;

	rig_open(&rig, engine, NULL);
	rig.is_uio = is_uio;
	crowd = crowd_run(&plan);
	rig_close(&rig);
	/* Only now: a late write would show. */
	crowd_check(crowd);
	crowd_free(crowd);
}

START_TEST(an_engine_may_be_closed_as_its_last_request_ends)
{
	const struct dmover_engine *engine = roster_movers.engine[_i];
	const bool takes_uio = (engine->eng_flags & DMOVER_ENGINE_UIO) != 0;
	struct arena arena;

	arena_create(&arena);
	for (unsigned i = 0; i < STOPS / rig_slowness() + 1; i++) {
		const struct dmover_function *func = dmover_function_at(i % 6);

		if (engine->eng_kinds & DMOVER_F(func->dfn_kind))
			stop_once(engine, &arena, func, takes_uio && i / 6 % 2 == 1);
	}
	arena_destroy(&arena);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("busy");
	TCase *busy = tcase_create("busy");

	roster_fill();
	tcase_set_timeout(busy, 300);
	tcase_add_loop_test(busy, far_more_requests_than_fit_end_once_each_with_the_right_bytes, 0,
	    roster_movers.n);
	tcase_add_loop_test(busy, long_requests_of_many_threads_end_once_each_with_the_right_bytes,
	    0, roster_movers.n);
	tcase_add_loop_test(busy, what_a_full_engine_sends_back_gets_in_later, 0, roster_wrapped.n);
	tcase_add_loop_test(
	    busy, an_engine_may_be_closed_as_its_last_request_ends, 0, roster_movers.n);
	suite_add_tcase(suite, busy);
	return suite;
}

int
main(int argc, char **argv)
{
	return rig_main(argc, argv, make_suite);
}
