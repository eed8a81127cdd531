/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dispatch.c: which engine gets a request, and what becomes of one that is not taken. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "core/dispatch.h"
#include "engine.h"

#define LEN 100

/* Sets one straight line for all that the cost knows. */
static void
set_cost(struct dmover_cost *cost, double start_ns, double ns_per_byte)
{
	dmover_cost_init(cost);
	for (int kind = 0; kind < DMOVER_NKINDS; kind++)
		for (unsigned size = 0; size < COST_SIZES; size++)
			cost->lines[kind][size] = (struct dmover_line){ start_ns, ns_per_byte };
}

static void
add_lane(struct dmover_dispatch *dispatch, const struct dmover_engine *engine, double start_ns,
    double ns_per_byte)
{
	struct dmover_lane *lane = &dispatch->lanes[dispatch->nlanes++];

	lane->lane_engine = engine;
	lane->lane_is_measured = true;
	set_cost(&lane->lane_cost, start_ns, ns_per_byte);
	dispatch->nchoosable = dispatch->nlanes;
}

/* The oracle, which works on the CPU, and a fake that does not; 2 workers. */
static void
two_lanes(struct dmover_dispatch *dispatch, struct dmover_stats *stats)
{
	memset(dispatch, 0, sizeof(*dispatch));
	dispatch->forced = -1;
	dispatch->workers = 2;
	dispatch->stats = stats;
	dmover_cost_init(&dispatch->access);
	add_lane(dispatch, dmover_engines[0], 0, 1);
	add_lane(dispatch, &fake_linear_engine, 500, 0.5);
}

static unsigned ndone;

static void
done(struct dmover_request *dreq)
{
	dmover_dispatch_seen(dreq->dreq_arg, dreq);
	ndone++;
}

/* Submits a copy to the lane; the bytes arrive when the CPU did it. */
static void
submit(struct dmover_dispatch *dispatch, unsigned lane, int expected, bool is_copied)
{
	uint8_t in[LEN], out[LEN] = { 0 };
	struct dmover_buffer input = { .buf_type = DMOVER_BUF_LINEAR, .buf_linear = in };
	struct dmover_request dreq = {
		.dreq_func = dmover_function_find("copy"),
		.dreq_len = LEN,
		.dreq_in = &input,
		.dreq_out = { .buf_type = DMOVER_BUF_LINEAR, .buf_linear = out },
		.dreq_done = done,
		.dreq_arg = dispatch,
	};

	memset(in, 7, LEN);
	ndone = 0;
	dmover_dispatch_submit(dispatch, lane, &dreq);
	same_size(ndone, 1);
	same_int(dreq.dreq_error, expected);
	holds((memcmp(in, out, LEN) == 0) == is_copied);
}

static unsigned
choose(struct dmover_dispatch *dispatch, const char *func, size_t len)
{
	const struct dmover_ask ask = { .func = dmover_function_find(func), .len = len };

	return dmover_dispatch_choose(dispatch, &ask);
}

START_TEST(the_one_that_finishes_first_is_chosen)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	/* The fake is dear to start and fast from then on: it pays from 1000 bytes. */
	two_lanes(&dispatch, &stats);
	same_size(choose(&dispatch, "copy", 999), 0);
	same_size(choose(&dispatch, "copy", 1001), 1);
	/* What is queued counts, on the CPU for as many workers as there are. */
	dmover_dispatch_queue(&dispatch, 1, 100000);
	same_size(choose(&dispatch, "copy", 1001), 0);
	dmover_dispatch_queue(&dispatch, 0, 190000);
	same_size(choose(&dispatch, "copy", 1001), 0);
	dmover_dispatch_queue(&dispatch, 0, 20000);
	same_size(choose(&dispatch, "copy", 1001), 1);
	/* A large request has both workers. */
	dmover_dispatch_queue(&dispatch, 0, -210000);
	dmover_dispatch_queue(&dispatch, 1, -100000);
	dispatch.lanes[1].lane_cost.lines[DMOVER_KIND_COPY][3].ns_per_byte = 0.6;
	same_size(choose(&dispatch, "copy", 200000), 1);
	same_size(choose(&dispatch, "copy", 2000000), 0);
}
END_TEST

START_TEST(the_way_to_the_memory_counts_for_engines_that_do_not_go_it)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	two_lanes(&dispatch, &stats);
	dispatch.lanes[1].lane_engine = &fake_uio_engine;
	set_cost(&dispatch.lanes[1].lane_cost, 0, 1.5);
	same_size(choose(&dispatch, "copy", 1000), 0);
	set_cost(&dispatch.access, 0, 1);
	same_size(choose(&dispatch, "copy", 1000), 1);
}
END_TEST

