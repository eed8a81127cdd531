/* SPDX-License-Identifier: BSD-2-Clause */
/* uring_suites.h: the test cases of the uring engine that have files of their own. */
#ifndef TESTS_ENGINES_URING_SUITES_H
#define TESTS_ENGINES_URING_SUITES_H

#include <check.h>

#include "uring_site.h"

/* Memory that is not accessible, or goes away (uring_faults.c). */
TCase *make_faults(void);
/* Probing, arguments, what is refused, what is full, stop, and memory that makes one wait. */
TCase *make_limits(void);

/* Prints how fast the engine is (uring_speed.c). */
TCase *make_speed(void);

/*
 * "--image ADDR LEN READY WAIT": the program that a child of the tests becomes.  It fills LEN bytes
 * at ADDR, says so on the descriptor READY, waits until WAIT is closed, and ends with 0 if its
 * bytes are all as it wrote them.
 */
int image_main(int argc, char **argv);

#endif /* TESTS_ENGINES_URING_SUITES_H */
