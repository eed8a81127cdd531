/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uring.c: the engine that has the kernel move callers' bytes, against the oracle and by itself.
 *
 *   test_engines_uring            the tests; 77 where the engine does not work
 *   test_engines_uring --break    the same with one bit of each answer flipped: those that look at
 *                                 bytes must fail
 *   test_engines_uring --speed    no test: prints how fast it is beside plain loops
 */
#include "uring_suites.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t lengths[] = { 1, 2, 63, 64, 65, 4095, 4096, 4097, 8191, 8192, 8193, 65536,
	(512 << 10) - 1, 512 << 10, (512 << 10) + 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1,
	(3 << 20) - 5, 3 << 20 };

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Compares FUNC for LEN bytes in the site, its buffers in so many vectors. */
static void
compare(struct site *site, const struct rider *rider, const struct dmover_function *func,
    const size_t len_and_vectors[3])
{
	struct job *job = calloc(1, sizeof(*job));

	ck_assert_ptr_nonnull(job);
	job_init(job, func->dfn_name, len_and_vectors[0]);
	job_scatter_all(job, site, (unsigned)len_and_vectors[1], (unsigned)len_and_vectors[2]);
	job_compare(job, site, rider);
	job_fini(job);
	free(job);
}

/* Most vectors of each buffer with which the engine takes a request of any length. */
static size_t
vectors_most(const struct dmover_function *func)
{
	size_t most = 128 / (func->dfn_ninputs + 1);

	return most < JOB_PIECES ? most : JOB_PIECES;
}

static void
compare_functions(struct site *site, size_t len)
{
	const struct dmover_function *func;
	struct rider rider;

	rider_open(&rider);
	for (unsigned i = 0; (func = dmover_function_at(i)) != NULL; i++) {
		const size_t most = vectors_most(func);

		/* The long ones with few inputs: many take the oracle too long. */
		if (len > 1 << 20 && func->dfn_ninputs > 5 && func->dfn_ninputs < 16)
			continue;
		compare(site, &rider, func, (size_t[]){ len, 1, 1 });
		compare(site, &rider, func, (size_t[]){ len, 3, most });
		compare(site, &rider, func, (size_t[]){ len, most, 2 });
	}
	rider_close(&rider);
}

START_TEST(every_function_gives_a_child_what_the_oracle_gives)
{
	struct site site;

	site_open_child(&site, NULL, NULL);
	compare_functions(&site, lengths[_i]);
	site_close(&site);
}
END_TEST

START_TEST(every_function_works_on_this_process_itself)
{
	static const size_t some[] = { 1, 4097, (1 << 20) + 1 };
	struct site site;

	site_open_self(&site);
	for (int i = 0; i < COUNT(some); i++)
		compare_functions(&site, some[i]);
	site_close(&site);
}
END_TEST

START_TEST(any_number_of_vectors_on_either_side_will_do)
{
	static const char *const names[] = { "fill8", "copy", "iscsi-crc32c", "xor2" };
	struct rider rider;
	struct site site;

	site_open_child(&site, NULL, NULL);
	rider_open(&rider);
	for (unsigned n = 1; n <= JOB_PIECES; n++) {
		for (int i = 0; i < COUNT(names); i++) {
			const struct dmover_function *func = dmover_function_find(names[i]);
			const size_t most = vectors_most(func), in = n < most ? n : most;

			compare(&site, &rider, func, (size_t[]){ 131 * n, in, 1 + (most - in) });
			compare(&site, &rider, func, (size_t[]){ 20011 * n, in, 1 + (most - in) });
		}
	}
	rider_close(&rider);
	site_close(&site);
}
END_TEST

START_TEST(every_short_length_is_copied_and_summed)
{
	struct rider rider;
	struct site site;

	site_open_child(&site, NULL, NULL);
	rider_open(&rider);
	for (size_t len = 1; len <= 1025; len++) {
		compare(&site, &rider, dmover_function_find("copy"), (size_t[]){ len, 2, 3 });
		compare(
		    &site, &rider, dmover_function_find("iscsi-crc32c"), (size_t[]){ len, 3, 0 });
	}
	rider_close(&rider);
	site_close(&site);
}
END_TEST

