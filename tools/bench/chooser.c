/* SPDX-License-Identifier: BSD-2-Clause */
/* chooser.c: does a daemon that chooses do as well as one that was told the best engine? */
#include "tools/bench/chooser.h"

#include <stdio.h>

#include "tools/bench/pin.h"
#include "tools/bench/plan.h"

/* Up to here the daemon works in the thread that received the call. */
#define SHORT_MAX ((size_t)256 << 10)

/*
 * Finding the best takes less: an engine that is a little worse than the best will do.  The worst of
 * many ratios is mostly noise: what is below the bar is looked at once more, and longer.
 */
static const struct bench_effort search = { 0.08, 4, 3 }, proof = { 0.4, 21, 9 },
				 again = { 1.6, 81, 31 };

struct chooser {
	struct bench_rig *rig;  /* of the point */
	struct bench_plan plan; /* names auto first, then each engine */
	struct bench_site site;
	unsigned nlanes;
	struct bench_lane lanes[BENCH_ENGINES_MAX];
	struct bench_why why;
};

/* Lanes for auto and for each engine; those that cannot be had are left out. */
static void
open_lanes(struct chooser *chooser)
{
	chooser->nlanes = 0;
	for (unsigned i = 0; i < chooser->plan.nengines; i++) {
		if (bench_rig_open(chooser->rig, &chooser->lanes[chooser->nlanes], &chooser->site,
			chooser->plan.engines[i], &chooser->why) == 0)
			chooser->nlanes++;
		else if (i == 0)
			return;
	}
}

/* Measures N of the chooser's lanes; all must be right. */
static void
measure(struct bench_lane *lanes, unsigned n, const struct bench_effort *effort,
    struct bench_figures *figures, struct bench_bar *bar)
{
	bench_measure(lanes, n, effort, figures);
	for (unsigned i = 0; i < n; i++)
		bench_bar_blame(bar, lanes[i].name, &figures[i]);
}

/* The ratio of auto to the best engine, whose lane becomes *ret_best; 0 when there is none. */
static double
judge(struct chooser *chooser, struct bench_bar *bar, unsigned *ret_best)
{
	struct bench_figures figures[BENCH_ENGINES_MAX];
	struct bench_lane pair[2];

	if (chooser->nlanes < 2)
		return 0;
	*ret_best = 1;
	measure(chooser->lanes, chooser->nlanes, &search, figures, bar);
	for (unsigned i = 2; i < chooser->nlanes; i++)
		if (figures[i].rate > figures[*ret_best].rate)
			*ret_best = i;
	pair[0] = chooser->lanes[0];
	pair[1] = chooser->lanes[*ret_best];
	pair[1].role = BENCH_FLOOR;
	measure(pair, 2, &proof, figures, bar);
	if (figures[0].ratio[BENCH_FLOOR] < bar->bar)
		measure(pair, 2, &again, figures, bar);
	return figures[0].ratio[BENCH_FLOOR];
}

static void
run_point(struct chooser *chooser, const struct bench_point *point, struct bench_bar *bar)
{
	const struct bench_site_options options = {
		.limit = chooser->rig->options->memory,
		.is_checked = chooser->rig->options->is_verifying,
	};
	unsigned best = 0;
	char text[160];
	double ratio;

	if (bench_site_init(
		&chooser->site, point, &options, chooser->why.text, sizeof(chooser->why.text)) < 0)
		return;
	open_lanes(chooser);
	ratio = judge(chooser, bar, &best);
	if (ratio > 0 && (bar->ratio == 0 || ratio < bar->ratio)) {
		bar->ratio = ratio;
		snprintf(bar->value, sizeof(bar->value), "%.60s",
		    bench_point_text(point, text, sizeof(text)));
		snprintf(bar->detail, sizeof(bar->detail), "best: %s", chooser->lanes[best].name);
	}
	for (unsigned i = 0; i < chooser->nlanes; i++)
		chooser->lanes[i].close(&chooser->lanes[i]);
	bench_site_fini(&chooser->site);
}

void
bench_chooser_run(struct bench_rig *rig, struct bench_bar *bar)
{
	struct bench_options options = *rig->options;
	struct chooser chooser = { .rig = rig };
	struct bench_pin pin = { 0 };
	char text[160];

	options.is_device = true;
	options.is_direct = false;
	options.nengines = 0;
	for (int axis = 0; axis < BENCH_NAXES; axis++)
		options.axes[axis].n = 0;
	bench_values_parse(&options.axes[BENCH_SIZE], BENCH_SIZE, "4K,64K,256K,1M,16M,64M",
	    chooser.why.text, sizeof(chooser.why.text));
	bench_plan_init(&chooser.plan, &options);
	for (unsigned i = 0; i < chooser.plan.n; i++) {
		const struct bench_point *point = &chooser.plan.points[i];
		bool is_short = point->value[BENCH_SIZE] <= SHORT_MAX;

		bench_progress_show(
		    &rig->progress, i, chooser.plan.n, bench_point_text(point, text, sizeof(text)));
		chooser.rig = is_short ? bench_pin_begin(&pin, rig) : rig;
		run_point(&chooser, point, bar);
		bench_pin_end(&pin, chooser.rig);
	}
	bench_pin_fini(&pin);
	bench_plan_fini(&chooser.plan);
	bar->is_skipped = bar->ratio == 0;
	if (bar->is_skipped)
		snprintf(bar->why, sizeof(bar->why), "%s",
		    chooser.why.text[0] != '\0' ? chooser.why.text : "one engine only");
}