START_TEST(what_is_seen_corrects_what_was_measured)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	struct dmover_request dreq = {
		.dreq_func = dmover_function_find("copy"),
		.dreq_len = 100000,
		.dreq_lane = 1,
	};

	two_lanes(&dispatch, &stats);
	same_size(choose(&dispatch, "copy", 100000), 1);
	/* The fake takes ten times as long, one after the other. */
	for (int i = 0; i < 400; i++) {
		int64_t took = 500500;

		dreq.dreq_since = dmover_now() - took;
		atomic_store(&dispatch.lanes[1].lane_last, 0);
		dmover_dispatch_seen(&dispatch, &dreq);
	}
	same_size(choose(&dispatch, "copy", 100000), 0);
	/* Not for other sizes, nor for other kinds. */
	same_size(choose(&dispatch, "copy", 10000), 1);
	same_size(choose(&dispatch, "fill8", 100000), 1);
	/* While the CPU is seen instead, it fades, and the fake is tried again. */
	dreq.dreq_lane = 0;
	for (int i = 0; i < 64 * 100; i++) {
		dreq.dreq_since = dmover_now() - 100000;
		dmover_dispatch_seen(&dispatch, &dreq);
	}
	same_size(choose(&dispatch, "copy", 100000), 1);
}
END_TEST

/* Through the door, as held requests go. */
/* A request of 1 MiB goes in chunks of 128 KiB on that engine: their times decide for the next one. */
START_TEST(what_is_seen_of_chunks_chooses_for_requests)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	struct dmover_ask ask = {
		.func = dmover_function_find("copy"), .len = 1 << 20, .is_posted = true
	};
	struct dmover_request dreq = {
		.dreq_func = ask.func, .dreq_len = 128 << 10, .dreq_lane = 1
	};

	two_lanes(&dispatch, &stats);
	set_cost(&dispatch.lanes[1].lane_cost, 0, 0.1);
	same_size(dmover_dispatch_choose(&dispatch, &ask), 1);
	for (int i = 0; i < 1000; i++) {
		dreq.dreq_since = dmover_now() - 150000;
		atomic_store(&dispatch.lanes[1].lane_last, 0);
		dmover_dispatch_seen(&dispatch, &dreq);
	}
	same_size(dmover_dispatch_choose(&dispatch, &ask), 0);
}
END_TEST

START_TEST(what_small_requests_do_not_see_fades_too)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	atomic_uint *factor;

	two_lanes(&dispatch, &stats);
	factor = &dispatch.lanes[1].lane_cost.factors[DMOVER_KIND_COPY][0];
	atomic_store(factor, 4096);
	for (int i = 0; i < 8 * 64 * 60; i++)
		submit(&dispatch, 0, 0, true);
	same_size(atomic_load(factor), 1024);
}
END_TEST

START_TEST(an_engine_that_fails_is_believed_to_be_slow)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	unsigned before;

	two_lanes(&dispatch, &stats);
	fake_linear.error = -EIO;
	before = atomic_load(&dispatch.lanes[1].lane_cost.factors[DMOVER_KIND_COPY][0]);
	for (int i = 0; i < 8 * 64; i++)
		submit(&dispatch, 1, -EIO, false);
	holds(atomic_load(&dispatch.lanes[1].lane_cost.factors[DMOVER_KIND_COPY][0]) > 2 * before);
}
END_TEST

START_TEST(of_several_inside_each_takes_from_the_end_of_the_one_before)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	struct dmover_request dreq = {
		.dreq_func = dmover_function_find("copy"), .dreq_len = 100000, .dreq_lane = 1
	};
	const struct dmover_ask ask = { .func = dreq.dreq_func, .len = dreq.dreq_len };
	double before;

	two_lanes(&dispatch, &stats);
	before = dmover_dispatch_ns(&dispatch, &ask, 1);
	for (int i = 0; i < 100; i++) {
		/* Submitted long ago, but the engine was busy with another until just now. */
		dreq.dreq_since = dmover_now() - 1000000000;
		atomic_store(&dispatch.lanes[1].lane_last, dmover_now() - 50500);
		dmover_dispatch_seen(&dispatch, &dreq);
	}
	holds(dmover_dispatch_ns(&dispatch, &ask, 1) < before * 2);
}
END_TEST

