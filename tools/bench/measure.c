/* SPDX-License-Identifier: BSD-2-Clause */
/* measure.c: lanes in turn, round after round. */
#include "tools/bench/measure.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/bench/clock.h"

#define GIB ((double)((size_t)1 << 30))

/* One lane while it is measured. */
struct track {
	struct bench_lane *lane;
	struct bench_figures *figures;
	uint64_t passes; /* of a round */
	double spent, requests;
	double caller, daemon; /* processor time */
	double rates[BENCH_ROUNDS_MAX];
	struct bench_latency latency;
};

void
bench_lane_uncheck(struct bench_lane *lane)
{
	lane->is_unchecked = true;
	snprintf(lane->how, sizeof(lane->how), "moves nothing, is not checked");
}

/* What was moved is looked at after each round, not in it: the caches stay as they are. */
static void
check(struct track *track)
{
	struct bench_figures *figures = track->figures;
	long n;

	n = figures->wrong[0] != '\0' || track->lane->is_unchecked
		? -1
		: bench_site_check(track->lane->site, figures->wrong, sizeof(figures->wrong));
	/* The next lane is not to be blamed for what this one has left. */
	if (n < 0)
		bench_site_forget(track->lane->site);
	else
		figures->checked += n;
}

/* As many passes as fill a round. */
static void
warm_up(struct track *track, double slice)
{
	struct bench_lane *lane = track->lane;
	double seconds;
	uint64_t n = 1;

	/* The first pass pays for all that happens once: it tells nothing about those that follow. */
	lane->run(lane, 1, &track->latency);
	while ((seconds = lane->run(lane, n, &track->latency)) < slice / 8)
		n *= 4;
	check(track);
	track->passes = (uint64_t)(slice * (double)n / seconds);
	if (track->passes == 0)
		track->passes = 1;
	track->latency = (struct bench_latency){ 0 };
}

static void
run_round(struct track *track)
{
	struct bench_lane *lane = track->lane;
	const double requests = (double)track->passes * (double)lane->requests;
	double caller = bench_cpu_own(), daemon = bench_cpu_of(lane->daemon), seconds;

	seconds = lane->run(lane, track->passes, &track->latency);
	track->caller += bench_cpu_own() - caller;
	if (daemon >= 0)
		track->daemon += bench_cpu_of(lane->daemon) - daemon;
	track->spent += seconds;
	track->requests += requests;
	track->rates[track->figures->rounds++] = requests / seconds;
	check(track);
}

static void
sum_up(struct track *track)
{
	struct bench_figures *figures = track->figures;
	const double gib = track->requests * (double)track->lane->bytes / GIB;

	figures->rate = bench_median(track->rates, figures->rounds);
	figures->rate_min = track->rates[0];
	figures->rate_max = track->rates[figures->rounds - 1];
	figures->p50 = bench_latency_at(&track->latency, 0.5);
	figures->p90 = bench_latency_at(&track->latency, 0.9);
	figures->p99 = bench_latency_at(&track->latency, 0.99);
	figures->p999 = bench_latency_at(&track->latency, 0.999);
	figures->cpu_caller = track->caller / gib;
	figures->cpu_daemon = bench_cpu_of(track->lane->daemon) >= 0 ? track->daemon / gib : -1;
}

/* Of the same rounds, so that what slows the machine down for a while weighs on both. */
static void
relate(struct track *track, const struct track *to)
{
	double ratios[BENCH_ROUNDS_MAX];
	unsigned n = track->figures->rounds;

	if (track == to || to->lane->role == BENCH_ENGINE)
		return;
	if (n > to->figures->rounds)
		n = to->figures->rounds;
	for (unsigned i = 0; i < n; i++)
		ratios[i] = track->rates[i] / to->rates[i];
	track->figures->ratio[to->lane->role] = bench_median(ratios, n);
}

static bool
wants_round(const struct track *track, const struct bench_effort *effort, unsigned round)
{
	if (round < effort->rounds_min)
		return true;
	return round < effort->rounds && track->spent < effort->seconds * 2;
}

void
bench_measure(struct bench_lane *lanes, unsigned n, const struct bench_effort *effort,
    struct bench_figures *figures)
{
	struct track *tracks = calloc(n, sizeof(*tracks));

	if (tracks == NULL)
		err(1, "memory");
	for (unsigned i = 0; i < n; i++) {
		figures[i] = (struct bench_figures){ .cpu_daemon = -1 };
		tracks[i].lane = &lanes[i];
		tracks[i].figures = &figures[i];
		warm_up(&tracks[i], effort->seconds / effort->rounds);
	}
	for (unsigned round = 0; round < effort->rounds && round < BENCH_ROUNDS_MAX; round++) {
		/* Each round starts with another lane: nobody always follows the same one. */
		for (unsigned i = 0; i < n; i++) {
			struct track *track = &tracks[(i + round) % n];

			if (wants_round(track, effort, round))
				run_round(track);
		}
	}
	for (unsigned i = 0; i < n * n; i++)
		relate(&tracks[i / n], &tracks[i % n]);
	for (unsigned i = 0; i < n; i++)
		sum_up(&tracks[i]);
	free(tracks);
}
