/* SPDX-License-Identifier: BSD-2-Clause */
/* test_cost.c: straight lines through what was measured, and their correction. */
#include "unit.h"

#include "core/cost.h"

static struct dmover_cost cost;

static void
setup(void)
{
	const double ns[COST_SIZES] = { 612, 4196, 65636, 524388 }; /* 100 + 1 for each byte */

	dmover_cost_init(&cost);
	for (int kind = 0; kind < DMOVER_NKINDS; kind++)
		dmover_cost_set(&cost, (enum dmover_kind)kind, ns);
}

static double
copy_ns(size_t len)
{
	return dmover_cost_ns(&cost, dmover_function_find("copy"), len);
}

START_TEST(sizes_are_classed_by_their_upper_bounds)
{
	same_size(dmover_cost_size(1), 0);
	same_size(dmover_cost_size(2048), 0);
	same_size(dmover_cost_size(2049), 1);
	same_size(dmover_cost_size(16384), 1);
	same_size(dmover_cost_size(16385), 2);
	same_size(dmover_cost_size(131072), 2);
	same_size(dmover_cost_size(131073), 3);
	same_size(dmover_cost_size(SIZE_MAX), 3);
	for (unsigned size = 0; size < COST_SIZES; size++)
		same_size(dmover_cost_size(dmover_cost_lengths[size]), size);
}
END_TEST

START_TEST(a_length_between_two_lies_on_the_line_through_them)
{
	same_int(copy_ns(512), 612);
	same_int(copy_ns(1000), 1100);
	same_int(copy_ns(10000), 10100);
	same_int(copy_ns(1000000), 1000100);
	same_int(dmover_cost_measured(&cost, dmover_function_find("zero"), 1000), 1100);
}
END_TEST

START_TEST(noise_is_no_negative_time)
{
	const double ns[COST_SIZES] = { 1000, 900, 800, 700 };

	dmover_cost_set(&cost, DMOVER_KIND_COPY, ns);
	for (size_t len = 1; len < 1 << 20; len *= 3)
		holds(copy_ns(len) > 0);
	same_int(copy_ns(4096), 900);
}
END_TEST

START_TEST(more_inputs_take_longer)
{
	same_int(dmover_cost_ns(&cost, dmover_function_find("xor4"), 1000), 1100);
	same_int(dmover_cost_ns(&cost, dmover_function_find("xor9"), 1000), 2100);
}
END_TEST

START_TEST(what_is_seen_is_believed_after_a_while)
{
	const struct dmover_function *copy = dmover_function_find("copy");

	dmover_cost_observe(&cost, copy, 1000, 2200);
	holds(copy_ns(1000) > 1100 && copy_ns(1000) < 1150);
	for (int i = 0; i < 400; i++)
		dmover_cost_observe(&cost, copy, 1000, 2200);
	holds(copy_ns(1000) > 2150 && copy_ns(1000) < 2250);
	/* Of its kind and size alone. */
	same_int(copy_ns(10000), 10100);
	same_int(dmover_cost_measured(&cost, copy, 1000), 1100);
	for (int i = 0; i < 200; i++)
		dmover_cost_observe(&cost, copy, 1000, 550);
	holds(copy_ns(1000) > 520 && copy_ns(1000) < 580);
	for (int i = 0; i < 200; i++)
		dmover_cost_fade(&cost, DMOVER_KIND_COPY, 0);
	same_int(copy_ns(1000), 1100);
}
END_TEST

START_TEST(one_long_time_does_little)
{
	const struct dmover_function *copy = dmover_function_find("copy");

	dmover_cost_observe(&cost, copy, 1000, 1e9);
	holds(copy_ns(1000) < 1150);
	for (int i = 0; i < 1000; i++)
		dmover_cost_observe(&cost, copy, 1000, 1e9);
	holds(copy_ns(1000) <= 16 * 1100 + 1);
	for (int i = 0; i < 1000; i++)
		dmover_cost_observe(&cost, copy, 1000, 1e-3);
	holds(copy_ns(1000) >= 1100 / 8 - 1);
	/* A clock that stands still says nothing. */
	dmover_cost_observe(&cost, copy, 10000, 0);
	same_int(copy_ns(10000), 10100);
}
END_TEST

TCase *
unit_cost(void)
{
	TCase *tc = unit_case("cost");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, sizes_are_classed_by_their_upper_bounds);
	tcase_add_test(tc, a_length_between_two_lies_on_the_line_through_them);
	tcase_add_test(tc, noise_is_no_negative_time);
	tcase_add_test(tc, more_inputs_take_longer);
	tcase_add_test(tc, what_is_seen_is_believed_after_a_while);
	tcase_add_test(tc, one_long_time_does_little);
	return tc;
}