START_TEST(a_large_request_is_split_when_that_is_sooner)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	struct dmover_ask ask = { .func = dmover_function_find("copy"), .len = 4000000 };

	two_lanes(&dispatch, &stats);
	/* Both take 0.5 ns for a byte: together half. */
	same_size(dmover_dispatch_help(&dispatch, &ask, 0), 1);
	same_size(dmover_dispatch_help(&dispatch, &ask, 1), 0);
	/* Small ones are not. */
	ask.len = 100000;
	same_size(dmover_dispatch_help(&dispatch, &ask, 1), 1);
	/* Nor with one that has much to do, or is slow. */
	ask.len = 4000000;
	dmover_dispatch_queue(&dispatch, 1, 1000000000);
	same_size(dmover_dispatch_help(&dispatch, &ask, 0), 0);
	dmover_dispatch_queue(&dispatch, 1, -1000000000);
	set_cost(&dispatch.lanes[1].lane_cost, 0, 20);
	same_size(dmover_dispatch_help(&dispatch, &ask, 0), 0);
	/* Two on the same processors would only take turns. */
	set_cost(&dispatch.lanes[1].lane_cost, 0, 0.5);
	dispatch.lanes[1].lane_engine = dmover_engines[0];
	same_size(dmover_dispatch_help(&dispatch, &ask, 0), 0);
	/* Who names an engine gets that one. */
	dispatch.lanes[1].lane_engine = &fake_linear_engine;
	dispatch.forced = 0;
	same_size(dmover_dispatch_help(&dispatch, &ask, 0), 0);
}
END_TEST

START_TEST(runners_are_as_many_as_can_be_busy)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	struct dmover_ask ask = { .func = dmover_function_find("copy"), .len = 1 };

	two_lanes(&dispatch, &stats);
	same_size(dmover_dispatch_runners(&dispatch, &ask, 0), 1);
	ask.len = 2 * DISPATCH_PART;
	same_size(dmover_dispatch_runners(&dispatch, &ask, 0), 2);
	same_size(dmover_dispatch_runners(&dispatch, &ask, 1), 2);
	ask.len = 100 * DISPATCH_PART;
	same_size(dmover_dispatch_runners(&dispatch, &ask, 0), 2);
	same_size(dmover_dispatch_runners(&dispatch, &ask, 1), DISPATCH_DEPTH);
}
END_TEST

START_TEST(engines_with_a_file_are_chosen_only_where_there_is_one)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	struct dmover_engine engine = fake_uio_engine;
	struct dmover_ask ask = { .func = dmover_function_find("copy"), .len = LEN };

	two_lanes(&dispatch, &stats);
	engine.eng_flags |= DMOVER_ENGINE_FILE;
	dispatch.lanes[1].lane_engine = &engine;
	set_cost(&dispatch.lanes[1].lane_cost, 0, 0);
	same_size(dmover_dispatch_choose(&dispatch, &ask), 0);
	ask.has_file = true;
	same_size(dmover_dispatch_choose(&dispatch, &ask), 1);
	ask.is_staged = true;
	same_size(dmover_dispatch_choose(&dispatch, &ask), 0);
	/* One that was not measured is chosen only by name. */
	ask.is_staged = false;
	dispatch.lanes[1].lane_is_measured = false;
	same_size(dmover_dispatch_choose(&dispatch, &ask), 0);
	dispatch.forced = 1;
	same_size(dmover_dispatch_choose(&dispatch, &ask), 1);
}
END_TEST

START_TEST(a_cycle_goes_through_all_that_can)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	unsigned seen[2] = { 0 };

	two_lanes(&dispatch, &stats);
	dispatch.is_cycling = true;
	for (int i = 0; i < 10; i++)
		seen[choose(&dispatch, "copy", LEN)]++;
	same_size(seen[0], 5);
	same_size(seen[1], 5);
}
END_TEST

START_TEST(a_forced_engine_is_chosen_where_it_can)
{
	static const struct dmover_engine only_zero = { .eng_name = "only-zero",
		.eng_kinds = DMOVER_F(DMOVER_KIND_ZERO) };
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	two_lanes(&dispatch, &stats);
	set_cost(&dispatch.lanes[1].lane_cost, 0, 9);
	dispatch.forced = 1;
	same_size(choose(&dispatch, "zero", LEN), 1);
	dispatch.lanes[1].lane_engine = &only_zero;
	same_size(choose(&dispatch, "zero", LEN), 1);
	same_size(choose(&dispatch, "copy", LEN), 0);
	dispatch.forced = -1;
	set_cost(&dispatch.lanes[1].lane_cost, 0, 0);
	same_size(choose(&dispatch, "copy", LEN), 0);
}
END_TEST