/* Out of the child into BYTES, and back into another place; the child's input is left as it was. */
static void
copy_out_and_in(struct site *site, const struct rider *rider, uint8_t *bytes, size_t len)
{
	struct job job;

	job_init(&job, "copy", len);
	job_place(&job, 0, site, site_region() + 11);
	job_linear(&job, SITE_OUT, bytes);
	memset(bytes, 0, len);
	ck_assert_int_eq(job_run(&job, rider), 0);
	bytes[len / 2] ^= site_break;
	/* The input of this process is the same bytes. */
	ck_assert_int_eq(memcmp(bytes, site_region() + 11, len), 0);
	job_fini(&job);

	job_init(&job, "copy", len);
	job_linear(&job, 0, bytes);
	job_place(&job, SITE_OUT, site, site_region() + SITE_PLACE);
	ck_assert_int_eq(job_run(&job, rider), 0);
	memset(bytes, 0, len);
	site_read(site, bytes, site_region() + SITE_PLACE, len);
	ck_assert_int_eq(memcmp(bytes, site_region() + 11, len), 0);
	job_fini(&job);
}

/* One input of each kind: both are the same, so nothing is left. */
static void
xor_with_itself(struct site *site, const struct rider *rider, uint8_t *bytes, size_t len)
{
	struct job job;

	memcpy(bytes, site_region() + 11, len);
	for (unsigned linear = 0; linear < 2; linear++) {
		job_init(&job, "xor2", len);
		job_linear(&job, linear, bytes);
		job_place(&job, 1 - linear, site, site_region() + 11);
		job_place(&job, SITE_OUT, site, site_region() + 2 * SITE_PLACE);
		ck_assert_int_eq(job_run(&job, rider), 0);
		job_fini(&job);
	}
	site_read(site, bytes, site_region() + 2 * SITE_PLACE, len);
	for (size_t at = 0; at < len; at++)
		ck_assert_int_eq(bytes[at], 0);
}

START_TEST(buffers_of_daemon_memory_go_with_uios)
{
	static const size_t some[] = { 100, 4097, (1 << 20) + 77 };
	uint8_t *bytes = malloc(2 << 20);
	struct rider rider;
	struct site site;

	ck_assert_ptr_nonnull(bytes);
	site_open_child(&site, NULL, NULL);
	rider_open(&rider);
	for (int i = 0; i < COUNT(some); i++) {
		copy_out_and_in(&site, &rider, bytes, some[i]);
		xor_with_itself(&site, &rider, bytes, some[i]);
	}
	rider_close(&rider);
	site_close(&site);
	free(bytes);
}
END_TEST

START_TEST(input_and_output_may_be_in_different_spaces)
{
	struct site from, to;
	struct rider rider;
	struct job job;
	const size_t len = (1 << 20) + 5;
	uint8_t *got = malloc(len);

	site_open_child(&from, NULL, NULL);
	site_open_child(&to, NULL, NULL);
	rider_open(&rider);
	ck_assert_ptr_nonnull(got);
	job_init(&job, "copy", len);
	job_scatter(&job, 0, &from, 7, 1);
	job_place(&job, SITE_OUT, &to, site_region() + SITE_OUT * SITE_PLACE);
	job_compare(&job, &to, &rider);
	/* The other child's is as it was. */
	site_read(&from, got, site_region() + SITE_OUT * SITE_PLACE, len);
	ck_assert_int_eq(memcmp(got, site_region() + SITE_OUT * SITE_PLACE, len), 0);
	job_fini(&job);
	free(got);
	rider_close(&rider);
	site_close(&to);
	site_close(&from);
}
END_TEST

#define CROWD  8
#define ROUNDS 40

struct submitter {
	pthread_t thread;
	const struct rider *rider;
	struct site *site;
	unsigned number;
	struct job jobs[4];
	unsigned bad;
};

/* Copies of the submitter's own input to its own quarters of an output. */
static void *
submitter_main(void *arg)
{
	struct submitter *self = arg;
	uint8_t *in = site_region() + self->number * SITE_PLACE;
	uint8_t *out = in + SITE_PLACE / 2;

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < 4; i++) {
			const size_t len = 1000 + round * 5003 + i;

			job_init(&self->jobs[i], "copy", len);
			job_place(&self->jobs[i], 0, self->site, in + i);
			job_place(&self->jobs[i], SITE_OUT, self->site, out + i * (512 << 10));
			if (job_submit(&self->jobs[i], self->rider) != 0)
				self->bad++;
		}
		for (unsigned i = 0; i < 4; i++) {
			if (job_wait(&self->jobs[i]) != 0)
				self->bad++;
			job_fini(&self->jobs[i]);
		}
	}
	return NULL;
}

