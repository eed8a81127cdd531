/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lend.c: whose address space a thread has. */
#include "unit.h"

#include <string.h>
#include <unistd.h>

#include "child.h"
#include "cuse/lend.h"

START_TEST(a_thread_equals_itself_and_no_other)
{
	struct dmio_identity own, again, other;
	struct child child;

	child_start(&child);
	holds(dmio_identity_get(getpid(), &own));
	holds(dmio_identity_get(getpid(), &again));
	holds(dmio_identity_equals(&own, &again));
	same_int(own.tid, getpid());
	/* A forked child has the same random bytes. */
	holds(dmio_identity_get(child.pid, &other));
	same_bytes(own.bytes, other.bytes, sizeof(own.bytes));
	holds(!dmio_identity_equals(&own, &other));
	child_exit(&child);
}
END_TEST

START_TEST(an_exec_makes_another_one)
{
	struct dmio_identity before, after;
	struct child child;

	child_start(&child);
	holds(dmio_identity_get(child.pid, &before));
	child_exec(&child);
	holds(dmio_identity_get(child.pid, &after));
	same_int(before.tid, after.tid);
	same_size(before.start, after.start);
	holds(!dmio_identity_equals(&before, &after));
	child_exit(&child);
}
END_TEST

START_TEST(every_part_counts)
{
	struct dmio_identity own, other;

	holds(dmio_identity_get(getpid(), &own));
	other = own;
	other.tid++;
	holds(!dmio_identity_equals(&own, &other));
	other = own;
	other.start++;
	holds(!dmio_identity_equals(&own, &other));
	other = own;
	other.address++;
	holds(!dmio_identity_equals(&own, &other));
	other = own;
	other.bytes[15] ^= 1;
	holds(!dmio_identity_equals(&own, &other));
}
END_TEST

START_TEST(who_is_not_there_equals_nobody)
{
	struct dmio_identity one, other;
	struct child child;

	child_start(&child);
	child_exit(&child);
	memset(&one, 1, sizeof(one));
	holds(!dmio_identity_get(child.pid, &one));
	holds(!dmio_identity_get(1 << 30, &other));
	same_int(one.tid, 0);
	holds(!dmio_identity_equals(&one, &other));
	holds(!dmio_identity_equals(&one, &one));
}
END_TEST

TCase *
unit_lend(void)
{
	TCase *tc = unit_case("lend");

	tcase_add_test(tc, a_thread_equals_itself_and_no_other);
	tcase_add_test(tc, an_exec_makes_another_one);
	tcase_add_test(tc, every_part_counts);
	tcase_add_test(tc, who_is_not_there_equals_nobody);
	return tc;
}
