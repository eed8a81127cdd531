/* SPDX-License-Identifier: BSD-2-Clause */
/* test_group.c: small posted requests go together, and each still answers for itself. */
#include "unit.h"

#include <errno.h>

#include "engine.h"
#include "engines/table.h"
#include "posting.h"

#define N 200

static struct fake_plan plans[N];
static struct dmover_response responses[N];

/* Small ones of each kind, with an empty and a large one among them. */
static void
plan_mixed(void)
{
	static const char *const funcs[] = { "copy", "zero", "fill8", "xor5", "iscsi-crc32c" };

	for (unsigned i = 0; i < N; i++)
		plans[i] = (struct fake_plan){ funcs[i % 5], 100 + i * 37 % 5000, 1 + i % 4 };
	plans[50].len = 0;
	plans[101] = (struct fake_plan){ "copy", 700 * KIB, 3 };
}

static unsigned
post(struct rig *rig, size_t bad)
{
	return posting_run(rig, 4000 * KIB, plans, N, bad);
}

START_TEST(small_requests_are_reached_together)
{
	struct rig rig;

	for (unsigned i = 0; i < N; i++)
		plans[i] = (struct fake_plan){ "copy", 4096, 1 };
	rig_start(&rig, &(struct rig_options){ .workers = 2 });
	/* 32 of 4 KiB in and out are a group: 7 groups, 2 accesses each. */
	holds(post(&rig, SIZE_MAX) <= 16);
	rig_stop(&rig);
}
END_TEST

START_TEST(each_kind_is_right_beside_the_others)
{
	struct rig rig;

	plan_mixed();
	rig_start(&rig, &(struct rig_options){ .workers = 2 });
	post(&rig, SIZE_MAX);
	same_size(atomic_load(&rig.stats.st_failed), 0);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_fault_costs_its_own_request_only)
{
	struct rig rig;
	uint32_t seed = 3;

	plan_mixed();
	rig_start(&rig, &(struct rig_options){ .workers = 2 });
	for (int i = 0; i < 20; i++)
		post(&rig, unit_random(&seed, 1500 * KIB));
	rig_stop(&rig);
}
END_TEST

START_TEST(one_arena_serves_all_groups_in_turn)
{
	struct rig rig;

	plan_mixed();
	rig_start(&rig, &(struct rig_options){ .workers = 4, .arenas = 1 });
	post(&rig, SIZE_MAX);
	rig_stop(&rig);
}
END_TEST

START_TEST(without_any_arena_they_fail)
{
	struct fake_caller caller;
	struct rig rig;

	plan_mixed();
	rig_start(&rig, &(struct rig_options){ .workers = 1 });
	rig.stage.arenas.max = 0;
	caller_init(&caller, 4000 * KIB);
	rig_post(&rig, caller_build(&caller, plans, 20));
	same_size(rig_responses(rig.session, responses, 20), 20);
	for (unsigned i = 0; i < 20; i++)
		same_int(responses[i].rsp_error, -ENOMEM);
	holds(dmover_stage_drain(&rig.stage, 30));
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

START_TEST(what_goes_to_a_slow_engine_goes_alone)
{
	struct rig rig;

	plan_mixed();
	rig_start(&rig,
	    &(struct rig_options){ .engine = &fault_engine, .args = "delay=100us", .workers = 2 });
	post(&rig, SIZE_MAX);
	rig_stop(&rig);
}
END_TEST

START_TEST(a_close_ends_what_is_queued)
{
	struct fake_caller caller;
	struct rig rig;

	plan_mixed();
	rig_start(&rig, &(struct rig_options){ .workers = 1 });
	caller_init(&caller, 4000 * KIB);
	atomic_store(&rig.session->ses_is_closing, true);
	rig_post(&rig, caller_build(&caller, plans, 40));
	holds(dmover_stage_drain(&rig.stage, 30));
	same_size(atomic_load(&rig.stats.st_dropped), 40);
	same_size(atomic_load(&caller.fake.naccesses), 0);
	caller_fini(&caller);
	rig_stop(&rig);
}
END_TEST

TCase *
unit_group(void)
{
	TCase *tc = unit_case("group");

	tcase_add_checked_fixture(tc, fake_engine_reset, NULL);
	tcase_add_test(tc, small_requests_are_reached_together);
	tcase_add_test(tc, each_kind_is_right_beside_the_others);
	tcase_add_test(tc, a_fault_costs_its_own_request_only);
	tcase_add_test(tc, one_arena_serves_all_groups_in_turn);
	tcase_add_test(tc, without_any_arena_they_fail);
	tcase_add_test(tc, what_goes_to_a_slow_engine_goes_alone);
	tcase_add_test(tc, a_close_ends_what_is_queued);
	return tc;
}
