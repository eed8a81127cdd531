/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suite.c: runs every unit test.
 *
 * With --break what is expected is wrong on purpose, and each test has to notice: the exit status
 * is 1 when all of them did, and 0 when one stayed green.
 */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CASE_SECONDS 300 /* an emulated processor needs many times as long as a real one */
#define WAIT_SECONDS 60
#define NOBODY       65534

unsigned unit_break;

bool
unit_same(const void *a, const void *b, size_t n)
{
	return (n == 0 || memcmp(a, b, n) == 0) != (unit_break == 1);
}

void
unit_take(sem_t *sem)
{
	struct timespec until;
	int err;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_SECONDS;
	do
		err = sem_timedwait(sem, &until);
	while (err != 0 && errno == EINTR);
	ck_assert_msg(err == 0, "waited for %d seconds in vain", WAIT_SECONDS);
}

bool
unit_try(sem_t *sem)
{
	return sem_trywait(sem) == 0;
}

void
unit_wait_gone(pid_t tid)
{
	struct timespec now, until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_SECONDS;
	while (tgkill(getpid(), tid, 0) == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		ck_assert_msg(now.tv_sec < until.tv_sec, "thread %d does not end", (int)tid);
		sched_yield();
	}
}

unsigned
unit_random(uint32_t *seed, unsigned limit)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % limit;
}

static uid_t own_uid;

bool
unit_drop_privileges(void)
{
	struct stat first;

	holds(true);
	own_uid = geteuid();
	if (own_uid == 0)
		return setresuid(NOBODY, NOBODY, 0) == 0;
	return stat("/proc/1", &first) == 0 && first.st_uid != own_uid;
}

void
unit_regain_privileges(void)
{
	if (own_uid == 0)
		ck_assert_int_eq(setresuid(0, 0, 0), 0);
	prctl(PR_SET_DUMPABLE, 1); /* it went with the privileges */
}

TCase *
unit_case(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, CASE_SECONDS);
	return tc;
}

typedef TCase *(*case_maker)(void);

static const case_maker core_makers[] = {
	unit_account,
	unit_arena,
	unit_backoff,
	unit_batch,
	unit_calibrate,
	unit_calibration,
	unit_chunk,
	unit_core,
	unit_cost,
	unit_crc32c,
	unit_dispatch,
	unit_function,
	unit_group,
	unit_held,
	unit_idle,
	unit_lanes,
	unit_listing,
	unit_pool,
	unit_queues,
	unit_queues_hostile,
	unit_run,
	unit_session,
	unit_space,
	unit_stage,
	unit_stats,
	unit_turns,
	unit_uio,
	unit_waiters,
	unit_watch,
	unit_wire,
	NULL,
};

/* What is around the core. */
static const case_maker other_makers[] = {
	unit_device,
	unit_fetch,
	unit_handle,
	unit_idxd_args,
	unit_idxd_desc,
	unit_idxd_keeper,
	unit_idxd_mover,
	unit_idxd_resume,
	unit_idxd_transfer,
	unit_idxd_wq,
	unit_inside,
	unit_lend,
	unit_log,
	unit_maps,
	unit_memory,
	unit_notify,
	unit_options,
	unit_park,
	unit_posted,
	unit_posters,
	unit_proc,
	unit_ways,
	unit_witness,
	unit_write,
	unit_guess,
	unit_lookup,
	unit_path,
	unit_program,
	unit_run_options,
	NULL,
};

static Suite *
make_suite(const char *name, const case_maker *makers)
{
	Suite *suite = suite_create(name);

	for (; *makers != NULL; makers++)
		suite_add_tcase(suite, (*makers)());
	return suite;
}

int
main(int argc, char **argv)
{
	SRunner *runner;
	int failed, run;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--break") != 0)) {
		fprintf(stderr, "usage: %s [--break]\n", argv[0]);
		return 2;
	}
	unit_break = argc == 2;
	runner = srunner_create(make_suite("core", core_makers));
	srunner_add_suite(runner, make_suite("others", other_makers));
	if (unit_break)
		srunner_set_fork_status(runner, CK_FORK); /* what fails leaves things behind */
	srunner_run_all(runner, unit_break ? CK_SILENT : CK_ENV);
	failed = srunner_ntests_failed(runner);
	run = srunner_ntests_run(runner);
	if (unit_break && failed < run) {
		srunner_print(runner, CK_VERBOSE);
		printf("%d of %d tests do not notice\n", run - failed, run);
	}
	srunner_free(runner);
	if (unit_break)
		return failed == run;
	return failed > 0;
}
