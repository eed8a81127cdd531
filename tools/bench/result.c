/* SPDX-License-Identifier: BSD-2-Clause */
/* result.c: what a run found. */
#include "tools/bench/result.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

void
bench_result_init(struct bench_result *result)
{
	*result = (struct bench_result){ 0 };
	bench_machine_init(&result->machine);
}

void
bench_result_fini(struct bench_result *result)
{
	free(result->rows);
	free(result->skips);
	free(result->bars);
}

/* One more at the end of an array, zeroed. */
static void *
append(void *array, unsigned *n, size_t size)
{
	char *grown = reallocarray(array, *n + 1, size);

	if (grown == NULL)
		err(1, "memory");
	memset(grown + *n * size, 0, size);
	(*n)++;
	return grown;
}

struct bench_row *
bench_result_row(struct bench_result *result)
{
	result->rows = append(result->rows, &result->nrows, sizeof(result->rows[0]));
	return &result->rows[result->nrows - 1];
}

struct bench_skip *
bench_result_skip(struct bench_result *result)
{
	result->skips = append(result->skips, &result->nskips, sizeof(result->skips[0]));
	return &result->skips[result->nskips - 1];
}

struct bench_bar *
bench_result_bar(struct bench_result *result)
{
	result->bars = append(result->bars, &result->nbars, sizeof(result->bars[0]));
	return &result->bars[result->nbars - 1];
}

const struct bench_row *
bench_result_wrong(const struct bench_result *result)
{
	for (unsigned i = 0; i < result->nrows; i++)
		if (result->rows[i].figures.wrong[0] != '\0')
			return &result->rows[i];
	return NULL;
}

bool
bench_bar_is_good(const struct bench_bar *bar)
{
	return !bar->is_skipped && bar->wrong[0] == '\0' && bar->ratio >= bar->bar;
}

void
bench_bar_blame(struct bench_bar *bar, const char *lane, const struct bench_figures *figures)
{
	if (bar->wrong[0] == '\0' && figures->wrong[0] != '\0')
		snprintf(bar->wrong, sizeof(bar->wrong), "%.40s: %.110s", lane, figures->wrong);
}

double
bench_row_gbps(const struct bench_row *row, double rate)
{
	return rate * (double)row->point.value[BENCH_SIZE] / 1e9;
}

const char *
bench_role_name(enum bench_role role)
{
	static const char *const names[BENCH_NROLES] = { "engine", "floor", "netbsd", "libc",
		"isal" };

	return names[role];
}

static bool
is_same(const struct bench_point *a, const struct bench_point *b)
{
	return a->is_direct == b->is_direct && memcmp(a->value, b->value, sizeof(a->value)) == 0;
}

void
bench_result_forget(struct bench_result *result, const struct bench_point *point)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < result->nrows; i++)
		if (!is_same(&result->rows[i].point, point))
			result->rows[kept++] = result->rows[i];
	result->nrows = kept;
}