START_TEST(eight_threads_submit_at_once)
{
	struct submitter *crowd = calloc(CROWD, sizeof(*crowd));
	const size_t len = 1000 + (ROUNDS - 1) * 5003;
	uint8_t *got = malloc(len + 4);
	struct rider rider;
	struct site site;

	ck_assert(crowd != NULL && got != NULL);
	site_open_child(&site, NULL, NULL);
	rider_open(&rider);
	for (unsigned i = 0; i < CROWD; i++) {
		crowd[i].rider = &rider;
		crowd[i].site = &site;
		crowd[i].number = i;
		ck_assert_int_eq(
		    pthread_create(&crowd[i].thread, NULL, submitter_main, &crowd[i]), 0);
	}
	for (unsigned i = 0; i < CROWD; i++)
		pthread_join(crowd[i].thread, NULL);
	for (unsigned i = 0; i < CROWD * 4; i++) {
		const uint8_t *in = site_region() + i / 4 * SITE_PLACE;

		ck_assert_uint_eq(crowd[i / 4].bad, 0);
		site_read(&site, got, in + SITE_PLACE / 2 + i % 4 * (512 << 10), len + i % 4);
		got[len / 2] ^= site_break;
		ck_assert_int_eq(memcmp(got, in + i % 4, len + i % 4), 0);
	}
	rider_close(&rider);
	site_close(&site);
	free(got);
	free(crowd);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("uring");
	TCase *bytes = tcase_create("bytes");

	tcase_set_timeout(bytes, 300);
	tcase_add_loop_test(
	    bytes, every_function_gives_a_child_what_the_oracle_gives, 0, COUNT(lengths));
	tcase_add_test(bytes, every_function_works_on_this_process_itself);
	tcase_add_test(bytes, any_number_of_vectors_on_either_side_will_do);
	tcase_add_test(bytes, every_short_length_is_copied_and_summed);
	tcase_add_test(bytes, buffers_of_daemon_memory_go_with_uios);
	tcase_add_test(bytes, input_and_output_may_be_in_different_spaces);
	tcase_add_test(bytes, eight_threads_submit_at_once);
	suite_add_tcase(suite, bytes);
	/* These look at errors: --break has nothing to spoil. */
	if (!site_break) {
		suite_add_tcase(suite, make_faults());
		suite_add_tcase(suite, make_limits());
	}
	return suite;
}

static Suite *
make_race(void)
{
	Suite *suite = suite_create("uring speed");

	suite_add_tcase(suite, make_speed());
	return suite;
}

static const struct dmover_engine *
find_uring(void)
{
	for (unsigned i = 0; dmover_engines[i] != NULL; i++)
		if (strcmp(dmover_engines[i]->eng_name, "uring") == 0)
			return dmover_engines[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	const struct dmover_engine *uring = find_uring();
	char why[128] = "built without liburing";
	SRunner *runner;
	bool is_speed;
	int ran, failed;

	if (argc > 1 && strcmp(argv[1], "--image") == 0)
		return image_main(argc, argv);
	site_break = argc > 1 && strcmp(argv[1], "--break") == 0;
	is_speed = argc > 1 && strcmp(argv[1], "--speed") == 0;
	if (argc > 2 || (argc == 2 && !site_break && !is_speed)) {
		fprintf(stderr, "usage: %s [--break | --speed]\n", argv[0]);
		return 2;
	}
	if (uring == NULL || uring->eng_probe(why, sizeof(why)) != 0) {
		printf("skip: uring: %s\n", why);
		return 77;
	}
	runner = srunner_create(is_speed ? make_race() : make_suite());
	srunner_run_all(runner, CK_ENV);
	ran = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (site_break && failed < ran) {
		/* Whoever runs this waits for a failure. */
		printf("--break: %d of %d tests did not notice\n", ran - failed, ran);
		return 0;
	}
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
