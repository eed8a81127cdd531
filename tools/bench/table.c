/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c: results for people, as text. */
#include "tools/bench/result.h"

#include <string.h>

/* A time with three digits and its unit, 7 columns. */
static const char *
time_text(double seconds, char text[16])
{
	if (seconds < 1e-6)
		snprintf(text, 16, "%.0f ns", seconds * 1e9);
	else if (seconds < 1e-3)
		snprintf(text, 16, "%.*f us", seconds < 1e-4 ? 1 : 0, seconds * 1e6);
	else
		snprintf(text, 16, "%.*f ms", seconds < 1e-1 ? 1 : 0, seconds * 1e3);
	return text;
}

static const char *
ratio_text(double ratio, char text[16])
{
	if (ratio == 0)
		snprintf(text, 16, "-");
	else
		snprintf(text, 16, "%.*f", ratio < 0.1 ? 3 : (ratio < 100 ? 2 : 0), ratio);
	return text;
}

static const char *
cpu_text(double seconds, char text[16])
{
	if (seconds < 0)
		snprintf(text, 16, "-");
	else
		snprintf(text, 16, "%.3f", seconds);
	return text;
}

void
bench_table_head(const struct bench_result *result, FILE *file)
{
	fprintf(file, "%s, %s processors, %s, %s\n",
	    bench_machine_fact(&result->machine, "processor"),
	    bench_machine_fact(&result->machine, "processors"),
	    bench_machine_fact(&result->machine, "caches"),
	    bench_machine_fact(&result->machine, "kernel"));
}

static void
print_row(const struct bench_row *row, FILE *file)
{
	const struct bench_figures *figures = &row->figures;
	char t[4][16], c[2][16], r[4][16];

	fprintf(file, "  %-16s %8.3f %11.0f %8s %8s %8s %8s %7s %7s %6s %7s %6s %6s", row->name,
	    bench_row_gbps(row, figures->rate), figures->rate, time_text(figures->p50, t[0]),
	    time_text(figures->p90, t[1]), time_text(figures->p99, t[2]),
	    time_text(figures->p999, t[3]), cpu_text(figures->cpu_caller, c[0]),
	    cpu_text(figures->cpu_daemon, c[1]), ratio_text(row->figures.ratio[BENCH_FLOOR], r[0]),
	    ratio_text(row->figures.ratio[BENCH_NETBSD], r[1]),
	    ratio_text(row->figures.ratio[BENCH_LIBC], r[2]),
	    ratio_text(row->figures.ratio[BENCH_ISAL], r[3]));
	if (row->how[0] != '\0')
		fprintf(file, "  %s", row->how);
	if (figures->wrong[0] != '\0')
		fprintf(file, "  WRONG: %s", figures->wrong);
	else if (figures->checked > 0)
		fprintf(file, "  checked");
	fputc('\n', file);
}

void
bench_table_columns(FILE *file)
{
	fprintf(file, "Columns: 10^9 bytes a second; seconds of processor for a GiB, of the caller "
		      "and of the daemon;\n"
		      "x: how many times as fast as the floor, NetBSD's way, libc, ISA-L.\n");
}

void
bench_table_group(const struct bench_row *rows, unsigned n, FILE *file)
{
	char text[160];

	fprintf(file, "\n%s\n", bench_point_text(&rows[0].point, text, sizeof(text)));
	fprintf(file, "  %-16s %8s %11s %8s %8s %8s %8s %7s %7s %6s %7s %6s %6s\n", "", "GB/s",
	    "requests/s", "p50", "p90", "p99", "p99.9", "caller", "daemon", "floor", "netbsd",
	    "libc", "isa-l");
	for (unsigned i = 0; i < n; i++)
		print_row(&rows[i], file);
	fflush(file);
}

void
bench_table_bar(const struct bench_bar *bar, FILE *file)
{
	const char *word = bar->wrong[0] != '\0' ? "wrong" : "below";

	if (bench_bar_is_good(bar))
		word = "ok";
	if (bar->is_skipped) {
		fprintf(file, "%-40s %-22s %6s %6.2f  skipped: %s\n", bar->name, "", "", bar->bar,
		    bar->why);
	} else {
		fprintf(file, "%-40s %-22s %6.2f %6.2f  %-5s  %s", bar->name, bar->value,
		    bar->ratio, bar->bar, word, bar->detail);
		if (bar->wrong[0] != '\0')
			fprintf(file, "; %s", bar->wrong);
		fputc('\n', file);
	}
	fflush(file);
}

static bool
is_repeated(const struct bench_result *result, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (strcmp(result->skips[k].name, result->skips[i].name) == 0 &&
		    strcmp(result->skips[k].why, result->skips[i].why) == 0)
			return true;
	return false;
}

void
bench_table_skips(const struct bench_result *result, FILE *file)
{
	if (result->nskips > 0)
		fprintf(file, "\nleft out (the first point of each reason):\n");
	for (unsigned i = 0; i < result->nskips; i++) {
		const struct bench_skip *skip = &result->skips[i];
		char text[160];

		if (!is_repeated(result, i))
			fprintf(file, "  %s%s%s: %s\n",
			    bench_point_text(&skip->point, text, sizeof(text)),
			    skip->name[0] != '\0' ? " " : "", skip->name, skip->why);
	}
}