START_TEST(a_request_that_is_not_taken_is_done_on_the_cpu)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	two_lanes(&dispatch, &stats);
	submit(&dispatch, 1, 0, false); /* taken, by one that does nothing */
	same_size(atomic_load(&stats.st_engines[1].requests), 1);
	same_size(atomic_load(&stats.st_engines[1].bytes), LEN);
	fake_linear.answer = -EAGAIN;
	submit(&dispatch, 1, 0, true);
	fake_linear.answer = -EOPNOTSUPP;
	submit(&dispatch, 1, 0, true);
	same_size(atomic_load(&stats.st_engines[1].requests), 1);
	same_size(atomic_load(&stats.st_engines[0].requests), 2);
	/* An error of one that took it is its submitter's to deal with. */
	fake_linear.answer = 0;
	fake_linear.error = -EIO;
	submit(&dispatch, 1, -EIO, false);
}
END_TEST

START_TEST(a_full_engine_is_passed_over_for_one_that_takes_the_same_buffers)
{
	static struct dmover_engine other;
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	other = *dmover_engines[0];
	other.eng_flags = 0; /* as the fake's */
	two_lanes(&dispatch, &stats);
	set_cost(&dispatch.lanes[0].lane_cost, 0, 100);
	add_lane(&dispatch, &other, 0, 1);
	fake_linear.answer = -EAGAIN;
	submit(&dispatch, 1, 0, true);
	same_size(atomic_load(&stats.st_engines[2].requests), 1);
	same_size(atomic_load(&stats.st_redone), 0);
}
END_TEST

START_TEST(separate_buffers_may_go_to_an_engine_that_works_in_place)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	two_lanes(&dispatch, &stats);
	holds(
	    dmover_dispatch_is_inplace(&dispatch, 0) && !dmover_dispatch_is_inplace(&dispatch, 1));
	fake_linear.answer = -EAGAIN;
	submit(&dispatch, 1, 0, true);
	same_size(atomic_load(&stats.st_redone), 0);
}
END_TEST

static uint32_t offered;

static uint32_t
offers(const void *state)
{
	(void)state;
	return offered;
}

START_TEST(an_engine_is_chosen_only_for_what_it_offers_now)
{
	static struct dmover_engine moody;
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	moody = fake_linear_engine;
	moody.eng_offers = offers;
	two_lanes(&dispatch, &stats);
	dispatch.lanes[1].lane_engine = &moody;
	offered = DMOVER_F(DMOVER_KIND_COPY);
	same_size(choose(&dispatch, "copy", 1001), 1);
	same_size(choose(&dispatch, "xor2", 1001), 0);
	offered = 0;
	same_size(choose(&dispatch, "copy", 1001), 0);
	/* It cannot offer more than it can do. */
	moody.eng_kinds = 0;
	offered = DMOVER_F_ALL;
	same_size(choose(&dispatch, "copy", 1001), 0);
}
END_TEST

START_TEST(when_even_the_cpu_will_not_it_is_an_error)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	two_lanes(&dispatch, &stats);
	dispatch.lanes[0].lane_engine = &fake_linear_engine;
	fake_linear.answer = -EAGAIN;
	submit(&dispatch, 1, -EIO, false);
}
END_TEST

TCase *
unit_dispatch(void)
{
	TCase *tc = unit_case("dispatch");

	tcase_add_checked_fixture(tc, fake_engine_reset, NULL);
	tcase_add_test(tc, the_one_that_finishes_first_is_chosen);
	tcase_add_test(tc, the_way_to_the_memory_counts_for_engines_that_do_not_go_it);
	tcase_add_test(tc, what_is_seen_corrects_what_was_measured);
	tcase_add_test(tc, what_is_seen_of_chunks_chooses_for_requests);
	tcase_add_test(tc, what_small_requests_do_not_see_fades_too);
	tcase_add_test(tc, an_engine_that_fails_is_believed_to_be_slow);
	tcase_add_test(tc, of_several_inside_each_takes_from_the_end_of_the_one_before);
	tcase_add_test(tc, a_large_request_is_split_when_that_is_sooner);
	tcase_add_test(tc, runners_are_as_many_as_can_be_busy);
	tcase_add_test(tc, engines_with_a_file_are_chosen_only_where_there_is_one);
	tcase_add_test(tc, a_cycle_goes_through_all_that_can);
	tcase_add_test(tc, a_forced_engine_is_chosen_where_it_can);
	tcase_add_test(tc, a_request_that_is_not_taken_is_done_on_the_cpu);
	tcase_add_test(tc, a_full_engine_is_passed_over_for_one_that_takes_the_same_buffers);
	tcase_add_test(tc, separate_buffers_may_go_to_an_engine_that_works_in_place);
	tcase_add_test(tc, an_engine_is_chosen_only_for_what_it_offers_now);
	tcase_add_test(tc, when_even_the_cpu_will_not_it_is_an_error);
	return tc;
}
