/* SPDX-License-Identifier: BSD-2-Clause */
/* csv.c: results as comma-separated values, one line for each row, the names in the first. */
#include "tools/bench/result.h"

static void
print_number(FILE *file, double value, bool is_there)
{
	if (is_there)
		fprintf(file, ",%.6g", value);
	else
		fputc(',', file);
}

static void
print_row(const struct bench_row *row, FILE *file)
{
	const struct bench_figures *figures = &row->figures;
	char text[64];

	fprintf(file, "%s,%s,\"%s\"", row->point.is_direct ? "direct" : "device",
	    bench_role_name(row->role), row->name);
	for (int axis = 0; axis < BENCH_NAXES; axis++)
		if (axis == BENCH_SIZE)
			fprintf(file, ",%llu", (unsigned long long)row->point.value[axis]);
		else
			fprintf(file, ",%s",
			    bench_axis_text(
				(enum bench_axis)axis, row->point.value[axis], text, sizeof(text)));
	fprintf(file, ",%u,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g", figures->rounds,
	    bench_row_gbps(row, figures->rate), bench_row_gbps(row, figures->rate_min),
	    bench_row_gbps(row, figures->rate_max), figures->rate, figures->p50 * 1e6,
	    figures->p90 * 1e6, figures->p99 * 1e6, figures->p999 * 1e6);
	print_number(file, figures->cpu_caller, true);
	print_number(file, figures->cpu_daemon, figures->cpu_daemon >= 0);
	for (int role = BENCH_FLOOR; role < BENCH_NROLES; role++)
		print_number(file, row->figures.ratio[role], row->figures.ratio[role] > 0);
	fprintf(file, ",%ld,%s\n", figures->checked, figures->wrong[0] != '\0' ? "yes" : "no");
}

void
bench_csv_write(const struct bench_result *result, FILE *file)
{
	fprintf(file, "front,role,engine");
	for (int axis = 0; axis < BENCH_NAXES; axis++)
		fprintf(file, ",%s", bench_axis_name((enum bench_axis)axis));
	fprintf(file, ",rounds,gbps,gbps_min,gbps_max,requests_per_s,p50_us,p90_us,p99_us,p999_us,"
		      "cpu_s_per_gib_caller,cpu_s_per_gib_daemon");
	for (int role = BENCH_FLOOR; role < BENCH_NROLES; role++)
		fprintf(file, ",ratio_%s", bench_role_name((enum bench_role)role));
	fprintf(file, ",checked,wrong\n");
	for (unsigned i = 0; i < result->nrows; i++)
		print_row(&result->rows[i], file);
}
