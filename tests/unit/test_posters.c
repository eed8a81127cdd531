/* SPDX-License-Identifier: BSD-2-Clause */
/* test_posters.c: who has posted lately, and when their memory must be opened anew. */
#include "unit.h"

#include <errno.h>

#include "child.h"
#include "cuse/device.h"
#include "cuse/lend.h"
#include "cuse/posters.h"

static struct dmio_device device;

static void
setup(void)
{
	dmio_device_init(&device, NULL);
	device.ways = (struct dmio_ways){ .is_checked = true };
}

static void
teardown(void)
{
	dmio_device_fini(&device);
}

/* A child that sleeps, and has touched all that it needs for it. */
static void
settle(struct child *child)
{
	child_start(child);
	child_fault(child);
}

static struct dmover_space *
get(const struct child *child)
{
	struct dmover_space *space;

	same_int(dmio_posters_get(&device.posters, child->pid, &device, &space), 0);
	return space;
}

static ssize_t
read_byte(struct dmover_space *space, void *at)
{
	uint8_t byte;
	struct iovec local = { &byte, 1 }, remote = { at, 1 };

	return space->spc_ops->spo_readv(space, &local, 1, &remote, 1);
}

/*
 * Gets what it got before, at the second try at the latest: a thread of somebody else (a
 * sanitizer's) may have made the child fault at the first.
 */
static void
check_again(const struct child *child)
{
	struct dmover_space *one = get(child), *two = get(child), *three = get(child);

	holds(one == two || two == three);
	same_int(read_byte(three, child->memory), 1);
	dmover_space_unref(one);
	dmover_space_unref(two);
	dmover_space_unref(three);
}

/* What was got before is not got any more; returns the new one. */
static struct dmover_space *
check_anew(const struct child *child, struct dmover_space *before)
{
	struct dmover_space *space = get(child);

	holds(space != before);
	return space;
}

START_TEST(a_thread_that_posts_again_gets_the_same_space)
{
	struct child ann, bob;

	settle(&ann);
	settle(&bob);
	check_again(&ann);
	check_again(&bob);
	check_again(&ann);
	child_exit(&ann);
	child_exit(&bob);
}
END_TEST

START_TEST(a_thread_that_has_faulted_is_opened_anew)
{
	struct dmover_space *before, *after;
	struct child child;

	settle(&child);
	before = get(&child);
	child_fault(&child);
	after = check_anew(&child, before);
	same_int(read_byte(after, child.memory), 1);
	dmover_space_unref(before);
	dmover_space_unref(after);
	child_exit(&child);
}
END_TEST

static void
check_exec(void (*exec)(struct child *child))
{
	struct dmover_space *before, *after;
	struct child child;

	settle(&child);
	check_again(&child);
	before = get(&child);
	exec(&child);
	after = check_anew(&child, before);
	/* The old memory is gone; the new program has other memory there, or none. */
	same_int(read_byte(before, child.memory), -ESRCH);
	holds(read_byte(after, child.memory) != -ESRCH);
	dmover_space_unref(before);
	dmover_space_unref(after);
	child_exit(&child);
}

START_TEST(a_thread_that_has_run_another_program_is_opened_anew)
{
	check_exec(child_exec);
	check_exec(child_exec_in_thread);
}
END_TEST

START_TEST(a_thread_that_has_ended_is_no_poster)
{
	struct dmover_space *space;
	struct child child;

	settle(&child);
	check_again(&child);
	child_exit(&child);
	holds(dmio_posters_get(&device.posters, child.pid, &device, &space) < 0);
}
END_TEST

START_TEST(without_a_witness_nothing_is_kept)
{
	struct dmover_space *before, *after;
	struct child child;

	device.ways.is_checked = false;
	settle(&child);
	before = get(&child);
	after = check_anew(&child, before);
	dmover_space_unref(before);
	dmover_space_unref(after);
	child_exit(&child);
}
END_TEST

START_TEST(who_posted_longest_ago_is_forgotten_first)
{
	struct child children[DMIO_POSTERS_MAX + 1];
	struct dmover_space *first;

	for (unsigned i = 0; i <= DMIO_POSTERS_MAX; i++)
		settle(&children[i]);
	first = get(&children[0]);
	for (unsigned i = 1; i <= DMIO_POSTERS_MAX; i++)
		dmover_space_unref(get(&children[i]));
	for (unsigned i = 0; i < DMIO_POSTERS_MAX; i++)
		same_int(device.posters.recent[i].tid, children[DMIO_POSTERS_MAX - i].pid);
	dmover_space_unref(check_anew(&children[0], first));
	dmover_space_unref(first);
	for (unsigned i = 0; i <= DMIO_POSTERS_MAX; i++)
		child_exit(&children[i]);
}
END_TEST

/* Whether the child is known without a look at it, and then for what it is. */
static bool
is_known(const struct child *child)
{
	struct dmio_identity identity, seen;

	if (!dmio_posters_identity(&device.posters, child->pid, &identity))
		return false;
	holds(dmio_identity_get(child->pid, &seen));
	holds(dmio_identity_equals(&identity, &seen));
	return true;
}

/* Known after one of two posts, as in check_again(). */
static void
become_known(struct child *child)
{
	settle(child);
	dmover_space_unref(get(child));
	if (!is_known(child))
		dmover_space_unref(get(child));
	holds(is_known(child));
}

START_TEST(who_has_posted_and_not_faulted_is_known)
{
	void (*const changes[])(
	    struct child * child) = { child_fault, child_exec, child_exec_in_thread, child_exit };
	struct child child, stranger;

	device.ways.is_lent = true;
	become_known(&child);
	settle(&stranger);
	holds(!is_known(&stranger));
	child_exit(&stranger);
	changes[_i](&child);
	holds(!is_known(&child));
	if (changes[_i] != child_exit)
		child_exit(&child);
}
END_TEST

TCase *
unit_posters(void)
{
	TCase *tc = unit_case("posters");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_thread_that_posts_again_gets_the_same_space);
	tcase_add_test(tc, a_thread_that_has_faulted_is_opened_anew);
	tcase_add_test(tc, a_thread_that_has_run_another_program_is_opened_anew);
	tcase_add_test(tc, a_thread_that_has_ended_is_no_poster);
	tcase_add_test(tc, without_a_witness_nothing_is_kept);
	tcase_add_test(tc, who_posted_longest_ago_is_forgotten_first);
	tcase_add_loop_test(tc, who_has_posted_and_not_faulted_is_known, 0, 4);
	return tc;
}
