/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c: results as one page that needs nothing else: plots, and a table under them. */
#include "tools/bench/result.h"

#include <math.h>
#include <string.h>

#include "tools/bench/plot.h"
#include "tools/bench/style.h"

/* A table with more rows is folded. */
#define ROWS_OPEN 16

_Static_assert(BENCH_PLOT_X_MAX >= BENCH_VALUES_MAX, "a place for each size of a section");
_Static_assert(BENCH_PLOT_SERIES_MAX >= BENCH_ENGINES_MAX + BENCH_NROLES, "a line for each lane");

/* Rows that differ by their size and engine only: one section of the page. */
struct section {
	const struct bench_result *result;
	struct bench_point point; /* of the first */
	unsigned number;
};

static bool
is_in(const struct section *section, const struct bench_row *row)
{
	struct bench_point point = row->point;

	point.value[BENCH_SIZE] = section->point.value[BENCH_SIZE];
	return point.is_direct == section->point.is_direct &&
	       memcmp(point.value, section->point.value, sizeof(point.value)) == 0;
}

/* True when no row before I belongs to the same section. */
static bool
is_first(const struct bench_result *result, unsigned i)
{
	const struct section section = { result, result->rows[i].point, 0 };

	for (unsigned k = 0; k < i; k++)
		if (is_in(&section, &result->rows[k]))
			return false;
	return true;
}

/* Engines keep their colours through the page. */
static unsigned
style_of(const struct bench_result *result, const struct bench_row *row)
{
	unsigned style = 0;

	if (row->role != BENCH_ENGINE)
		return BENCH_STYLE_ROLES + row->role;
	for (unsigned i = 0; i < result->nrows; i++) {
		unsigned k = 0;

		if (result->rows[i].role != BENCH_ENGINE)
			continue;
		if (strcmp(result->rows[i].name, row->name) == 0)
			break;
		while (strcmp(result->rows[k].name, result->rows[i].name) != 0)
			k++;
		style += k == i;
	}
	return style % BENCH_STYLE_ENGINES;
}

static double
throughput(const struct bench_row *row)
{
	return bench_row_gbps(row, row->figures.rate);
}

static double
to_floor(const struct bench_row *row)
{
	return row->figures.ratio[BENCH_FLOOR];
}

static double
to_library(const struct bench_row *row)
{
	const double *ratio = row->figures.ratio;

	return ratio[BENCH_ISAL] > 0 ? ratio[BENCH_ISAL] : ratio[BENCH_LIBC];
}

/* The place of a size in a plot, made when it is new. */
static unsigned
plot_x(struct bench_plot *plot, const struct bench_point *point)
{
	double x = log2((double)point->value[BENCH_SIZE]);
	unsigned i = 0;

	while (i < plot->nx && plot->x[i] < x)
		i++;
	if ((i < plot->nx && plot->x[i] <= x) || plot->nx == BENCH_PLOT_X_MAX)
		return i < BENCH_PLOT_X_MAX ? i : BENCH_PLOT_X_MAX - 1;
	for (unsigned k = plot->nx++; k > i; k--) {
		plot->x[k] = plot->x[k - 1];
		memcpy(plot->labels[k], plot->labels[k - 1], sizeof(plot->labels[k]));
	}
	plot->x[i] = x;
	bench_axis_text(
	    BENCH_SIZE, point->value[BENCH_SIZE], plot->labels[i], sizeof(plot->labels[i]));
	return i;
}

static unsigned
plot_series(struct bench_plot *plot, const char *name, unsigned style)
{
	unsigned s = 0;

	while (s < plot->nseries && strcmp(plot->series[s].name, name) != 0)
		s++;
	if (s == plot->nseries && s < BENCH_PLOT_SERIES_MAX) {
		plot->nseries++;
		plot->series[s].style = style;
		snprintf(plot->series[s].name, sizeof(plot->series[s].name), "%s", name);
	}
	return s < BENCH_PLOT_SERIES_MAX ? s : BENCH_PLOT_SERIES_MAX - 1;
}

