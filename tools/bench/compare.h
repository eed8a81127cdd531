/* SPDX-License-Identifier: BSD-2-Clause */
/* compare.h: two results, row by row: which ratios fell? */
#ifndef TOOLS_BENCH_COMPARE_H
#define TOOLS_BENCH_COMPARE_H

#include <stdio.h>

#include "tools/bench/why.h"

/* A ratio that is less than this share of the old one has fallen. */
#define BENCH_FALLEN 0.9

/* What to do with the comparison; the members are optional. */
struct bench_comparison {
	FILE *file;                                 /* where it is printed */
	void (*fell)(void *arg, const char *point); /* for each engine whose ratio fell */
	void *arg;
};

/*
 * OLD and CURRENT are JSON as bench_json_write() makes it.  Compared is the ratio to the floor of each
 * engine; where there is no floor, that to ISA-L, libc or NetBSD's way, whichever of them both
 * have first.  Prints what fell, what rose as much, and rows that only one of them has.
 * Returns 1 when a ratio fell, 0 when none did; with the reason in WHY, -EINVAL for other text and
 * -ENODATA when they have no row in common.
 */
int bench_compare(const char *old, const char *current, const struct bench_comparison *comparison,
    struct bench_why *why);

/* The whole text of a file, to be freed; NULL with errno. */
char *bench_file_read(const char *path);

#endif /* TOOLS_BENCH_COMPARE_H */
