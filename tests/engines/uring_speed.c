/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uring_speed.c: how fast the engine is beside the plain loops that do the same.
 *
 * For information: nothing depends on it.  The ways take turns, and the best round of each counts:
 * what else the machine does makes them slower, and those with several threads most of all.
 */
#include "uring_suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#define TIMES  5                  /* over the buffers in one round */
#define TOTAL  ((size_t)12 << 20) /* bytes of each buffer */
#define CHUNK  ((size_t)1 << 20)
#define DEPTHS 3
#define WAYS   (DEPTHS + 2) /* the engine with so many inside, then the two loops */

static const unsigned depths[DEPTHS] = { 1, 4, 8 };

struct race {
	struct rider rider;
	struct site site;
	uint8_t *buffer; /* of the plain loops: CHUNK bytes */
	const struct dmover_function *func;
};

static uint8_t *
place_of(unsigned which, size_t at)
{
	/* 12 MiB are three places; xor4 has 4 inputs and an output, which makes 15 of 17. */
	return site_region() + which * TOTAL + at;
}

/* Where the output is: behind the inputs. */
static unsigned
out_of(const struct race *race)
{
	return race->func->dfn_ninputs;
}

static void
aim(const struct race *race, struct job *job, size_t at)
{
	job_init(job, race->func->dfn_name, CHUNK);
	for (unsigned i = 0; i < race->func->dfn_ninputs; i++)
		job_place(job, i, (struct site *)(uintptr_t)&race->site, place_of(i, at));
	if (race->func->dfn_has_output)
		job_place(job, SITE_OUT, (struct site *)(uintptr_t)&race->site,
		    place_of(out_of(race), at));
}

/* The engine, with DEPTH requests inside. */
static void
run_engine(const struct race *race, unsigned depth)
{
	struct job *jobs = calloc(depth, sizeof(*jobs));
	size_t begun = 0;

	ck_assert_ptr_nonnull(jobs);
	for (size_t ended = 0; ended < TOTAL; ended += CHUNK) {
		struct job *job = &jobs[ended / CHUNK % depth];

		for (; begun < TOTAL && begun < ended + depth * CHUNK; begun += CHUNK) {
			aim(race, &jobs[begun / CHUNK % depth], begun);
			ck_assert_int_eq(job_submit(&jobs[begun / CHUNK % depth], &race->rider), 0);
		}
		ck_assert_int_eq(job_wait(job), 0);
		job_fini(job);
	}
	free(jobs);
}

/* The moves alone, by pread and pwrite of the file, or by process_vm_readv and its twin. */
static void
run_loop(const struct race *race, bool is_file)
{
	struct iovec local = { race->buffer, CHUNK };
	ssize_t sum = 0;

	for (size_t at = 0; at < TOTAL; at += CHUNK) {
		for (unsigned i = 0; i < race->func->dfn_ninputs; i++) {
			struct iovec remote = { place_of(i, at), CHUNK };

			sum += is_file ? pread(race->site.mem_fd, race->buffer, CHUNK,
					     (off_t)(uintptr_t)remote.iov_base)
				       : process_vm_readv(race->site.pid, &local, 1, &remote, 1, 0);
		}
		if (race->func->dfn_has_output) {
			struct iovec remote = { place_of(out_of(race), at), CHUNK };

			sum += is_file
				   ? pwrite(race->site.mem_fd, race->buffer, CHUNK,
					 (off_t)(uintptr_t)remote.iov_base)
				   : process_vm_writev(race->site.pid, &local, 1, &remote, 1, 0);
		}
	}
	ck_assert_int_eq(
	    sum, (ssize_t)(TOTAL * (race->func->dfn_ninputs + race->func->dfn_has_output)));
}

/* 0 to DEPTHS - 1: the engine; then the loops. */
static double
run_way(const struct race *race, unsigned way)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	/* Long enough for the scheduler to find out that there is a second processor. */
	for (unsigned i = 0; i < TIMES; i++) {
		if (way < DEPTHS)
			run_engine(race, depths[way]);
		else
			run_loop(race, /* is_file= */ way == DEPTHS);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(TOTAL * TIMES) /
	       ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec));
}

static void
report(const struct race *race)
{
	double best[WAYS] = { 0 };

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned way = 0; way < WAYS; way++) {
			double speed = run_way(race, way);

			if (speed > best[way])
				best[way] = speed;
		}
	}
	printf("%-13s %6.2f %6.2f %6.2f %9.2f %9.2f   %4.2f  %4.2f\n", race->func->dfn_name,
	    best[0], best[1], best[2], best[DEPTHS], best[DEPTHS + 1], best[1] / best[DEPTHS],
	    best[1] / best[DEPTHS + 1]);
}

START_TEST(speeds_are_printed)
{
	static const char *const names[] = { "zero", "fill8", "copy", "iscsi-crc32c", "xor4" };
	struct race race = { .buffer = calloc(1, CHUNK) };

	ck_assert_ptr_nonnull(race.buffer);
	site_open_child(&race.site, NULL, NULL);
	rider_open(&race.rider);
	printf("GB/s of output (of input for iscsi-crc32c), requests of 1 MiB\n"
	       "              uring, so many inside                         4 inside to\n"
	       "                   1      4      8 pread/pw. proc._vm  pread  proc._vm\n");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		race.func = dmover_function_find(names[i]);
		report(&race);
	}
	rider_close(&race.rider);
	site_close(&race.site);
	free(race.buffer);
}
END_TEST

TCase *
make_speed(void)
{
	TCase *speed = tcase_create("speed");

	tcase_set_timeout(speed, 300);
	tcase_add_test(speed, speeds_are_printed);
	return speed;
}