/* All sizes first: a place may not move once it has values. */
static void
plot_sizes(struct bench_plot *plot, const struct section *section)
{
	for (unsigned i = 0; i < section->result->nrows; i++)
		if (is_in(section, &section->result->rows[i]))
			plot_x(plot, &section->result->rows[i].point);
}

/* One line for each engine and, if asked for, for each of those that they are compared with. */
static void
write_by_size(const struct section *section, struct bench_plot *plot,
    double (*value)(const struct bench_row *row), bool has_others, FILE *file)
{
	const struct bench_result *result = section->result;
	bool is_there = false;

	plot->x_unit = "bytes of a request";
	plot_sizes(plot, section);
	for (unsigned i = 0; i < result->nrows; i++) {
		const struct bench_row *row = &result->rows[i];
		unsigned s;

		if (!is_in(section, row) || (row->role != BENCH_ENGINE && !has_others))
			continue;
		s = plot_series(plot, row->name, style_of(result, row));
		plot->series[s].y[plot_x(plot, &row->point)] = value(row);
		is_there = is_there || value(row) > 0;
	}
	if (is_there)
		bench_plot_write(plot, file);
}

static double
rank_of(const struct bench_figures *figures, unsigned rank)
{
	const double ranks[] = { figures->p50, figures->p90, figures->p99, figures->p999 };

	return ranks[rank] * 1e6;
}

static const char *const ranks[] = { "p50", "p90", "p99", "p99.9" };

/* The first engine's percentiles over the sizes, or those of all over the ranks. */
static void
write_latency(const struct section *section, FILE *file)
{
	const struct bench_result *result = section->result;
	struct bench_plot plot = { .unit = "microseconds", .is_log = true };
	const char *first = NULL;
	bool has_sizes;
	char title[128];

	plot_sizes(&plot, section);
	has_sizes = plot.nx > 1;
	for (unsigned rank = 0; !has_sizes && rank < 4; rank++) {
		plot.x[rank] = rank;
		snprintf(plot.labels[rank], sizeof(plot.labels[rank]), "%s", ranks[rank]);
		plot.nx = 4;
	}
	for (unsigned i = 0; i < result->nrows; i++) {
		const struct bench_row *row = &result->rows[i];

		if (!is_in(section, row))
			continue;
		if (first == NULL && row->role == BENCH_ENGINE)
			first = row->name;
		if (has_sizes && (first == NULL || strcmp(first, row->name) != 0))
			continue;
		for (unsigned rank = 0; rank < 4; rank++) {
			unsigned s = has_sizes
					 ? plot_series(&plot, ranks[rank], BENCH_STYLE_RANKS + rank)
					 : plot_series(&plot, row->name, style_of(result, row));
			unsigned x = has_sizes ? plot_x(&plot, &row->point) : rank;

			plot.series[s].y[x] = rank_of(&row->figures, rank);
		}
	}
	snprintf(title, sizeof(title), "Latency%s%s", has_sizes ? " of " : "",
	    has_sizes && first != NULL ? first : "");
	plot.title = title;
	plot.x_unit =
	    has_sizes ? "bytes of a request" : "share of the requests that took no longer";
	bench_plot_write(&plot, file);
}

static void
write_cell(double value, bool is_there, FILE *file)
{
	char text[24];

	bench_plot_number(value, text);
	fprintf(file, "<td>%s</td>", is_there ? text : "–");
}

