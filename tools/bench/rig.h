/* SPDX-License-Identifier: BSD-2-Clause */
/* rig.h: what all measurements of a run share: daemons, the bare FUSE file, the result. */
#ifndef TOOLS_BENCH_RIG_H
#define TOOLS_BENCH_RIG_H

#include "tools/bench/daemon.h"
#include "tools/bench/options.h"
#include "tools/bench/progress.h"
#include "tools/bench/result.h"
#include "tools/bench/round_trip.h"
#include "tools/bench/why.h"

struct bench_rig {
	const struct bench_options *options; /* borrowed */
	struct bench_result *result;         /* borrowed */
	struct bench_progress progress;
	struct bench_daemons *daemons; /* NULL with why_no_daemons, or --path */
	struct bench_round_trip *trip; /* NULL with why_no_trip */
	pid_t daemon_pid;              /* of --path */
	char why_no_daemons[160], why_no_trip[160];
	FILE *table; /* where people read; NULL: nowhere */
};

void bench_rig_init(struct bench_rig *rig, const struct bench_options *options,
    struct bench_result *result, FILE *table);
void bench_rig_fini(struct bench_rig *rig);

/* The device with that engine; -errno, with the reason in WHY. */
int bench_rig_open(const struct bench_rig *rig, struct bench_lane *lane, struct bench_site *site,
    const char *engine, struct bench_why *why);

#endif /* TOOLS_BENCH_RIG_H */
