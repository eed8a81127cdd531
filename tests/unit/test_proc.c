/* SPDX-License-Identifier: BSD-2-Clause */
/* test_proc.c: what /proc tells of a thread. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "cuse/proc.h"

START_TEST(files_are_those_of_the_thread)
{
	char text[64];
	struct child child;
	ssize_t n;

	child_start(&child);
	n = dmio_proc_read(child.pid, "stat", text, sizeof(text));
	holds(n > 0 && n < (ssize_t)sizeof(text));
	same_size(strlen(text), (size_t)n);
	same_int(strtol(text, NULL, 10), child.pid);
	/* A file is cut at the room there is, for the NUL behind it too. */
	same_int(dmio_proc_read(child.pid, "stat", text, 2), 1);
	same_size(strlen(text), 1);
	child_exit(&child);
	same_int(dmio_proc_read(child.pid, "stat", text, sizeof(text)), -ENOENT);
	same_int(dmio_proc_open(1 << 30, "stat", O_RDONLY), -ENOENT);
}
END_TEST

START_TEST(a_file_that_is_not_allowed_is_told_as_such)
{
	if (!unit_drop_privileges())
		return;
	same_int(dmio_proc_open(1, "mem", O_RDONLY), -EPERM);
	unit_regain_privileges();
}
END_TEST

/* Faults and start as getrusage(2) and another file tell them. */
START_TEST(stat_is_read_whatever_the_name_is)
{
	static const char *const names[] = { "plain", "a) b 1 2 3", ")))", " ", "(x) S 1 (y" };
	char usual[16];
	uint64_t start = 0;
	int fd = dmio_proc_open(getpid(), "stat", O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(prctl(PR_GET_NAME, usual), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct dmio_proc_stat stat = { 0 };
		struct rusage before, after;

		ck_assert_int_eq(prctl(PR_SET_NAME, names[i]), 0);
		getrusage(RUSAGE_SELF, &before);
		holds(dmio_proc_stat(fd, &stat));
		getrusage(RUSAGE_SELF, &after);
		holds(stat.faults >= (uint64_t)(before.ru_minflt + before.ru_majflt));
		holds(stat.faults <= (uint64_t)(after.ru_minflt + after.ru_majflt));
		if (i == 0)
			start = stat.start;
		same_size(stat.start, start);
	}
	holds(start > 0);
	prctl(PR_SET_NAME, usual);
	close(fd);
}
END_TEST

START_TEST(an_open_stat_is_never_about_another_thread)
{
	struct dmio_proc_stat stat;
	struct child child;
	int fd;

	child_start(&child);
	fd = dmio_proc_open(child.pid, "stat", O_RDONLY);
	holds(dmio_proc_stat(fd, &stat));
	child_exit(&child);
	holds(!dmio_proc_stat(fd, &stat));
	close(fd);
}
END_TEST

/* What the parser makes of TEXT. */
static bool
parse(const char *text, struct dmio_proc_stat *stat)
{
	int fd = memfd_create("stat", MFD_CLOEXEC);
	bool is_good;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	is_good = dmio_proc_stat(fd, stat);
	close(fd);
	return is_good;
}

START_TEST(texts_of_any_form_end)
{
	struct dmio_proc_stat stat;

	holds(parse("7 (x) S 1 2 3 4 5 6 10 0 30 0 0 0 0 0 0 0 0 0 99 1 1\n", &stat));
	same_size(stat.faults, 40);
	same_size(stat.start, 99);
	holds(parse("7 (x) S 1 2 3 4 5 6 10 0 30 0 0 0 0 0 0 0 0 0 98", &stat));
	same_size(stat.start, 98);
	holds(!parse("7 (x) S 1 2 3 4 5 6 10 0 30 0 0 0 0 0 0 0 0 0", &stat));
	holds(!parse("7 (x)", &stat));
	holds(!parse("7 x S 1 2 3", &stat));
	holds(!parse("", &stat));
}
END_TEST

START_TEST(the_process_of_a_thread_is_found)
{
	same_int(dmio_proc_process(getpid()), getpid());
	same_int(dmio_proc_process(1 << 30), 0);
}
END_TEST

TCase *
unit_proc(void)
{
	TCase *tc = unit_case("proc");

	tcase_add_test(tc, files_are_those_of_the_thread);
	tcase_add_test(tc, a_file_that_is_not_allowed_is_told_as_such);
	tcase_add_test(tc, stat_is_read_whatever_the_name_is);
	tcase_add_test(tc, an_open_stat_is_never_about_another_thread);
	tcase_add_test(tc, texts_of_any_form_end);
	tcase_add_test(tc, the_process_of_a_thread_is_found);
	return tc;
}
