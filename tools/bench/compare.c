/* SPDX-License-Identifier: BSD-2-Clause */
/* compare.c: two results, row by row. */
#include "tools/bench/compare.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bench/value.h"

struct tally {
	const struct bench_comparison *comparison;
	unsigned compared, fallen, risen, gone, added, bare;
};

/* Rows, or NULL when it is no result of ours. */
static const struct bench_value *
rows_of(const struct bench_value *result)
{
	const struct bench_value *rows = bench_value_member(result, "rows");

	if (strcmp(bench_value_text(bench_value_member(result, "format")), "dmover-bench 1") != 0 ||
	    rows == NULL || rows->type != BENCH_ARRAY)
		return NULL;
	return rows;
}

static bool
is_engine(const struct bench_value *row)
{
	return strcmp(bench_value_text(bench_value_member(row, "role")), "engine") == 0;
}

static const char *
text_of(const struct bench_value *row, const char *name)
{
	return bench_value_text(bench_value_member(row, name));
}

/* The row of the same engine at the same point. */
static const struct bench_value *
find_row(const struct bench_value *rows, const struct bench_value *like)
{
	const struct bench_value *row = rows->first;

	while (row != NULL &&
	       (!is_engine(row) || strcmp(text_of(row, "engine"), text_of(like, "engine")) != 0 ||
		   strcmp(text_of(row, "point"), text_of(like, "point")) != 0))
		row = row->next;
	return row;
}

static double
ratio_of(const struct bench_value *row, const char *role)
{
	const struct bench_value *ratio =
	    bench_value_member(bench_value_member(row, "ratios"), role);

	return ratio != NULL && ratio->type == BENCH_NUMBER ? ratio->number : 0;
}

static void
print_row(
    const struct tally *tally, const struct bench_value *row, const char *what, const char *detail)
{
	if (tally->comparison->file != NULL)
		fprintf(tally->comparison->file, "%-8s %s %s%s\n", what, text_of(row, "point"),
		    text_of(row, "engine"), detail);
}

static void
compare_row(struct tally *tally, const struct bench_value *old, const struct bench_value *row)
{
	static const char *const roles[] = { "floor", "isal", "libc", "netbsd" };
	double before = 0, now = 0;
	unsigned i = 0;
	char detail[96];

	for (; i < sizeof(roles) / sizeof(roles[0]); i++) {
		before = ratio_of(old, roles[i]);
		now = ratio_of(row, roles[i]);
		if (before > 0 && now > 0)
			break;
	}
	if (before <= 0 || now <= 0) {
		print_row(tally, row, "no ratio", "");
		tally->bare++;
		return;
	}
	tally->compared++;
	if (now >= before * BENCH_FALLEN && now * BENCH_FALLEN <= before)
		return;
	snprintf(detail, sizeof(detail), ": %s %.3f, was %.3f (%+.0f %%)", roles[i], now, before,
	    (now / before - 1) * 100);
	print_row(tally, row, now < before ? "fell" : "rose", detail);
	if (now < before)
		tally->fallen++;
	else
		tally->risen++;
	if (now < before && tally->comparison->fell != NULL)
		tally->comparison->fell(tally->comparison->arg, text_of(row, "point"));
}

static void
compare_rows(struct tally *tally, const struct bench_value *old, const struct bench_value *rows)
{
	for (const struct bench_value *row = rows->first; row != NULL; row = row->next) {
		const struct bench_value *before = is_engine(row) ? find_row(old, row) : NULL;

		if (before != NULL) {
			compare_row(tally, before, row);
		} else if (is_engine(row)) {
			print_row(tally, row, "new", "");
			tally->added++;
		}
	}
	for (const struct bench_value *row = old->first; row != NULL; row = row->next) {
		if (!is_engine(row) || find_row(rows, row) != NULL)
			continue;
		print_row(tally, row, "gone", "");
		tally->gone++;
	}
}

int
bench_compare(const char *old, const char *current, const struct bench_comparison *comparison,
    struct bench_why *why)
{
	struct bench_value *results[2] = { bench_value_parse(old), bench_value_parse(current) };
	const struct bench_value *rows[2] = { rows_of(results[0]), rows_of(results[1]) };
	struct tally tally = { .comparison = comparison };
	int ret = -EINVAL;

	if (rows[0] == NULL || rows[1] == NULL) {
		snprintf(why->text, sizeof(why->text),
		    "the %s one is no result of dmover-bench --json",
		    rows[0] == NULL ? "old" : "new");
	} else {
		compare_rows(&tally, rows[0], rows[1]);
		if (comparison->file != NULL)
			fprintf(comparison->file,
			    "%u rows compared: %u fell by more than 10 %%, %u rose as much; "
			    "%u new, %u gone, %u without a ratio\n",
			    tally.compared, tally.fallen, tally.risen, tally.added, tally.gone,
			    tally.bare);
		ret = tally.compared > 0 ? tally.fallen > 0 : -ENODATA;
		if (tally.compared == 0)
			snprintf(why->text, sizeof(why->text),
			    "nothing to compare: no engine has a ratio at the same point in both");
	}
	bench_value_free(results[0]);
	bench_value_free(results[1]);
	return ret;
}

char *
bench_file_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t len = 0;
	ssize_t n;

	if (file == NULL)
		return NULL;
	/* Up to a byte that no text has. */
	n = getdelim(&text, &len, '\0', file);
	if (n < 0) {
		free(text);
		text = feof(file) ? strdup("") : NULL;
	}
	fclose(file);
	return text;
}
