/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dispatch.c: which engine gets a request, and what becomes of one that is not taken. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/dispatch.h"
#include "engine.h"

#define LEN 100

/* Two lanes to choose from, the second one a fake; costs in ns and ns per byte. */
static void
two_lanes(struct dmover_dispatch *dispatch, struct dmover_stats *stats, struct dmover_cost cpu,
    struct dmover_cost fake)
{
	*dispatch =
	    (struct dmover_dispatch){ .nlanes = 2, .nchoosable = 2, .forced = -1, .stats = stats };
	dispatch->lanes[0].lane_engine = dmover_engines[0];
	dispatch->lanes[1].lane_engine = &fake_linear_engine;
	for (int kind = 0; kind < DMOVER_NKINDS; kind++)
		for (int size = 0; size < DISPATCH_SIZES; size++) {
			dispatch->lanes[0].lane_costs[kind][size] = cpu;
			dispatch->lanes[1].lane_costs[kind][size] = fake;
		}
}

START_TEST(sizes_are_classed_by_their_upper_bounds)
{
	same_size(dmover_dispatch_size(1), 0);
	same_size(dmover_dispatch_size(4096), 0);
	same_size(dmover_dispatch_size(4097), 1);
	same_size(dmover_dispatch_size(65536), 1);
	same_size(dmover_dispatch_size(65537), 2);
	same_size(dmover_dispatch_size(SIZE_MAX), 2);
}
END_TEST

START_TEST(the_one_that_finishes_first_is_chosen)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	/* The fake is dear to start and fast from then on: it pays from 1000 bytes. */
	two_lanes(
	    &dispatch, &stats, (struct dmover_cost){ 0, 1 }, (struct dmover_cost){ 500, 0.5 });
	same_size(dmover_dispatch_choose(&dispatch, DMOVER_KIND_COPY, 999), 0);
	same_size(dmover_dispatch_choose(&dispatch, DMOVER_KIND_COPY, 1001), 1);
	/* What is queued counts. */
	atomic_store(&dispatch.lanes[1].lane_queued, 100000);
	same_size(dmover_dispatch_choose(&dispatch, DMOVER_KIND_COPY, 1001), 0);
	atomic_store(&dispatch.lanes[0].lane_queued, 100000);
	same_size(dmover_dispatch_choose(&dispatch, DMOVER_KIND_COPY, 1001), 1);
}
END_TEST

START_TEST(a_forced_engine_is_chosen_where_it_can)
{
	static const struct dmover_engine only_zero = { .eng_name = "only-zero",
		.eng_kinds = DMOVER_F(DMOVER_KIND_ZERO) };
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	two_lanes(&dispatch, &stats, (struct dmover_cost){ 0, 1 }, (struct dmover_cost){ 0, 9 });
	dispatch.forced = 1;
	same_size(dmover_dispatch_choose(&dispatch, DMOVER_KIND_ZERO, LEN), 1);
	dispatch.lanes[1].lane_engine = &only_zero;
	same_size(dmover_dispatch_choose(&dispatch, DMOVER_KIND_ZERO, LEN), 1);
	same_size(dmover_dispatch_choose(&dispatch, DMOVER_KIND_COPY, LEN), 0);
	dispatch.forced = -1;
	dispatch.lanes[1].lane_costs[DMOVER_KIND_COPY][0] = (struct dmover_cost){ 0, 0 };
	same_size(dmover_dispatch_choose(&dispatch, DMOVER_KIND_COPY, LEN), 0);
}
END_TEST

static unsigned ndone;

static void
done(struct dmover_request *dreq)
{
	(void)dreq;
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
	};

	memset(in, 7, LEN);
	ndone = 0;
	dmover_dispatch_submit(dispatch, lane, &dreq);
	same_size(ndone, 1);
	same_int(dreq.dreq_error, expected);
	holds((memcmp(in, out, LEN) == 0) == is_copied);
}

START_TEST(a_request_that_is_not_taken_is_done_on_the_cpu)
{
	const struct dmover_cost cost = { 0, 1 };
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	two_lanes(&dispatch, &stats, cost, cost);
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
	const struct dmover_cost cost = { 0, 1 };
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	other = *dmover_engines[0];
	other.eng_flags = 0; /* as the fake's */
	two_lanes(&dispatch, &stats, (struct dmover_cost){ 0, 100 }, cost);
	dispatch.lanes[2] = dispatch.lanes[0];
	dispatch.lanes[2].lane_engine = &other;
	memcpy(dispatch.lanes[2].lane_costs, dispatch.lanes[1].lane_costs,
	    sizeof(dispatch.lanes[2].lane_costs));
	dispatch.nlanes = dispatch.nchoosable = 3;
	fake_linear.answer = -EAGAIN;
	submit(&dispatch, 1, 0, true);
	same_size(atomic_load(&stats.st_engines[2].requests), 1);
	same_size(atomic_load(&stats.st_redone), 0);
}
END_TEST

