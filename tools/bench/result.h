/* SPDX-License-Identifier: BSD-2-Clause */
/* result.h: what a run found: rows with figures and ratios, and what was left out. */
#ifndef TOOLS_BENCH_RESULT_H
#define TOOLS_BENCH_RESULT_H

#include <stdio.h>

#include "tools/bench/machine.h"
#include "tools/bench/measure.h"

/* One lane at one point. */
struct bench_row {
	struct bench_point point;
	char name[64]; /* engine, or what it is compared with */
	char how[32];
	enum bench_role role;
	struct bench_figures figures;
	double huge; /* share of its memory in huge pages; below 0: not known */
};

struct bench_skip {
	struct bench_point point;
	char name[64];
	char why[160];
};

/* A promise: its name, and the ratio that is at least wanted. */
struct bench_bar {
	char name[64];
	char value[64];  /* what was measured, in its own units */
	char detail[96]; /* what it was compared with */
	double ratio, bar;
	bool is_skipped;
	char why[160];
	char wrong[160]; /* the first wrong byte of any side; empty: none was seen */
};

struct bench_result {
	struct bench_machine machine;
	bool is_verified;
	unsigned nrows, nskips, nbars;
	struct bench_row *rows; /* those of a point are side by side */
	struct bench_skip *skips;
	struct bench_bar *bars;
};

void bench_result_init(struct bench_result *result);
void bench_result_fini(struct bench_result *result);

/* New ones, zeroed, good until the next call. */
struct bench_row *bench_result_row(struct bench_result *result);
struct bench_skip *bench_result_skip(struct bench_result *result);
struct bench_bar *bench_result_bar(struct bench_result *result);

/* Takes the rows of a point out again. */
void bench_result_forget(struct bench_result *result, const struct bench_point *point);

/* Was it measured, and is all as promised? */
bool bench_bar_is_good(const struct bench_bar *bar);

/* Keeps what is wrong with the bytes of a lane, when nothing was wrong before. */
void bench_bar_blame(struct bench_bar *bar, const char *lane, const struct bench_figures *figures);

/* The first row whose bytes were wrong, or NULL. */
const struct bench_row *bench_result_wrong(const struct bench_result *result);

/* 10^9 bytes in a second. */
double bench_row_gbps(const struct bench_row *row, double rate);

/* What programs call a role: "floor", "netbsd", "libc", "isal", "engine". */
const char *bench_role_name(enum bench_role role);

/* As JSON (json.c) and as comma-separated values (csv.c). */
void bench_json_write(const struct bench_result *result, FILE *file);
void bench_csv_write(const struct bench_result *result, FILE *file);

/* As a page with plots (report.c). */
void bench_report_write(const struct bench_result *result, FILE *file);

/* For people, as soon as they are there (table.c): a head, what the columns are, the rows of a
 * point, a bar, what was left out. */
void bench_table_head(const struct bench_result *result, FILE *file);
void bench_table_columns(FILE *file);
void bench_table_group(const struct bench_row *rows, unsigned n, FILE *file);
void bench_table_bar(const struct bench_bar *bar, FILE *file);
void bench_table_skips(const struct bench_result *result, FILE *file);

#endif /* TOOLS_BENCH_RESULT_H */
