/* SPDX-License-Identifier: BSD-2-Clause */
/* wq.h: an open work queue, and the road by which descriptors get into it. */
#ifndef ENGINES_IDXD_WQ_H
#define ENGINES_IDXD_WQ_H

#include "args.h"
#include "desc.h"
#include "door.h"
#include "stats.h"

/* Most descriptors of one submission. */
#define IDXD_SUBMIT_MAX 64u
/* How long the probe's record may take. */
#define IDXD_PROBE_NS (100 * UINT64_C(1000000))

struct idxd_wq {
	const struct idxd_door *door;
	struct idxd_stats *stats;
	int fd;
	void *portal;        /* NULL: the road is write(2) */
	unsigned next_place; /* of the portal's 64 */
	bool is_shared;
};

struct idxd_wq_plan {
	const struct idxd_door *door;
	const struct dsa_queue *queue;
	enum idxd_road road;
	/* For the probe: not used again before the queue is closed, or was opened well. */
	struct idxd_record *record;
	struct idxd_stats *stats;
};

/*
 * Opens the node, finds the road and sends a NOOP down it.  -errno with a reason in WHY; nothing is
 * open then.  May take IDXD_PROBE_NS for each road.
 */
int idxd_wq_open(struct idxd_wq *wq, const struct idxd_wq_plan *plan, char *why, size_t len);

/* Waits until nothing is under way any more. */
void idxd_wq_close(struct idxd_wq *wq);

/*
 * Submits the first of N descriptors, 1 to IDXD_SUBMIT_MAX, that the queue takes, and returns how
 * many those are; 0: it is full; more than N: it says so, and any may be under way.  -errno: it takes
 * none, and will not.  DESCS may be used again when this returns.  A dedicated queue must never get more than it has room for: nobody tells.
 */
int idxd_wq_submit(struct idxd_wq *wq, const struct idxd_desc *descs, unsigned n);

/* "portal" or "write". */
const char *idxd_wq_road(const struct idxd_wq *wq);

#endif /* ENGINES_IDXD_WQ_H */
