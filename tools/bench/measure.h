/* SPDX-License-Identifier: BSD-2-Clause */
/* measure.h: lanes in turn, round after round, and what comes of it. */
#ifndef TOOLS_BENCH_MEASURE_H
#define TOOLS_BENCH_MEASURE_H

#include "tools/bench/lane.h"

struct bench_effort {
	double seconds;      /* for each lane, in all its rounds */
	unsigned rounds;     /* at most */
	unsigned rounds_min; /* also for a lane that needs more time for them */
};

#define BENCH_ROUNDS_MAX 512

/* The figures of one lane. */
struct bench_figures {
	unsigned rounds;
	double rate;                /* requests in a second: the median of the rounds */
	double rate_min, rate_max;  /* of a round */
	double p50, p90, p99, p999; /* seconds of a request */
	double cpu_caller;          /* seconds for a GiB */
	double cpu_daemon;          /* the same; below 0: not known */
	/* Rate ÷ rate of the lane of that role: the median over the rounds; 0: no such lane. */
	double ratio[BENCH_NROLES];
	long checked;    /* places whose bytes were looked at */
	char wrong[160]; /* the first wrong byte; empty: none */
};

/* Warms the lanes up and measures them in turn.  FIGURES: one for each lane. */
void bench_measure(struct bench_lane *lanes, unsigned n, const struct bench_effort *effort,
    struct bench_figures *figures);

#endif /* TOOLS_BENCH_MEASURE_H */
