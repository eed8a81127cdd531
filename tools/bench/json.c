/* SPDX-License-Identifier: BSD-2-Clause */
/* json.c: results as JSON; docs/man/dmover-bench.1 names the members. */
#include "tools/bench/result.h"

#include "tools/json.h"

static void
print_number(FILE *file, const char *name, double value, bool is_there)
{
	if (is_there)
		fprintf(file, ", \"%s\": %.6g", name, value);
	else
		fprintf(file, ", \"%s\": null", name);
}

static void
print_wrong(FILE *file, const char *wrong)
{
	fprintf(file, ", \"wrong\": ");
	if (wrong[0] != '\0')
		tools_json_string(file, wrong);
	else
		fprintf(file, "null");
}

static void
print_machine(const struct bench_machine *machine, FILE *file)
{
	fprintf(file, "\"machine\": {");
	for (unsigned i = 0; i < machine->n; i++) {
		fprintf(file, "%s\n  ", i > 0 ? "," : "");
		tools_json_member(file, machine->facts[i].name, machine->facts[i].text);
	}
	fprintf(file, "\n }");
}

static void
print_point(const struct bench_point *point, FILE *file)
{
	char text[160];

	tools_json_member(file, "point", bench_point_text(point, text, sizeof(text)));
	fprintf(file, ", ");
	tools_json_member(file, "front", point->is_direct ? "direct" : "device");
	for (int axis = 0; axis < BENCH_NAXES; axis++) {
		const char *name = bench_axis_name((enum bench_axis)axis);

		fprintf(file, ", ");
		if (axis == BENCH_FUNCTION || axis == BENCH_PAGES || axis == BENCH_FOOTPRINT)
			tools_json_member(file, name,
			    bench_axis_text(
				(enum bench_axis)axis, point->value[axis], text, sizeof(text)));
		else
			fprintf(file, "\"%s\": %llu", name, (unsigned long long)point->value[axis]);
	}
}

static void
print_figures(const struct bench_row *row, FILE *file)
{
	const struct bench_figures *figures = &row->figures;

	fprintf(file, ", \"rounds\": %u", figures->rounds);
	print_number(file, "gbps", bench_row_gbps(row, figures->rate), true);
	print_number(file, "gbps_min", bench_row_gbps(row, figures->rate_min), true);
	print_number(file, "gbps_max", bench_row_gbps(row, figures->rate_max), true);
	print_number(file, "requests_per_s", figures->rate, true);
	fprintf(file,
	    ",\n   \"latency_us\": { \"p50\": %.6g, \"p90\": %.6g, \"p99\": %.6g, "
	    "\"p999\": %.6g }",
	    figures->p50 * 1e6, figures->p90 * 1e6, figures->p99 * 1e6, figures->p999 * 1e6);
	fprintf(file, ", \"cpu_s_per_gib\": { \"caller\": %.6g", figures->cpu_caller);
	print_number(file, "daemon", figures->cpu_daemon, figures->cpu_daemon >= 0);
	fprintf(file, " },\n   \"ratios\": {");
	for (int role = BENCH_FLOOR; role < BENCH_NROLES; role++) {
		fprintf(file, "%s \"%s\": ", role > BENCH_FLOOR ? "," : "",
		    bench_role_name((enum bench_role)role));
		if (row->figures.ratio[role] > 0)
			fprintf(file, "%.6g", row->figures.ratio[role]);
		else
			fprintf(file, "null");
	}
	fprintf(file, " }, \"checked\": %ld", figures->checked);
	print_wrong(file, figures->wrong);
	print_number(file, "huge_share", row->huge, row->huge >= 0);
}

static void
print_row(const struct bench_row *row, FILE *file)
{
	fprintf(file, "  { ");
	tools_json_member(file, "engine", row->name);
	fprintf(file, ", ");
	tools_json_member(file, "role", bench_role_name(row->role));
	fprintf(file, ", ");
	tools_json_member(file, "how", row->how);
	fprintf(file, ",\n   ");
	print_point(&row->point, file);
	print_figures(row, file);
	fprintf(file, " }");
}

static void
print_skip(const struct bench_skip *skip, FILE *file)
{
	fprintf(file, "  { ");
	tools_json_member(file, "engine", skip->name);
	fprintf(file, ", ");
	print_point(&skip->point, file);
	fprintf(file, ", ");
	tools_json_member(file, "why", skip->why);
	fprintf(file, " }");
}

static void
print_bar(const struct bench_bar *bar, FILE *file)
{
	fprintf(file, "  { ");
	tools_json_member(file, "name", bar->name);
	fprintf(file, ", ");
	tools_json_member(file, "value", bar->value);
	fprintf(file, ", ");
	tools_json_member(file, "detail", bar->detail);
	print_number(file, "ratio", bar->ratio, !bar->is_skipped);
	print_number(file, "bar", bar->bar, true);
	fprintf(file, ", \"ok\": %s, ",
	    bar->is_skipped ? "null" : (bench_bar_is_good(bar) ? "true" : "false"));
	tools_json_member(file, "skipped", bar->why);
	print_wrong(file, bar->wrong);
	fprintf(file, " }");
}

void
bench_json_write(const struct bench_result *result, FILE *file)
{
	fprintf(file, "{\n \"format\": \"dmover-bench 1\",\n \"verified\": %s,\n ",
	    result->is_verified ? "true" : "false");
	print_machine(&result->machine, file);
	fprintf(file, ",\n \"rows\": [");
	for (unsigned i = 0; i < result->nrows; i++) {
		fprintf(file, "%s\n", i > 0 ? "," : "");
		print_row(&result->rows[i], file);
	}
	fprintf(file, "\n ],\n \"skipped\": [");
	for (unsigned i = 0; i < result->nskips; i++) {
		fprintf(file, "%s\n", i > 0 ? "," : "");
		print_skip(&result->skips[i], file);
	}
	fprintf(file, "\n ],\n \"bars\": [");
	for (unsigned i = 0; i < result->nbars; i++) {
		fprintf(file, "%s\n", i > 0 ? "," : "");
		print_bar(&result->bars[i], file);
	}
	fprintf(file, "\n ]\n}\n");
}
