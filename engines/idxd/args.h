/* SPDX-License-Identifier: BSD-2-Clause */
/* args.h: what --engine=idxd:ARGS says. */
#ifndef ENGINES_IDXD_ARGS_H
#define ENGINES_IDXD_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "engines/queues.h"

/* Longest path of a root, and of a queue's name or prefix, with the NUL. */
#define IDXD_PATH_MAX  256
#define IDXD_QUEUE_MAX 24

/* Default deadline of a record: far above what a busy device needs. */
#define IDXD_DEADLINE_MS     500
#define IDXD_DEADLINE_MS_MAX 60000

enum idxd_road {
	IDXD_ROAD_AUTO, /* the portal where it works, else write(2) */
	IDXD_ROAD_PORTAL,
	IDXD_ROAD_WRITE,
};

struct idxd_args {
	char sysfs[IDXD_PATH_MAX];  /* "": the system's */
	char dev[IDXD_PATH_MAX];    /* "": the system's */
	char queue[IDXD_QUEUE_MAX]; /* "wq0.1", or what the names of some begin with; "": all */
	enum idxd_road road;
	uint64_t deadline_ns; /* of each record */
};

/* TEXT may be NULL.  Pure.  0, or -EINVAL with a reason in WHY. */
int idxd_args_parse(const char *text, struct idxd_args *ret_args, char *why, size_t len);

/* Its roots, which lie in ARGS. */
struct queues_roots idxd_args_roots(const struct idxd_args *args);

/* True when the queue of this name is one of those that are asked for. */
bool idxd_args_have(const struct idxd_args *args, const char *queue);

#endif /* ENGINES_IDXD_ARGS_H */
