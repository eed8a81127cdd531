/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.h: which points are measured, in which order, and with how much effort. */
#ifndef TOOLS_BENCH_PLAN_H
#define TOOLS_BENCH_PLAN_H

#include "tools/bench/measure.h"
#include "tools/bench/options.h"

struct bench_plan {
	unsigned n;
	struct bench_point *points; /* no two are equal */
	struct bench_effort effort;
	/* Engines by name; "auto" only through the device. */
	unsigned nengines;
	char engines[BENCH_ENGINES_MAX][BENCH_ENGINE_TEXT];
};

/*
 * What the options ask for: their axes if they name any, else a preset.  Engines: those named, else
 * all that work on this machine and need not be named.
 */
void bench_plan_init(struct bench_plan *plan, const struct bench_options *options);
void bench_plan_fini(struct bench_plan *plan);

#endif /* TOOLS_BENCH_PLAN_H */
