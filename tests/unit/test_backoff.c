/* SPDX-License-Identifier: BSD-2-Clause */
/* test_backoff.c: what is in vain is tried less and less often, but never given up. */
#include "unit.h"

#include "core/backoff.h"

static struct dmover_backoff backoff;

static void
setup(void)
{
	backoff = (struct dmover_backoff){ 0 };
}

/* Tries that are left out before the next one. */
static unsigned
left_out(void)
{
	unsigned n = 0;

	while (!dmover_backoff_may(&backoff))
		n++;
	return n;
}

START_TEST(hits_leave_nothing_out)
{
	for (int i = 0; i < 10; i++) {
		same_size(left_out(), 0);
		dmover_backoff_tell(&backoff, true);
	}
}
END_TEST

START_TEST(misses_leave_out_more_and_more_up_to_31)
{
	static const unsigned wanted[] = { 0, 1, 3, 7, 15, 31, 31, 31 };

	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		same_size(left_out(), wanted[i]);
		dmover_backoff_tell(&backoff, false);
	}
}
END_TEST

START_TEST(one_hit_makes_good_for_all_misses)
{
	for (int i = 0; i < 10; i++) {
		left_out();
		dmover_backoff_tell(&backoff, false);
	}
	same_size(left_out(), 31);
	dmover_backoff_tell(&backoff, true);
	same_size(left_out(), 0);
	dmover_backoff_tell(&backoff, false);
	same_size(left_out(), 1);
}
END_TEST

TCase *
unit_backoff(void)
{
	TCase *tc = unit_case("backoff");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, hits_leave_nothing_out);
	tcase_add_test(tc, misses_leave_out_more_and_more_up_to_31);
	tcase_add_test(tc, one_hit_makes_good_for_all_misses);
	return tc;
}