START_TEST(when_even_the_cpu_will_not_it_is_an_error)
{
	const struct dmover_cost cost = { 0, 1 };
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	two_lanes(&dispatch, &stats, cost, cost);
	dispatch.lanes[0].lane_engine = &fake_linear_engine;
	fake_linear.answer = -EAGAIN;
	submit(&dispatch, 1, -EIO, false);
}
END_TEST

/* The reason why --engine=SPEC is refused; empty: it is not. */
static const char *
refusal(const char *spec)
{
	static char why[200];
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };

	why[0] = '\0';
	if (dmover_dispatch_init(&dispatch, &stats, spec, why, sizeof(why)) == 0) {
		dmover_dispatch_fini(&dispatch);
		return "";
	}
	ck_assert(why[0] != '\0');
	return why;
}

START_TEST(engines_are_named_with_or_without_arguments)
{
	same_text(refusal("auto"), "");
	same_text(refusal(dmover_engines[0]->eng_name), "");
	same_text(refusal("null"), "");
	same_text(refusal("fault"), "");
	same_text(refusal("fault:delay=1us"), "");
	holds(refusal("nonsense")[0] != '\0');
	holds(refusal("nul")[0] != '\0');
	holds(refusal("nullx")[0] != '\0');
	holds(refusal("")[0] != '\0');
	holds(refusal("null:x")[0] != '\0');
	holds(refusal("fault:x")[0] != '\0');
}
END_TEST

START_TEST(the_first_engine_is_always_open_and_a_named_one_is_forced)
{
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	char why[200] = "";

	same_int(dmover_dispatch_init(&dispatch, &stats, "null", why, sizeof(why)), 0);
	holds(dispatch.lanes[DISPATCH_CPU].lane_engine == dmover_engines[0]);
	same_int(dispatch.forced, dispatch.nlanes - 1);
	same_size(dispatch.nchoosable, dispatch.nlanes - 1);
	holds(dmover_dispatch_takes_uio(&dispatch, (unsigned)dispatch.forced));
	holds(!dmover_dispatch_takes_uio(&dispatch, DISPATCH_CPU));
	holds(dmover_dispatch_is_inplace(&dispatch, DISPATCH_CPU));
	for (int kind = 0; kind < DMOVER_NKINDS; kind++)
		same_size(dmover_dispatch_choose(&dispatch, (enum dmover_kind)kind, LEN),
		    (unsigned)dispatch.forced);
	dmover_dispatch_fini(&dispatch);
	same_size(dispatch.nlanes, 0);
}
END_TEST

START_TEST(the_list_names_every_engine_and_every_kind)
{
	static const char *const kinds[] = { "zero", "fill8", "copy", "iscsi-crc32c", "xor" };
	struct dmover_dispatch dispatch;
	struct dmover_stats stats = { 0 };
	char why[200] = "", *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	same_int(dmover_dispatch_init(&dispatch, &stats, "auto", why, sizeof(why)), 0);
	dmover_dispatch_list(&dispatch, out);
	fclose(out);
	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		holds(strstr(text, dmover_engines[i]->eng_name) != NULL);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		holds(strstr(text, kinds[i]) != NULL);
	holds(strstr(text, "only by name") != NULL && strchr(text, '[') != NULL);
	free(text);
	dmover_dispatch_fini(&dispatch);
}
END_TEST

TCase *
unit_dispatch(void)
{
	TCase *tc = unit_case("dispatch");

	tcase_add_checked_fixture(tc, fake_engine_reset, NULL);
	tcase_add_test(tc, sizes_are_classed_by_their_upper_bounds);
	tcase_add_test(tc, the_one_that_finishes_first_is_chosen);
	tcase_add_test(tc, a_forced_engine_is_chosen_where_it_can);
	tcase_add_test(tc, a_request_that_is_not_taken_is_done_on_the_cpu);
	tcase_add_test(tc, a_full_engine_is_passed_over_for_one_that_takes_the_same_buffers);
	tcase_add_test(tc, when_even_the_cpu_will_not_it_is_an_error);
	tcase_add_test(tc, engines_are_named_with_or_without_arguments);
	tcase_add_test(tc, the_first_engine_is_always_open_and_a_named_one_is_forced);
	tcase_add_test(tc, the_list_names_every_engine_and_every_kind);
	return tc;
}
