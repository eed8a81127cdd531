/* SPDX-License-Identifier: BSD-2-Clause */
/* test_memory.c: the memory of a held caller; and what it has in common with a posted one. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "cuse/memory.h"
#include "reach.h"

START_TEST(a_held_caller_is_reached_as_far_as_its_pages_allow)
{
	struct dmio_held held;
	struct child child;

	child_start(&child);
	dmio_held_init(&held, child.pid);
	reach_check(&held.space, &child);
	child_exit(&child);
}
END_TEST

START_TEST(a_caller_that_is_gone_is_told)
{
	struct iovec local = { (uint8_t[8]){ 0 }, 8 }, remote;
	struct dmio_held held;
	struct child child;

	child_start(&child);
	remote = (struct iovec){ child.memory, 8 };
	dmio_held_init(&held, child.pid);
	child_exit(&child);
	same_int(held.space.spc_ops->spo_readv(&held.space, &local, 1, &remote, 1), -ESRCH);
	same_int(held.space.spc_ops->spo_writev(&held.space, &local, 1, &remote, 1), -ESRCH);
	holds(!held.space.spc_ops->spo_is_resident(&held.space, remote.iov_base, 1));
	dmover_space_unref(&held.space);
}
END_TEST

START_TEST(a_caller_that_is_somebody_else_is_refused)
{
	struct iovec local = { (uint8_t[8]){ 0 }, 8 }, remote = { &local, 8 };
	const pid_t other = 1;
	struct dmio_held held;

	if (!unit_drop_privileges())
		return;
	dmio_held_init(&held, other);
	same_int(held.space.spc_ops->spo_readv(&held.space, &local, 1, &remote, 1), -EPERM);
	unit_regain_privileges();
}
END_TEST

START_TEST(pages_of_a_held_caller_are_resident_once_they_were_touched)
{
	const size_t page = CHILD_PAGE;
	uint8_t *memory = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const struct dmover_space_ops *ops;
	struct dmio_held held;

	ck_assert(memory != MAP_FAILED);
	memset(memory, 1, 2 * page);
	dmio_held_init(&held, getpid());
	ops = held.space.spc_ops;
	holds(ops->spo_is_resident(&held.space, memory + 1, 2 * page - 1));
	holds(!ops->spo_is_resident(&held.space, memory + 1, 2 * page));
	madvise(memory, page, MADV_DONTNEED);
	holds(!ops->spo_is_resident(&held.space, memory, 1));
	holds(ops->spo_is_resident(&held.space, memory + page, page));
	munmap(memory, 3 * page);
}
END_TEST

TCase *
unit_memory(void)
{
	TCase *tc = unit_case("memory");

	tcase_add_test(tc, a_held_caller_is_reached_as_far_as_its_pages_allow);
	tcase_add_test(tc, a_caller_that_is_gone_is_told);
	tcase_add_test(tc, a_caller_that_is_somebody_else_is_refused);
	tcase_add_test(tc, pages_of_a_held_caller_are_resident_once_they_were_touched);
	return tc;
}
