/* SPDX-License-Identifier: BSD-2-Clause */
/* lanes.h: opens the engines of the table, measures them, closes them. */
#ifndef CORE_LANES_H
#define CORE_LANES_H

#include "core/dispatch.h"

struct dmover_lanes_options {
	const char *engine;      /* "auto", "cycle" or NAME[:ARGS] */
	const char *args;        /* "NAME:ARGS", put before those that ->engine gives; or NULL */
	const char *calibration; /* file of measured costs, written when it is missing; or NULL */
	/*
	 * The daemon's own memory, reached as that of callers is after the answer; borrowed.  NULL:
	 * the access is measured as a plain copy, and engines with FILE are used only by name.
	 */
	struct dmover_space *own;
	unsigned workers; /* threads that move posted requests */
};

/*
 * Opens every engine of the table that works here, and measures it.  Start-up thread.  An error
 * has its reason in WHY (LEN bytes with the NUL).  -EINVAL: the engine is unknown, does not work
 * here, or its arguments make no sense.  Others of -errno: the file cannot be written, or the first
 * engine does not work.
 */
int dmover_lanes_open(struct dmover_dispatch *dispatch, struct dmover_stats *stats,
    const struct dmover_lanes_options *options, char *why, size_t len);
/* No request is inside. */
void dmover_lanes_close(struct dmover_dispatch *dispatch);

#endif /* CORE_LANES_H */
