/* SPDX-License-Identifier: BSD-2-Clause */
/* core.c: puts the parts of the middle layer together, and takes them apart. */
#include "core/core.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STOP_SECONDS 2 /* for requests that run */

void
dmover_core_defaults(struct dmover_core_options *options)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*options = (struct dmover_core_options){
		.engine = "auto",
		.workers = cpus > 0 ? (unsigned)cpus : 1,
		.queue_depth = 1024,
		.max_sessions = 16384,
		.max_sessions_per_uid = 12288,
		.hold_limit = DMOVER_HOLD_MAX,
		.stage_limit = (size_t)64 << 20,
	};
}

/* The user's share of descriptors is a quarter: three others still find room. */
static void
limits_from(const struct dmover_core_options *options, struct dmover_account_limits *limits)
{
	*limits = (struct dmover_account_limits){
		.sessions = options->max_sessions,
		.sessions_per_uid = options->max_sessions_per_uid,
		.bytes = options->stage_limit / 2,
		.bytes_per_uid = options->stage_limit / 8,
		.posts = options->max_posts,
		.posts_per_uid = (options->max_posts + 3) / 4,
	};
}

int
dmover_core_open_engines(struct dmover_dispatch *dispatch, struct dmover_stats *stats,
    const struct dmover_core_options *options, char *why, size_t len)
{
	const struct dmover_lanes_options lanes = {
		.engine = options->engine,
		.args = options->engine_args,
		.calibration = options->calibration,
		.own = options->own,
		.workers = options->workers,
	};

	return dmover_lanes_open(dispatch, stats, &lanes, why, len);
}

int
dmover_core_init(
    struct dmover_core *core, const struct dmover_core_options *options, char *why, size_t len)
{
	struct dmover_account_limits limits;
	unsigned max;
	int err;

	memset(core, 0, sizeof(*core));
	why[0] = '\0';
	core->options = *options;
	core->options.own = NULL; /* only borrowed */
	/* One more than the workers, so that a busy user can still hand in a small write. */
	if (core->options.uid_threads == 0)
		core->options.uid_threads = options->workers + 1;
	/* Each may keep an arena: one user's leave others enough. */
	max = (unsigned)(options->stage_limit / 2 / STAGE_ARENA / 2);
	if (core->options.uid_threads > max)
		core->options.uid_threads = max;
	limits_from(options, &limits);
	dmover_accounts_init(&core->accounts, &limits);
	err = dmover_core_open_engines(&core->dispatch, &core->stats, options, why, len);
	if (err < 0)
		goto fini_accounts;
	why[0] = '\0'; /* an engine that is left out says why there, too */
	err = dmover_watch_create(&core->watch);
	if (err < 0)
		goto fini_dispatch;
	err = dmover_pool_create(
	    core->watch, options->workers, core->options.uid_threads, &core->pool);
	if (err < 0)
		goto destroy_watch;
	dmover_stage_init(
	    &core->stage, &core->dispatch, core->pool, &core->stats, options->stage_limit / 2);
	return 0;

destroy_watch:
	dmover_watch_destroy(core->watch);
fini_dispatch:
	dmover_lanes_close(&core->dispatch);
fini_accounts:
	dmover_accounts_fini(&core->accounts);
	if (why[0] == '\0')
		snprintf(why, len, "%s", strerror(-err));
	return err;
}

bool
dmover_core_stop(struct dmover_core *core)
{
	/* An engine may still bring work back to the pool: so its requests go first. */
	return dmover_stage_drain(&core->stage, STOP_SECONDS) && dmover_pool_destroy(core->pool);
}

void
dmover_core_fini(struct dmover_core *core)
{
	dmover_stage_fini(&core->stage);
	dmover_watch_destroy(core->watch);
	dmover_lanes_close(&core->dispatch);
	dmover_accounts_fini(&core->accounts);
}
