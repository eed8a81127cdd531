/* SPDX-License-Identifier: BSD-2-Clause */
/* suite.c: runs every test of the device; with --break shows that each of them can fail. */
#include "suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "memory.h"
#include "session.h"

/* Longest a test may wait for one thing, and take in all; times DMOVERIO_TEST_SLOW. */
#define DEADLINE_MS 5000
#define TIMEOUT_S   30

int suite_broken;

static uint32_t
env_number(const char *name, uint32_t otherwise)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? (uint32_t)strtoul(value, NULL, 10) : otherwise;
}

const char *
suite_path(void)
{
	const char *path = getenv("DMOVERIO_PATH");

	return path != NULL ? path : "/dev/dmoverio";
}

bool
suite_is_cuse(void)
{
	const char *front = getenv("DMOVERIO_FRONT");

	return front != NULL && strcmp(front, "cuse") == 0;
}

unsigned
suite_depth(void)
{
	return env_number("DMOVERIO_DEPTH", 64);
}

int
suite_deadline_ms(void)
{
	return (int)(DEADLINE_MS * env_number("DMOVERIO_TEST_SLOW", 1));
}

bool
suite_is_serial(void)
{
	return env_number("DMOVERIO_TEST_SERIAL", 0) != 0;
}

bool
suite_takes(size_t n)
{
	return env_number("DMOVERIO_TEST_SLOW", 1) == 1 || n % 12 == 0;
}

uint64_t
suite_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void
suite_yield(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

uint32_t
suite_random(void)
{
	static uint32_t state = 0x2545f491;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

void
suite_bytes(const char *file, int line, const void *actual, const void *expected, size_t len)
{
	const uint8_t *a = actual, *e = expected;
	size_t i = 0;

	if (memcmp(a, e, len) == 0)
		i = len;
	while (i < len && a[i] == e[i])
		i++;
	if ((i == len) == (suite_broken == 0))
		return;
	if (i == len)
		ck_abort_msg(
		    "%s:%d: %zu bytes are the same, and were asked not to be", file, line, len);
	ck_abort_msg("%s:%d: byte %zu of %zu is %02x, not %02x", file, line, i, len, a[i], e[i]);
}

void
suite_skip(const char *test, const char *format, ...)
{
	size_t len = strlen(test);
	va_list args;

	/* Check appends "_fn" to the name of a test's function. */
	if (len > 3 && strcmp(test + len - 3, "_fn") == 0)
		len -= 3;
	printf("skip: %.*s: ", (int)len, test);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	/* --break wants to see every test red, and a skipped one shows nothing. */
	ck_assert_msg(!suite_broken, "skipped");
}

void
suite_helper(char *ret_path, size_t len, const char *name)
{
	ssize_t n = readlink("/proc/self/exe", ret_path, len - 1);
	char *slash;

	ck_assert_int_gt(n, 0);
	ret_path[n] = '\0';
	slash = strrchr(ret_path, '/');
	ck_assert_ptr_nonnull(slash);
	ck_assert_uint_lt((size_t)(slash - ret_path) + 2 + strlen(name), len);
	memcpy(slash + 1, name, strlen(name) + 1);
}

void
suite_daemon_works(void)
{
	uint8_t *memory = memory_map(2 * PAGE);
	int fd = session_open("copy");
	struct request request;

	memory_fill(memory, PAGE, 99);
	request_init(&request, 4711);
	request_out(&request, memory + PAGE, PAGE);
	request_in(&request, 0, memory, PAGE);
	ck_assert_int_eq(session_run(fd, &request.wire), 0);
	ck_assert_mem_eq(memory, memory + PAGE, PAGE);
	close(fd);
	memory_unmap(memory, 2 * PAGE);
}

TCase *
suite_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, TIMEOUT_S * env_number("DMOVERIO_TEST_SLOW", 1));
	suite_add_tcase(suite, tcase);
	return tcase;
}

/* After --break: status 1 when every test is red, 0 when one is not, for that one proves nothing. */
static int
report_broken(SRunner *runner)
{
	int run = srunner_ntests_run(runner), failed = srunner_ntests_failed(runner);
	TestResult **results = srunner_results(runner);

	for (int i = 0; i < run; i++) {
		if (tr_rtype(results[i]) == CK_PASS)
			printf(
			    "device_suite: green in spite of --break: %s\n", tr_tcname(results[i]));
	}
	free(results);
	if (failed != run || run == 0)
		return EXIT_SUCCESS;
	printf("device_suite: all %d tests are red, as asked\n", run);
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	SRunner *runner = srunner_create(suite_calls());
	int status;

	suite_broken = argc > 1 && strcmp(argv[1], "--break") == 0;
	srunner_add_suite(runner, suite_transfer());
	srunner_add_suite(runner, suite_split());
	srunner_add_suite(runner, suite_faults());
	srunner_add_suite(runner, suite_refused());
	srunner_add_suite(runner, suite_layout());
	srunner_add_suite(runner, suite_blocking());
	srunner_add_suite(runner, suite_signals());
	srunner_add_suite(runner, suite_poll());
	srunner_add_suite(runner, suite_share());
	srunner_add_suite(runner, suite_close());
	srunner_add_suite(runner, suite_hostile());
	srunner_add_suite(runner, suite_stall());
	srunner_add_suite(runner, suite_crowd());
	srunner_add_suite(runner, suite_exec());
	srunner_add_suite(runner, suite_async());
	srunner_set_fork_status(runner, CK_FORK);
	setvbuf(stdout, NULL, _IOLBF, 0);
	srunner_run_all(runner, suite_broken ? CK_SILENT : CK_NORMAL);
	if (suite_broken)
		status = report_broken(runner);
	else
		status = srunner_ntests_failed(runner) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	srunner_free(runner);
	return status;
}
