/* SPDX-License-Identifier: BSD-2-Clause */
/* test_posted.c: the memory of a caller whose call was answered. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "cuse/memory.h"
#include "reach.h"

static ssize_t
access_at(struct dmover_space *space, void *at, bool is_write)
{
	uint8_t buf[8] = { 0 };
	struct iovec local = { buf, 8 }, remote = { at, 8 };

	return is_write ? space->spc_ops->spo_writev(space, &local, 1, &remote, 1)
			: space->spc_ops->spo_readv(space, &local, 1, &remote, 1);
}

START_TEST(a_posted_caller_is_reached_as_far_as_its_pages_allow)
{
	struct dmover_space *space;
	struct child child;

	child_start(&child);
	same_int(dmio_posted_create(child.pid, NULL, &space), 0);
	reach_check(space, &child);
	dmover_space_unref(space);
	child_exit(&child);
}
END_TEST

START_TEST(after_an_exec_the_memory_is_gone)
{
	struct dmover_space *space;
	struct child child;

	child_start(&child);
	same_int(dmio_posted_create(child.pid, NULL, &space), 0);
	same_int(access_at(space, child.memory, true), 8);
	child_exec(&child);
	same_int(access_at(space, child.memory, true), -ESRCH);
	same_int(access_at(space, child.memory, false), -ESRCH);
	same_int(access_at(space, child.memory + PAGE_NONE * CHILD_PAGE, false), -ESRCH);
	dmover_space_unref(space);
	child_exit(&child);
}
END_TEST

START_TEST(after_an_exit_the_memory_is_gone)
{
	struct dmover_space *space;
	struct child child;
	uint8_t *memory;

	child_start(&child);
	memory = child.memory;
	same_int(dmio_posted_create(child.pid, NULL, &space), 0);
	same_int(access_at(space, memory, false), 8);
	child_exit(&child);
	same_int(access_at(space, memory, false), -ESRCH);
	same_int(access_at(space, memory, true), -ESRCH);
	dmover_space_unref(space);
}
END_TEST

START_TEST(a_forked_child_of_the_caller_is_another_memory)
{
	struct dmover_space *space;
	struct child child;
	uint8_t byte;

	child_start(&child);
	same_int(dmio_posted_create(getpid(), NULL, &space), 0);
	same_int(access_at(space, child.memory, true), 8);
	same_int(child.memory[1], 0);
	child_peek(&child, 1, &byte, 1);
	same_int(byte, child_byte(1));
	dmover_space_unref(space);
	child_exit(&child);
}
END_TEST

START_TEST(memory_that_must_not_fault_is_refused)
{
	struct dmover_space *space;
	char byte = 1;

	same_int(dmio_posted_create(getpid(), NULL, &space), 0);
	holds(!space->spc_ops->spo_is_resident(space, &byte, 1));
	dmover_space_unref(space);
}
END_TEST

START_TEST(a_caller_that_is_somebody_else_is_refused)
{
	const pid_t other = 1;
	struct dmover_space *space;

	if (!unit_drop_privileges())
		return;
	same_int(dmio_posted_create(other, NULL, &space), -EPERM);
	unit_regain_privileges();
}
END_TEST

/* The lowest descriptor that is free. */
static int
next_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

START_TEST(a_space_that_cannot_be_made_leaves_nothing_open)
{
	int first = next_descriptor();
	struct dmover_space *space;
	struct rlimit limit, usual;

	holds(dmio_posted_create(1 << 30, NULL, &space) < 0);
	same_int(next_descriptor(), first);
	/* Room for one of the two files that it needs. */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
	limit = usual;
	limit.rlim_cur = (rlim_t)first + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	same_int(dmio_posted_create(getpid(), NULL, &space), -EMFILE);
	same_int(next_descriptor(), first);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
	same_int(dmio_posted_create(getpid(), NULL, &space), 0);
	dmover_space_unref(space);
	same_int(next_descriptor(), first);
}
END_TEST

TCase *
unit_posted(void)
{
	TCase *tc = unit_case("posted");

	tcase_add_test(tc, a_posted_caller_is_reached_as_far_as_its_pages_allow);
	tcase_add_test(tc, after_an_exec_the_memory_is_gone);
	tcase_add_test(tc, after_an_exit_the_memory_is_gone);
	tcase_add_test(tc, a_forked_child_of_the_caller_is_another_memory);
	tcase_add_test(tc, memory_that_must_not_fault_is_refused);
	tcase_add_test(tc, a_caller_that_is_somebody_else_is_refused);
	tcase_add_test(tc, a_space_that_cannot_be_made_leaves_nothing_open);
	return tc;
}
