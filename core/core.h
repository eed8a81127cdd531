/* SPDX-License-Identifier: BSD-2-Clause */
/* core.h: the middle layer as one object: what a front end starts, uses and stops. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "core/lanes.h"
#include "core/stage.h"

struct dmover_core_options {
	const char *engine;       /* "auto", "cycle" or NAME[:ARGS] */
	const char *engine_args;  /* "NAME:ARGS", put before those that ->engine gives; or NULL */
	const char *calibration;  /* file of measured costs, or NULL */
	struct dmover_space *own; /* as in dmover_lanes_options; borrowed during start */
	unsigned workers;         /* threads that move posted requests */
	unsigned uid_threads;     /* threads inside one user's memory at once */
	unsigned queue_depth;     /* requests of a session that are not yet read */
	unsigned max_sessions, max_sessions_per_uid;
	size_t hold_limit;  /* bytes; a batch that moves no more is executed at once */
	unsigned max_posts; /* writes that are posted; a quarter for each user; 0: any number */
	size_t stage_limit; /* bytes of daemon memory for callers, in all: half for bytes on
	                            their way, half for descriptors and responses */
};

struct dmover_core {
	struct dmover_core_options options;
	struct dmover_accounts accounts;
	struct dmover_stats stats;
	struct dmover_watch *watch;
	struct dmover_pool *pool;
	struct dmover_dispatch dispatch;
	struct dmover_stage stage;
};

/* The defaults for this machine. */
void dmover_core_defaults(struct dmover_core_options *options);

/* Largest hold limit that fits the staging memory of one thread. */
#define DMOVER_HOLD_MAX (STAGE_ARENA / 4)

/* Opens the engines only, as dmover_lanes_open(). */
int dmover_core_open_engines(struct dmover_dispatch *dispatch, struct dmover_stats *stats,
    const struct dmover_core_options *options, char *why, size_t len);

/* Starts the workers and opens the engines; WHY tells people what is wrong. */
int dmover_core_init(
    struct dmover_core *core, const struct dmover_core_options *options, char *why, size_t len);
/*
 * Ends the workers.  Every session is closing and no front end's thread is left.  False: a thread
 * is stuck in a caller's memory; only exit is left.
 */
bool dmover_core_stop(struct dmover_core *core);
/* After a good stop; every session is gone. */
void dmover_core_fini(struct dmover_core *core);

#endif /* CORE_CORE_H */
