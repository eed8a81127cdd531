/* SPDX-License-Identifier: BSD-2-Clause */
/* test_ways.c: the ways to callers' memory that work on this machine. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cuse/ways.h"

#define CANNOT 77

static char why[256];

/* In a child process, since what BEFORE does cannot be undone: what the probe says there. */
static int
probe_after(int (*before)(void), const char *expected)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct dmio_ways ways;

		if (before() != 0)
			_exit(CANNOT);
		if (dmio_ways_probe(DMIO_POSTED_AUTO, &ways, why, sizeof(why)) == 0)
			_exit(2);
		_exit(strstr(why, expected) != NULL ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(every_way_works_here_or_tells_why_not)
{
	struct dmio_ways ways;
	int err = dmio_ways_probe(DMIO_POSTED_AUTO, &ways, why, sizeof(why));

	holds(true);
	if (err < 0) {
		printf("skip: no caller can be served here: %s\n", why);
		return;
	}
	same_int(ways.is_lent, true);
	same_int(ways.is_checked, true);
	same_int(ways.is_limited, ways.why[0] != '\0');
}
END_TEST

START_TEST(the_handle_alone_is_what_was_asked_for)
{
	struct dmio_ways ways;

	holds(true);
	if (dmio_ways_probe(DMIO_POSTED_HANDLE, &ways, why, sizeof(why)) < 0)
		return;
	holds(!ways.is_lent && !ways.is_checked);
	holds(strstr(ways.why, "--posted=handle") != NULL || ways.is_limited);
}
END_TEST

START_TEST(nothing_is_left_open_and_no_child)
{
	struct dmio_ways ways;
	int first = dup(0), next;

	close(first);
	for (int i = 0; i < 3; i++)
		dmio_ways_probe(DMIO_POSTED_AUTO, &ways, why, sizeof(why));
	next = dup(0);
	same_int(next, first);
	close(next);
	same_int(waitpid(-1, NULL, WNOHANG), -1);
	same_int(errno, ECHILD);
}
END_TEST

START_TEST(who_may_not_reach_others_is_told)
{
	struct dmio_ways ways;

	if (!unit_drop_privileges())
		return;
	/* What has dropped its privileges may not be looked into, even by itself. */
	prctl(PR_SET_DUMPABLE, 0);
	same_int(dmio_ways_probe(DMIO_POSTED_AUTO, &ways, why, sizeof(why)), 0);
	unit_regain_privileges();
	holds(ways.is_limited);
	holds(strstr(ways.why, "root") != NULL);
}
END_TEST

/* Refuses process_vm_writev(2), as a container's profile may. */
static int
forbid_call(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_writev, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0;
}

START_TEST(a_filter_that_forbids_the_call_is_told)
{
	int status = probe_after(forbid_call, "seccomp");

	holds(true);
	if (status == CANNOT)
		printf("skip: no seccomp filter is to be had here\n");
	else
		same_int(status, 0);
}
END_TEST

/* Its next child is in another process namespace than /proc. */
static int
change_namespace(void)
{
	int status;
	pid_t child;

	if (unshare(CLONE_NEWPID) != 0)
		return 1;
	child = fork();
	if (child <= 0)
		return child < 0;
	if (waitpid(child, &status, 0) != child)
		return 1;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

START_TEST(a_foreign_proc_is_refused)
{
	int status = probe_after(change_namespace, "mount -t proc");

	holds(true);
	if (status == CANNOT)
		printf("skip: no process namespace is to be had here\n");
	else
		same_int(status, 0);
}
END_TEST

START_TEST(the_line_names_the_ways)
{
	struct dmio_ways ways = { .is_lent = true, .is_checked = true, .has_query = true };
	char line[256];

	dmio_ways_format(&ways, line, sizeof(line));
	same_text(line, "held process_vm; posted lent, checked reads, handle (PROCMAP_QUERY)");
	ways = (struct dmio_ways){ .why = "because" };
	dmio_ways_format(&ways, line, sizeof(line));
	same_text(line, "held process_vm; posted handle (text of maps); because");
}
END_TEST

TCase *
unit_ways(void)
{
	TCase *tc = unit_case("ways");

	tcase_add_test(tc, every_way_works_here_or_tells_why_not);
	tcase_add_test(tc, the_handle_alone_is_what_was_asked_for);
	tcase_add_test(tc, nothing_is_left_open_and_no_child);
	tcase_add_test(tc, who_may_not_reach_others_is_told);
	tcase_add_test(tc, a_filter_that_forbids_the_call_is_told);
	tcase_add_test(tc, a_foreign_proc_is_refused);
	tcase_add_test(tc, the_line_names_the_ways);
	return tc;
}
