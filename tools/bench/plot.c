/* SPDX-License-Identifier: BSD-2-Clause */
/* plot.c: lines and bars as SVG. */
#include "tools/bench/plot.h"

#include <math.h>

/* The drawing, in units of its own; a browser scales it. */
#define WIDTH  460.0
#define HEIGHT 290.0
#define LEFT   58.0
#define RIGHT  10.0
#define TOP    14.0
#define BOTTOM 46.0

#define LABELS_MAX 12
#define BAR_HEIGHT 26.0
#define BAR_LEFT   112.0
#define BAR_RIGHT  58.0

/* The values that the edges of the drawing stand for. */
struct scale {
	double low, high; /* logarithms where IS_LOG */
	bool is_log;
};

void
bench_html_text(const char *text, FILE *file)
{
	for (; *text != '\0'; text++) {
		if (*text == '<')
			fputs("&lt;", file);
		else if (*text == '&')
			fputs("&amp;", file);
		else if (*text == '"')
			fputs("&quot;", file);
		else
			fputc(*text, file);
	}
}

void
bench_plot_number(double value, char text[24])
{
	if (value >= 1e6)
		snprintf(text, 24, "%.3gM", value / 1e6);
	else if (value >= 1e4)
		snprintf(text, 24, "%.3gk", value / 1e3);
	else
		snprintf(text, 24, value >= 1000 ? "%.0f" : "%.3g", value);
}

/* 1, 2 or 5 times a power of ten: the next one that is not below VALUE. */
static double
round_step(double value)
{
	double power = pow(10, floor(log10(value)));

	if (value <= power)
		return power;
	if (value <= 2 * power)
		return 2 * power;
	return value <= 5 * power ? 5 * power : 10 * power;
}

static struct scale
scale_of(const struct bench_plot *plot)
{
	struct scale scale = { .is_log = plot->is_log };
	double low = plot->mark, high = plot->mark;

	for (unsigned s = 0; s < plot->nseries; s++) {
		for (unsigned i = 0; i < plot->nx; i++) {
			double y = plot->series[s].y[i];

			if (y > 0 && (low <= 0 || y < low))
				low = y;
			if (y > high)
				high = y;
		}
	}
	if (high <= 0)
		low = high = 1;
	if (plot->is_log) {
		scale.low = log10(low) - 0.1;
		scale.high = log10(high) + 0.1;
	} else {
		scale.high = high * 1.08;
	}
	return scale;
}

/* The share of the way from the low edge to the high one. */
static double
scale_at(const struct scale *scale, double value)
{
	double v = scale->is_log ? log10(value) : value;

	return (v - scale->low) / (scale->high - scale->low);
}

static double
y_at(const struct scale *scale, double value)
{
	return HEIGHT - BOTTOM - scale_at(scale, value) * (HEIGHT - TOP - BOTTOM);
}

static double
x_at(const struct bench_plot *plot, unsigned i)
{
	double first = plot->x[0], last = plot->x[plot->nx - 1];

	return LEFT + 14 + (plot->x[i] - first) / (last - first) * (WIDTH - LEFT - RIGHT - 28);
}

static void
write_level(const struct scale *scale, double value, FILE *file)
{
	char text[24];
	double y = y_at(scale, value);

	if (y < TOP || y > HEIGHT - BOTTOM + 0.5)
		return;
	bench_plot_number(value, text);
	fprintf(file, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
	    LEFT, y, WIDTH - RIGHT, y);
	fprintf(file, "<text class=\"tick\" text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
	    LEFT - 7, y + 4, text);
}

/* Levels: of a logarithm 1, 2, 5 in each power of ten, or the powers alone where they are many. */
static void
write_levels(const struct scale *scale, FILE *file)
{
	static const double steps[] = { 1, 2, 5 };
	unsigned nsteps = scale->high - scale->low > 3.2 ? 1 : 3;
	double step;

	if (!scale->is_log) {
		step = round_step(scale->high / 6);
		for (unsigned i = 0; i * step <= scale->high; i++)
			write_level(scale, i * step, file);
		return;
	}
	for (int power = (int)floor(scale->low); power <= scale->high; power++)
		for (unsigned i = 0; i < nsteps; i++)
			write_level(scale, steps[i] * pow(10, power), file);
}