static void
write_row(const struct bench_row *row, bool is_new, FILE *file)
{
	const struct bench_figures *figures = &row->figures;
	char size[32];

	bench_axis_text(BENCH_SIZE, row->point.value[BENCH_SIZE], size, sizeof(size));
	fprintf(file, "<tr class=\"%s%s\"><td>%s</td><td class=\"text\">",
	    row->role != BENCH_ENGINE ? "other" : "engine", is_new ? " first" : "", size);
	bench_html_text(row->name, file);
	if (row->how[0] != '\0') {
		fprintf(file, " (");
		bench_html_text(row->how, file);
		fprintf(file, ")");
	}
	fprintf(file, "</td>");
	write_cell(throughput(row), true, file);
	write_cell(figures->rate, true, file);
	for (unsigned rank = 0; rank < 4; rank++)
		write_cell(rank_of(figures, rank), true, file);
	write_cell(figures->cpu_caller, true, file);
	write_cell(figures->cpu_daemon, figures->cpu_daemon >= 0, file);
	for (int role = BENCH_FLOOR; role < BENCH_NROLES; role++)
		write_cell(figures->ratio[role], figures->ratio[role] > 0, file);
	if (figures->wrong[0] != '\0')
		fprintf(file, "<td class=\"bad\">wrong bytes</td>");
	else
		fprintf(file, "<td>%s</td>", figures->checked > 0 ? "checked" : "");
	fprintf(file, "</tr>\n");
}

static void
write_table(const struct section *section, FILE *file)
{
	const struct bench_result *result = section->result;
	uint64_t last = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < result->nrows; i++)
		n += is_in(section, &result->rows[i]);
	fprintf(file, "<details%s><summary>%u rows</summary><div class=\"wide\"><table>\n",
	    n <= ROWS_OPEN ? " open=\"open\"" : "", n);
	fprintf(file, "<tr><th>size</th><th class=\"text\">engine</th><th>GB/s</th>"
		      "<th>requests/s</th><th>p50 µs</th><th>p90 µs</th><th>p99 µs</th>"
		      "<th>p99.9 µs</th><th>caller s/GiB</th><th>daemon s/GiB</th><th>× floor</th>"
		      "<th>× NetBSD</th><th>× libc</th><th>× ISA-L</th><th></th></tr>\n");
	for (unsigned i = 0; i < result->nrows; i++) {
		const struct bench_row *row = &result->rows[i];

		if (!is_in(section, row))
			continue;
		write_row(row, row->point.value[BENCH_SIZE] != last, file);
		last = row->point.value[BENCH_SIZE];
	}
	fprintf(file, "</table></div></details>\n");
}

/* "copy, through the device: batch=64". */
static void
write_title(const struct section *section, FILE *file)
{
	char text[160], *at = text;

	bench_point_text(&section->point, text, sizeof(text));
	/* Behind the front end, the function and the size, what is not usual. */
	for (int word = 0; word < 3; word++)
		at += strcspn(at, " ") + (word < 2);
	bench_html_text(bench_point_function(&section->point)->dfn_name, file);
	fprintf(file, section->point.is_direct ? ", engines alone" : ", through the device");
	if (*at != '\0')
		fprintf(file, ":");
	bench_html_text(at, file);
}

static void
write_section(const struct section *section, FILE *file)
{
	struct bench_plot speed = { .title = "Throughput", .unit = "GB/s", .is_log = true };
	struct bench_plot ratio = { .unit = "times as fast", .mark = 1 };

	fprintf(file, "<section id=\"s%u\"><h2>", section->number);
	write_title(section, file);
	fprintf(file, "</h2>\n<div class=\"plots\">\n");
	write_by_size(section, &speed, throughput, true, file);
	ratio.title =
	    section->point.is_direct ? "Ratio to ISA-L, or to libc" : "Ratio to the floor";
	write_by_size(
	    section, &ratio, section->point.is_direct ? to_library : to_floor, false, file);
	write_latency(section, file);
	fprintf(file, "</div>\n");
	write_table(section, file);
	fprintf(file, "</section>\n");
}

static void
write_sections(const struct bench_result *result, bool is_list, FILE *file)
{
	unsigned number = 0;

	for (unsigned i = 0; i < result->nrows; i++) {
		const struct section section = { result, result->rows[i].point, number };

		if (!is_first(result, i))
			continue;
		number++;
		if (is_list) {
			fprintf(file, "<a href=\"#s%u\">", section.number);
			write_title(&section, file);
			fprintf(file, "</a>\n");
		} else {
			write_section(&section, file);
		}
	}
}

