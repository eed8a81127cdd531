/* SPDX-License-Identifier: BSD-2-Clause */
/* test_posted.c: the memory of a caller whose call was answered. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "cuse/device.h"
#include "cuse/memory.h"
#include "reach.h"

/* A read of so many bytes is large enough to be checked. */
#define LARGE    ((size_t)64 << 10)
#define PATIENCE 10000

static ssize_t
access_at(struct dmover_space *space, void *at, bool is_write)
{
	uint8_t buf[8] = { 0 };
	struct iovec local = { buf, 8 }, remote = { at, 8 };

	return is_write ? space->spc_ops->spo_writev(space, &local, 1, &remote, 1)
			: space->spc_ops->spo_readv(space, &local, 1, &remote, 1);
}

/* Moves LEN bytes, one page of the space at AT again and again. */
static ssize_t
access_pages(struct dmover_space *space, uint8_t *at, size_t len, bool is_write)
{
	static uint8_t buf[LARGE];
	struct iovec local = { buf, len }, remote[LARGE / CHILD_PAGE];
	unsigned n = 0;

	for (size_t left = len; left > 0; n++) {
		size_t part = left < CHILD_PAGE ? left : CHILD_PAGE;

		remote[n] = (struct iovec){ at, part };
		left -= part;
	}
	return is_write ? space->spc_ops->spo_writev(space, &local, 1, remote, n)
			: space->spc_ops->spo_readv(space, &local, 1, remote, n);
}

/*
 * Reads LEN bytes by the checked way, when the handle is spoilt: again, if a thread of somebody else
 * (a sanitizer's) has made the poster fault meanwhile.
 */
static ssize_t
read_checked(struct dmover_space *space, uint8_t *at, size_t len)
{
	ssize_t n = -ESRCH;

	for (int i = 0; i < PATIENCE && n == -ESRCH; i++)
		n = access_pages(space, at, len, false);
	return n;
}

static uint8_t own_page[CHILD_PAGE];

/* A device of which only the ways are looked at: nobody waits in it. */
static void
device_start(struct dmio_device *device, bool is_lent, bool is_checked)
{
	dmio_device_init(device, NULL);
	device->ways = (struct dmio_ways){ .is_lent = is_lent, .is_checked = is_checked };
}

/* From here on the handle says that the space is gone: what still works goes another way. */
static void
spoil_handle(struct dmover_space *space)
{
	struct child dead;
	char path[64];
	int fd;

	child_start(&dead);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)dead.pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	child_exit(&dead);
	ck_assert_int_ge(dup3(fd, space->spc_ops->spo_file(space), O_CLOEXEC), 0);
	close(fd);
}

/* A child that sleeps, and has touched all that it needs for it. */
static void
child_settle(struct child *child)
{
	child_start(child);
	child_fault(child);
}

/*
 * A space that reads LARGE bytes of good memory in front of what it is asked for, so that every
 * read is checked.
 */
struct padded {
	struct dmover_space space; /* first */
	struct dmover_space *reader, *writer;
	uint8_t *good;
};

static ssize_t
padded_readv(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	static uint8_t pad[CHILD_PAGE];
	const struct padded *padded = (struct padded *)space;
	struct iovec to[1024], from[1024];
	unsigned npad = LARGE / CHILD_PAGE;
	ssize_t n = -ESRCH;

	for (unsigned i = 0; i < npad; i++) {
		to[i] = (struct iovec){ pad, CHILD_PAGE };
		from[i] = (struct iovec){ padded->good, CHILD_PAGE };
	}
	memcpy(to + npad, local, nlocal * sizeof(*to));
	memcpy(from + npad, remote, nremote * sizeof(*from));
	for (int i = 0; i < PATIENCE && n == -ESRCH; i++)
		n = padded->reader->spc_ops->spo_readv(
		    padded->reader, to, npad + nlocal, from, npad + nremote);
	if (n == (ssize_t)LARGE)
		return -EFAULT; /* not the first byte of what was asked for */
	return n < 0 ? n : n - (ssize_t)LARGE;
}

static ssize_t
padded_writev(struct dmover_space *space, const struct iovec *local, unsigned nlocal,
    const struct iovec *remote, unsigned nremote)
{
	struct dmover_space *writer = ((struct padded *)space)->writer;

	return writer->spc_ops->spo_writev(writer, local, nlocal, remote, nremote);
}

static const struct dmover_space_ops padded_ops = {
	.spo_readv = padded_readv,
	.spo_writev = padded_writev,
};

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

START_TEST(checked_reads_reach_as_far_as_well)
{
	struct padded padded = { .space = { .spc_ops = &padded_ops } };
	struct dmio_device device;
	struct child child;

	device_start(&device, false, true);
	child_settle(&child);
	padded.good = child.memory;
	same_int(dmio_posted_create(child.pid, &device, &padded.reader), 0);
	same_int(dmio_posted_create(child.pid, NULL, &padded.writer), 0);
	spoil_handle(padded.reader);
	reach_check(&padded.space, &child);
	dmover_space_unref(padded.reader);
	dmover_space_unref(padded.writer);
	child_exit(&child);
	dmio_device_fini(&device);
}
END_TEST

START_TEST(only_large_reads_are_checked)
{
	struct dmio_device device;
	struct dmover_space *space;
	struct child child;

	device_start(&device, false, true);
	child_settle(&child);
	same_int(dmio_posted_create(child.pid, &device, &space), 0);
	spoil_handle(space);
	same_int(read_checked(space, child.memory, LARGE), (intmax_t)LARGE);
	same_int(access_pages(space, child.memory, LARGE - 1, false), -ESRCH);
	same_int(access_pages(space, child.memory, LARGE, true), -ESRCH);
	dmover_space_unref(space);
	device.ways.is_checked = false;
	same_int(dmio_posted_create(child.pid, &device, &space), 0);
	spoil_handle(space);
	same_int(access_pages(space, child.memory, LARGE, false), -ESRCH);
	dmover_space_unref(space);
	child_exit(&child);
	dmio_device_fini(&device);
}
END_TEST

