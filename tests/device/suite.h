/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suite.h: what every file of the device suite shares.
 *
 * The suite is a client like any other: of the device it knows <dev/dmover/dmover_io.h> only.
 * Environment: DMOVERIO_PATH (/dev/dmoverio), DMOVERIO_FRONT (cuse or fuse), DMOVERIO_DEPTH (the
 * daemon's --queue-depth, 64), DMOVERIO_TEST_SLOW (a factor on every deadline, 1;
 * above 1 fewer samples are taken of what is tried in great numbers).
 */
#ifndef TESTS_DEVICE_SUITE_H
#define TESTS_DEVICE_SUITE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <check.h>

#include <dev/dmover/dmover_io.h>

/* 0, or 1 after --break: then every comparison expects something else than it should. */
extern int suite_broken;

/* Compares integers. */
#define EXPECT(actual, expected) ck_assert_int_eq((actual), (intmax_t)(expected) ^ suite_broken)

/* The call fails with this errno. */
#define EXPECT_ERRNO(call, error)                                                                  \
	do {                                                                                       \
		errno = 0;                                                                         \
		intmax_t result_ = (call);                                                         \
		int error_ = errno;                                                                \
		ck_assert_msg(result_ == -1, "%s: %jd, not -1", #call, result_);                   \
		ck_assert_msg(error_ == ((error) ^ suite_broken), "%s: %s, not %s", #call,         \
		    strerror(error_), #error);                                                     \
	} while (0)

/* Compares memory; says where the first difference is. */
#define EXPECT_BYTES(actual, expected, len)                                                        \
	suite_bytes(__FILE__, __LINE__, (actual), (expected), (len))

/* Waits for a condition, never longer than the deadline. */
#define WAIT_UNTIL(condition)                                                                      \
	do {                                                                                       \
		uint64_t end_ = suite_now_ms() + suite_deadline_ms();                              \
		while (!(condition)) {                                                             \
			ck_assert_msg(suite_now_ms() < end_, "deadline: %s", #condition);          \
			suite_yield();                                                             \
		}                                                                                  \
	} while (0)

/* Ends a test that cannot be run here. */
#define SKIP(...)                                                                                  \
	do {                                                                                       \
		suite_skip(__func__, __VA_ARGS__);                                                 \
		return;                                                                            \
	} while (0)

#define PAGE        ((size_t)4096)
#define KIB         ((size_t)1024)
#define MIB         ((size_t)1024 * 1024)
#define VECTORS_MAX 1024
#define INPUTS_MAX  16

/* Above the daemon's default --hold-limit (256 KiB): the write is answered before the work is done. */
#define POSTED_LEN MIB

/* suite.c */
const char *suite_path(void);
bool suite_is_cuse(void);
unsigned suite_depth(void);
int suite_deadline_ms(void);
/*
 * DMOVERIO_TEST_SERIAL=1: the daemon's threads take turns (valgrind), so that one that sleeps in
 * another process's memory stops them all.  Tests in which it must sleep there are left out.
 */
bool suite_is_serial(void);
/* Whether sample N of very many is to be taken: each one, or every twelfth of a slow daemon. */
bool suite_takes(size_t n);
uint64_t suite_now_ms(void);
void suite_yield(void);
void suite_bytes(const char *file, int line, const void *actual, const void *expected, size_t len);
void suite_skip(const char *test, const char *format, ...) __attribute__((format(printf, 2, 3)));
void suite_helper(char *ret_path, size_t len, const char *name);
/* A pseudo-random number; the sequence is the same in every run. */
uint32_t suite_random(void);
/* An ordinary copy on a new session: the daemon is alive and does its work. */
void suite_daemon_works(void);

/* Each file's tests. */
Suite *suite_calls(void);
Suite *suite_transfer(void);
Suite *suite_split(void);
Suite *suite_faults(void);
Suite *suite_refused(void);
Suite *suite_blocking(void);
Suite *suite_signals(void);
Suite *suite_poll(void);
Suite *suite_share(void);
Suite *suite_layout(void);
Suite *suite_close(void);
Suite *suite_hostile(void);
Suite *suite_stall(void);
Suite *suite_crowd(void);
Suite *suite_exec(void);
Suite *suite_async(void);

/* A test case with the suite's time limit. */
TCase *suite_case(Suite *suite, const char *name);

#endif /* TESTS_DEVICE_SUITE_H */