static void
write_bars(const struct bench_result *result, FILE *file)
{
	fprintf(file, "<h2>Bars</h2>\n<div class=\"wide\"><table><tr><th class=\"text\">work</th>"
		      "<th class=\"text\">measured</th><th class=\"text\">compared with</th>"
		      "<th>ratio</th><th>bar</th><th></th></tr>\n");
	for (unsigned i = 0; i < result->nbars; i++) {
		const struct bench_bar *bar = &result->bars[i];
		const bool is_good = bench_bar_is_good(bar), is_wrong = bar->wrong[0] != '\0';

		fprintf(file, "<tr><td class=\"text\">");
		bench_html_text(bar->name, file);
		fprintf(file, "</td><td class=\"text\">");
		bench_html_text(bar->value, file);
		fprintf(file, "</td><td class=\"text\">");
		bench_html_text(bar->is_skipped ? bar->why : bar->detail, file);
		fprintf(file, "</td>");
		write_cell(bar->ratio, !bar->is_skipped, file);
		write_cell(bar->bar, true, file);
		if (bar->is_skipped)
			fprintf(file, "<td>skipped</td></tr>\n");
		else
			fprintf(file, "<td class=\"%s\">%s</td></tr>\n", is_good ? "good" : "bad",
			    is_good ? "ok" : (is_wrong ? "wrong bytes" : "below"));
	}
	fprintf(file, "</table></div>\n");
}

static void
write_machine(const struct bench_machine *machine, FILE *file)
{
	fprintf(file, "<details open=\"open\"><summary>The machine</summary>\n"
		      "<dl class=\"facts\">\n");
	for (unsigned i = 0; i < machine->n; i++) {
		fprintf(file, "<div><dt>%s</dt><dd>", machine->facts[i].name);
		bench_html_text(machine->facts[i].text, file);
		fprintf(file, "</dd></div>\n");
	}
	fprintf(file, "</dl></details>\n");
}

static void
write_skips(const struct bench_result *result, FILE *file)
{
	char text[160];

	if (result->nskips == 0)
		return;
	fprintf(file, "<h2>Left out</h2>\n<details><summary>%u</summary><ul>\n", result->nskips);
	for (unsigned i = 0; i < result->nskips; i++) {
		fprintf(file, "<li>");
		bench_html_text(
		    bench_point_text(&result->skips[i].point, text, sizeof(text)), file);
		fprintf(file, " ");
		bench_html_text(result->skips[i].name, file);
		fprintf(file, ": ");
		bench_html_text(result->skips[i].why, file);
		fprintf(file, "</li>\n");
	}
	fprintf(file, "</ul></details>\n");
}

void
bench_report_write(const struct bench_result *result, FILE *file)
{
	fprintf(file,
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	    "<title>dmover-bench</title>\n<style>\n%s</style></head>\n<body>\n",
	    bench_style);
	fprintf(file,
	    "<h1>dmover-bench</h1>\n<p class=\"dim\">Everything in a section was measured in turn, "
	    "round after round, in one run: ratios mean more than figures. GB/s are 10<sup>9</sup> "
	    "bytes of a request's length. The floor is the least that a device must pay: two bare "
	    "FUSE round trips and the barest accesses to the same memory. NetBSD's "
	    "way: one thread, blocks of 1 KiB, byte by byte.</p>\n");
	write_machine(&result->machine, file);
	if (result->nbars > 0)
		write_bars(result, file);
	if (result->nrows > 0) {
		fprintf(file, "<nav>\n");
		write_sections(result, /* is_list= */ true, file);
		fprintf(file, "</nav>\n");
		write_sections(result, /* is_list= */ false, file);
	}
	write_skips(result, file);
	fprintf(file, "</body></html>\n");
}