START_TEST(what_a_checked_read_may_not_read_is_a_fault)
{
	struct dmio_device device;
	struct dmover_space *space;
	struct child child;

	device_start(&device, false, true);
	child_settle(&child);
	same_int(dmio_posted_create(child.pid, &device, &space), 0);
	spoil_handle(space);
	same_int(read_checked(space, child.memory + PAGE_NONE * CHILD_PAGE, LARGE), -EFAULT);
	dmover_space_unref(space);
	child_exit(&child);
	dmio_device_fini(&device);
}
END_TEST

START_TEST(a_poster_that_faults_is_looked_at_again)
{
	struct dmio_device device;
	struct dmover_space *space;
	struct child child;

	device_start(&device, false, true);
	child_settle(&child);
	same_int(dmio_posted_create(child.pid, &device, &space), 0);
	spoil_handle(space);
	child_fault(&child);
	same_int(access_pages(space, child.memory, LARGE, false), -ESRCH);
	same_int(read_checked(space, child.memory, LARGE), (intmax_t)LARGE);
	/* One that never stops costs little; one that stops is served again after a while. */
	child_fault_on(&child);
	for (unsigned i = 0; i < 1000; i++)
		access_pages(space, child.memory, LARGE, false);
	child_fault(&child);
	for (unsigned i = 0; i < 100; i++)
		same_int(read_checked(space, child.memory, LARGE), (intmax_t)LARGE);
	dmover_space_unref(space);
	child_exit(&child);
	dmio_device_fini(&device);
}
END_TEST

struct poster {
	struct dmio_device *device;
	pid_t tid;
	struct dmover_space *space;
	int err;
};

static void *
post_own(void *arg)
{
	struct poster *poster = arg;

	poster->tid = gettid();
	poster->err = dmio_posted_create(poster->tid, poster->device, &poster->space);
	spoil_handle(poster->space);
	/* While it lives, whatever else happens in the process. */
	if (access_pages(poster->space, own_page, LARGE, false) != (ssize_t)LARGE)
		poster->err = -EIO;
	return NULL;
}

START_TEST(a_thread_that_has_ended_is_not_believed_any_more)
{
	struct dmio_device device;
	struct poster poster = { .device = &device };
	pthread_t thread;

	device_start(&device, false, true);
	ck_assert_int_eq(pthread_create(&thread, NULL, post_own, &poster), 0);
	pthread_join(thread, NULL);
	unit_wait_gone(poster.tid);
	same_int(poster.err, 0);
	same_int(access_pages(poster.space, own_page, LARGE, false), -ESRCH);
	dmover_space_unref(poster.space);
	dmio_device_fini(&device);
}
END_TEST

/* The new image has read-only memory where the old one had its own: neither is read nor written. */
START_TEST(a_checked_read_after_an_exec_is_never_believed)
{
	for (unsigned round = 0; round < 6; round++) {
		struct dmio_device device;
		struct dmover_space *space;
		struct child child;

		device_start(&device, round % 2 == 0, true);
		child_settle(&child);
		same_int(dmio_posted_create(child.pid, &device, &space), 0);
		same_int(read_checked(space, child.memory, LARGE), (intmax_t)LARGE);
		if (round < 3)
			child_exec(&child);
		else
			child_exec_in_thread(&child);
		for (unsigned i = 0; i < 100; i++)
			same_int(access_pages(space, child.memory, LARGE, false), -ESRCH);
		dmover_space_unref(space);
		child_exit(&child);
		dmio_device_fini(&device);
	}
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
	/* Room for one of the two files that it cannot do without. */
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

START_TEST(without_room_for_a_witness_the_handle_is_left)
{
	struct dmio_device device;
	struct dmover_space *space;
	struct rlimit limit, usual;
	int first = next_descriptor();

	device_start(&device, true, true);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
	limit = usual;
	limit.rlim_cur = (rlim_t)first + 2;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	same_int(dmio_posted_create(getpid(), &device, &space), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
	same_int(access_pages(space, own_page, LARGE, false), (intmax_t)LARGE);
	dmover_space_unref(space);
	same_int(next_descriptor(), first);
	dmio_device_fini(&device);
}
END_TEST

TCase *
unit_posted(void)
{
	TCase *tc = unit_case("posted");

	tcase_add_test(tc, a_posted_caller_is_reached_as_far_as_its_pages_allow);
	tcase_add_test(tc, checked_reads_reach_as_far_as_well);
	tcase_add_test(tc, only_large_reads_are_checked);
	tcase_add_test(tc, what_a_checked_read_may_not_read_is_a_fault);
	tcase_add_test(tc, a_poster_that_faults_is_looked_at_again);
	tcase_add_test(tc, a_thread_that_has_ended_is_not_believed_any_more);
	tcase_add_test(tc, a_checked_read_after_an_exec_is_never_believed);
	tcase_add_test(tc, after_an_exec_the_memory_is_gone);
	tcase_add_test(tc, after_an_exit_the_memory_is_gone);
	tcase_add_test(tc, a_forked_child_of_the_caller_is_another_memory);
	tcase_add_test(tc, memory_that_must_not_fault_is_refused);
	tcase_add_test(tc, a_caller_that_is_somebody_else_is_refused);
	tcase_add_test(tc, a_space_that_cannot_be_made_leaves_nothing_open);
	tcase_add_test(tc, without_room_for_a_witness_the_handle_is_left);
	return tc;
}
