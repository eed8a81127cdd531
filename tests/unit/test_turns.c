/* SPDX-License-Identifier: BSD-2-Clause */
/* test_turns.c: nobody waits longer than is fair. */
#include "unit.h"

#include <string.h>

#include "core/turns.h"

static struct dmover_turn turns_of[8];
static struct dmover_turns turns;

static void
setup(void)
{
	memset(&turns, 0, sizeof(turns));
}

static int
take(void)
{
	struct dmover_turn *turn = dmover_turns_take(&turns);

	return turn != NULL ? (int)(turn - turns_of) : -1;
}

START_TEST(nobody_waits_at_first)
{
	holds(dmover_turns_is_empty(&turns));
	same_int(take(), -1);
}
END_TEST

START_TEST(each_list_keeps_its_order)
{
	for (int i = 0; i < 4; i++)
		dmover_turns_add(&turns, &turns_of[i], false);
	for (int i = 0; i < 4; i++)
		same_int(take(), i);
	for (int i = 0; i < 4; i++)
		dmover_turns_add(&turns, &turns_of[i], true);
	for (int i = 0; i < 4; i++)
		same_int(take(), i);
	holds(dmover_turns_is_empty(&turns));
}
END_TEST

START_TEST(who_is_fresh_goes_ahead_every_second_time)
{
	for (int i = 0; i < 4; i++)
		dmover_turns_add(&turns, &turns_of[i], false);
	for (int i = 4; i < 8; i++)
		dmover_turns_add(&turns, &turns_of[i], true);
	for (int i = 0; i < 4; i++) {
		same_int(take(), 4 + i);
		same_int(take(), i);
	}
	same_int(take(), -1);
}
END_TEST

START_TEST(one_that_is_always_fresh_starves_nobody)
{
	int old = 0;

	for (int i = 0; i < 3; i++)
		dmover_turns_add(&turns, &turns_of[i], false);
	for (int i = 0; i < 6; i++) {
		int who;

		if (i % 2 == 0)
			dmover_turns_add(&turns, &turns_of[7], true);
		who = take();
		old += who != 7;
		if (who != 7)
			same_int(who, old - 1);
	}
	same_int(old, 3);
}
END_TEST

TCase *
unit_turns(void)
{
	TCase *tc = unit_case("turns");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, nobody_waits_at_first);
	tcase_add_test(tc, each_list_keeps_its_order);
	tcase_add_test(tc, who_is_fresh_goes_ahead_every_second_time);
	tcase_add_test(tc, one_that_is_always_fresh_starves_nobody);
	return tc;
}
