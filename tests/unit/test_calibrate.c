/* SPDX-License-Identifier: BSD-2-Clause */
/* test_calibrate.c: an engine's speed; engines that do not finish are left out. */
#include "unit.h"

#include <errno.h>
#include <limits.h>

#include "core/calibrate.h"
#include "engine.h"

START_TEST(every_kind_at_every_size_gets_a_cost)
{
	struct dmover_lane lane = { .lane_engine = dmover_engines[0] };

	same_int(dmover_calibrate(&lane, NULL), 0);
	for (int kind = 0; kind < DMOVER_NKINDS; kind++)
		for (int size = 0; size < COST_SIZES; size++) {
			const struct dmover_line *line = &lane.lane_cost.lines[kind][size];

			holds(line->start_ns >= 0 && line->ns_per_byte >= 0);
			holds(line->start_ns + line->ns_per_byte > 0);
		}
}
END_TEST

START_TEST(kinds_that_it_cannot_do_are_not_asked_for)
{
	struct dmover_engine engine = fake_linear_engine;
	struct dmover_lane lane = { .lane_engine = &engine };

	engine.eng_kinds = DMOVER_F(DMOVER_KIND_ZERO) | DMOVER_F(DMOVER_KIND_XOR);
	same_int(dmover_calibrate(&lane, NULL), 0);
	holds(lane.lane_cost.lines[DMOVER_KIND_COPY][0].ns_per_byte == 0);
	holds(atomic_load(&fake_linear.nsubmits) % 2 == 0);
	same_size(atomic_load(&fake_linear.nwrong), 0);
}
END_TEST

/* What is still with an engine keeps its memory; here it stays in sight of leak checkers. */
static struct dmover_request *kept, *failed;

START_TEST(an_engine_that_does_not_finish_is_not_used)
{
	struct dmover_lane lane = { .lane_engine = &fake_linear_engine };

	fake_linear.keeps = true;
	same_int(dmover_calibrate(&lane, NULL), -ETIMEDOUT);
	same_size(atomic_load(&fake_linear.nkept), 1);
	kept = fake_linear.kept[0];
	holds(kept != NULL);
}
END_TEST

static int
failing_submit(void *state, struct dmover_request *dreq)
{
	(void)state;
	failed = dreq;
	dreq->dreq_error = -EIO;
	dmover_done(dreq);
	return 0;
}

START_TEST(an_engine_that_fails_is_not_used)
{
	struct dmover_engine engine = fake_linear_engine;
	struct dmover_lane lane = { .lane_engine = &engine };

	engine.eng_submit = failing_submit;
	same_int(dmover_calibrate(&lane, NULL), -EIO);
	holds(failed != NULL);
}
END_TEST

static unsigned nrefusals;

/* Takes something again after a few milliseconds, as one whose device comes back. */
static int
refusing_submit(void *state, struct dmover_request *dreq)
{
	if (nrefusals > 0) {
		nrefusals--;
		return -EAGAIN;
	}
	return fake_linear_engine.eng_submit(state, dreq);
}

START_TEST(an_engine_that_takes_nothing_is_asked_again)
{
	struct dmover_engine engine = fake_linear_engine;
	struct dmover_lane lane = { .lane_engine = &engine };

	engine.eng_submit = refusing_submit;
	nrefusals = 5;
	same_int(dmover_calibrate(&lane, NULL), 0);
	same_size(nrefusals, 0);
	nrefusals = UINT_MAX;
	same_int(dmover_calibrate(&lane, NULL), -EAGAIN);
}
END_TEST

START_TEST(the_way_to_the_memory_is_measured)
{
	struct dmover_cost access;

	dmover_cost_init(&access);
	same_int(dmover_calibrate_access(&access, NULL), 0);
	for (int kind = 0; kind < DMOVER_NKINDS; kind++)
		for (unsigned size = 1; size < COST_SIZES; size++)
			holds(dmover_cost_ns(&access, dmover_cost_function((enum dmover_kind)kind),
				  dmover_cost_lengths[size]) > 0);
}
END_TEST

TCase *
unit_calibrate(void)
{
	TCase *tc = unit_case("calibrate");

	tcase_add_checked_fixture(tc, fake_engine_reset, NULL);
	tcase_add_test(tc, every_kind_at_every_size_gets_a_cost);
	tcase_add_test(tc, kinds_that_it_cannot_do_are_not_asked_for);
	tcase_add_test(tc, an_engine_that_does_not_finish_is_not_used);
	tcase_add_test(tc, an_engine_that_fails_is_not_used);
	tcase_add_test(tc, an_engine_that_takes_nothing_is_asked_again);
	tcase_add_test(tc, the_way_to_the_memory_is_measured);
	return tc;
}