static void
write_axes(const struct bench_plot *plot, const struct scale *scale, FILE *file)
{
	double bottom = HEIGHT - BOTTOM;

	write_levels(scale, file);
	fprintf(file, "<line class=\"axis\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
	    LEFT, bottom, WIDTH - RIGHT, bottom);
	for (unsigned i = 0; i < plot->nx; i++) {
		double x = x_at(plot, i);

		fprintf(file,
		    "<line class=\"axis\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x,
		    bottom, x, bottom + 5);
		/* Where they are many, every other place has a label: the last one does. */
		if (plot->nx > LABELS_MAX && (plot->nx - 1 - i) % 2 != 0)
			continue;
		fprintf(file,
		    "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
		    x, bottom + 19, plot->labels[i]);
	}
	fprintf(file, "<text class=\"unit\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">",
	    (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8);
	bench_html_text(plot->x_unit, file);
	fprintf(file,
	    "</text>\n<text class=\"unit\" text-anchor=\"middle\" "
	    "transform=\"translate(14 %.1f) rotate(-90)\">",
	    (TOP + bottom) / 2);
	bench_html_text(plot->unit, file);
	fprintf(file, "</text>\n");
	if (plot->mark > 0)
		fprintf(file,
		    "<line class=\"mark\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
		    LEFT, y_at(scale, plot->mark), WIDTH - RIGHT, y_at(scale, plot->mark));
}

/* The text that a pointer shows. */
static void
write_hint(const struct bench_plot *plot, unsigned s, unsigned i, FILE *file)
{
	char text[24];

	bench_plot_number(plot->series[s].y[i], text);
	fprintf(file, "<title>");
	bench_html_text(plot->series[s].name, file);
	fprintf(file, ", %s: %s ", plot->labels[i], text);
	bench_html_text(plot->unit, file);
	fprintf(file, "</title>");
}

static void
write_line(const struct bench_plot *plot, const struct scale *scale, unsigned s, FILE *file)
{
	const double *y = plot->series[s].y;
	bool is_begun = false;

	fprintf(file, "<path class=\"line s%u\" d=\"", plot->series[s].style);
	for (unsigned i = 0; i < plot->nx; i++) {
		if (y[i] > 0)
			fprintf(file, "%s%.1f %.1f ", is_begun ? "L" : "M", x_at(plot, i),
			    y_at(scale, y[i]));
		is_begun = y[i] > 0;
	}
	fprintf(file, "\"/>\n");
	for (unsigned i = 0; i < plot->nx; i++) {
		if (y[i] <= 0)
			continue;
		fprintf(file, "<circle class=\"dot s%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.6\">",
		    plot->series[s].style, x_at(plot, i), y_at(scale, y[i]));
		write_hint(plot, s, i, file);
		fprintf(file, "</circle>\n");
	}
}

static void
write_lines(const struct bench_plot *plot, FILE *file)
{
	const struct scale scale = scale_of(plot);

	fprintf(file, "<svg class=\"lines\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
	    WIDTH, HEIGHT);
	bench_html_text(plot->title, file);
	fprintf(file, "\">\n");
	write_axes(plot, &scale, file);
	/* The first is drawn last, over the others. */
	for (unsigned s = plot->nseries; s-- > 0;)
		write_line(plot, &scale, s, file);
	fprintf(file, "</svg>\n");
}

/* Bars of one place start at 0: their lengths can be compared. */
static void
write_bars(const struct bench_plot *plot, FILE *file)
{
	const double room = WIDTH - BAR_LEFT - BAR_RIGHT;
	const double height = plot->nseries * BAR_HEIGHT + 12;
	struct bench_plot linear = *plot;
	struct scale scale;

	linear.is_log = false;
	scale = scale_of(&linear);
	fprintf(file, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", WIDTH, height);
	bench_html_text(plot->title, file);
	fprintf(file, "\">\n");
	for (unsigned s = 0; s < plot->nseries; s++) {
		double y = s * BAR_HEIGHT + 6, value = plot->series[s].y[0];
		double width = value > 0 ? scale_at(&scale, value) * room : 0;
		char text[24];

		bench_plot_number(value > 0 ? value : 0, text);
		fprintf(file, "<text class=\"tick\" text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">",
		    BAR_LEFT - 8, y + 14);
		bench_html_text(plot->series[s].name, file);
		fprintf(file,
		    "</text>\n<rect class=\"bar s%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		    "height=\"%.1f\" rx=\"2\"/>\n<text class=\"tick\" x=\"%.1f\" "
		    "y=\"%.1f\">%s</text>\n",
		    plot->series[s].style, BAR_LEFT, y, width > 1 ? width : 1, BAR_HEIGHT - 7,
		    BAR_LEFT + width + 6, y + 14, text);
	}
	if (plot->mark > 0)
		fprintf(file,
		    "<line class=\"mark\" x1=\"%.1f\" y1=\"0\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
		    BAR_LEFT + scale_at(&scale, plot->mark) * room,
		    BAR_LEFT + scale_at(&scale, plot->mark) * room, height);
	fprintf(file, "</svg>\n");
}

void
bench_plot_write(const struct bench_plot *plot, FILE *file)
{
	fprintf(file, "<figure>\n<figcaption><b>");
	bench_html_text(plot->title, file);
	fprintf(file, "</b>");
	if (plot->nx == 1) {
		fprintf(file, ", ");
		bench_html_text(plot->unit, file);
	}
	fprintf(file, "</figcaption>\n");
	if (plot->nx > 1) {
		fprintf(file, "<p class=\"legend\">");
		for (unsigned s = 0; s < plot->nseries; s++) {
			fprintf(file,
			    "<span><svg viewBox=\"0 0 26 10\" class=\"key\"><path class=\"line "
			    "s%u\" "
			    "d=\"M1 5 L25 5\"/><circle class=\"dot s%u\" cx=\"13\" cy=\"5\" "
			    "r=\"3.2\"/>"
			    "</svg>",
			    plot->series[s].style, plot->series[s].style);
			bench_html_text(plot->series[s].name, file);
			fprintf(file, "</span>\n");
		}
		fprintf(file, "</p>\n");
		write_lines(plot, file);
	} else {
		write_bars(plot, file);
	}
	fprintf(file, "</figure>\n");
}
