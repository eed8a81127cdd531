/* SPDX-License-Identifier: BSD-2-Clause */
/* plot.h: lines and bars as SVG, inline in a page whose style.h gives the colours. */
#ifndef TOOLS_BENCH_PLOT_H
#define TOOLS_BENCH_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/bench/options.h"

/* As many as an axis has values; or the four percentiles. */
#define BENCH_PLOT_X_MAX      BENCH_VALUES_MAX
#define BENCH_PLOT_SERIES_MAX 32

struct bench_plot {
	const char *title;
	const char *unit;   /* of the values */
	const char *x_unit; /* of the places */
	bool is_log;        /* values by their logarithm; else from 0 on */
	double mark;        /* a level to compare with; 0: none */
	unsigned nx;
	double x[BENCH_PLOT_X_MAX]; /* places, increasing */
	char labels[BENCH_PLOT_X_MAX][16];
	unsigned nseries;
	struct {
		char name[64];
		unsigned style;             /* number of a colour and a dash */
		double y[BENCH_PLOT_X_MAX]; /* 0 or less: not there */
	} series[BENCH_PLOT_SERIES_MAX];
};

/* A figure with its legend: lines over the places; with one place only, a bar for each series. */
void bench_plot_write(const struct bench_plot *plot, FILE *file);

/* Text with what HTML reserves written as references. */
void bench_html_text(const char *text, FILE *file);

/* A figure with as many digits as make sense. */
void bench_plot_number(double value, char text[24]);

#endif /* TOOLS_BENCH_PLOT_H */
