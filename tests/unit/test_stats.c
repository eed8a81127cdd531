/* SPDX-License-Identifier: BSD-2-Clause */
/* test_stats.c: the line of counters. */
#include "unit.h"

#include <string.h>

#include "core/stats.h"

START_TEST(each_counter_is_in_the_line_under_its_name)
{
	struct dmover_stats stats = { .st_requests = 1,
		.st_failed = 2,
		.st_dropped = 3,
		.st_redone = 4,
		.st_held = 5,
		.st_posted = 6,
		.st_deferred = 7 };
	char line[256];

	STATS_ADD(stats.st_stalls, 8);
	dmover_stats_format(&stats, line, sizeof(line));
	same_text(
	    line, "requests=1 failed=2 dropped=3 redone=4 held=5 posted=6 deferred=7 stalls=8");
}
END_TEST

START_TEST(a_line_that_does_not_fit_is_cut)
{
	struct dmover_stats stats = { .st_requests = UINT64_MAX };
	char line[12];

	memset(line, 'x', sizeof(line));
	dmover_stats_format(&stats, line, 11);
	same_text(line, "requests=1");
	holds(line[11] == 'x');
}
END_TEST

TCase *
unit_stats(void)
{
	TCase *tc = unit_case("stats");

	tcase_add_test(tc, each_counter_is_in_the_line_under_its_name);
	tcase_add_test(tc, a_line_that_does_not_fit_is_cut);
	return tc;
}
