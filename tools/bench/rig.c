/* SPDX-License-Identifier: BSD-2-Clause */
/* rig.c: what all measurements of a run share. */
#include "tools/bench/rig.h"

#include <errno.h>
#include <stdio.h>

#include "tools/bench/device.h"
#include "tools/bench/inside.h"

void
bench_rig_init(struct bench_rig *rig, const struct bench_options *options,
    struct bench_result *result, FILE *table)
{
	*rig = (struct bench_rig){ .options = options, .result = result, .table = table };
	bench_progress_init(&rig->progress);
	if (options->is_direct)
		return;
	rig->trip = bench_round_trip_create(
	    options->is_served_apart, rig->why_no_trip, sizeof(rig->why_no_trip));
	if (options->path != NULL)
		rig->daemon_pid =
		    options->daemon_pid > 0 ? options->daemon_pid : bench_daemon_find();
	else
		rig->daemons = bench_daemons_create(options->dmoverd, options->threads,
		    rig->why_no_daemons, sizeof(rig->why_no_daemons));
}

void
bench_rig_fini(struct bench_rig *rig)
{
	bench_daemons_destroy(rig->daemons);
	bench_round_trip_destroy(rig->trip);
	bench_progress_clear(&rig->progress);
}

int
bench_rig_open(const struct bench_rig *rig, struct bench_lane *lane, struct bench_site *site,
    const char *engine, struct bench_why *why)
{
	const struct dmover_engine *row = bench_engine_find(engine);
	const struct bench_daemon *daemon;
	int err;

	if (rig->options->path != NULL) {
		err =
		    bench_device_open(lane, site, rig->options->path, why->text, sizeof(why->text));
		if (err == 0)
			lane->daemon = rig->daemon_pid;
		return err;
	}
	if (rig->daemons == NULL) {
		snprintf(why->text, sizeof(why->text), "%s", rig->why_no_daemons);
		return -ENOENT;
	}
	daemon = bench_daemons_get(rig->daemons, engine, why->text, sizeof(why->text));
	if (daemon == NULL)
		return -ENOENT;
	err = bench_device_open(lane, site, daemon->path, why->text, sizeof(why->text));
	if (err < 0)
		return err;
	lane->daemon = daemon->pid;
	if (row != NULL && row->eng_flags & DMOVER_ENGINE_NO_DATA)
		bench_lane_uncheck(lane);
	snprintf(lane->name, sizeof(lane->name), "%s", engine);
	return 0;
}
