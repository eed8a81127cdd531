/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lane.h: one of those that do the same work in turn: an engine, the device, the floor, a library.
 *
 * A lane is opened by its kind (device.h, inside.h, floor.h), run many times, and closed.
 */
#ifndef TOOLS_BENCH_LANE_H
#define TOOLS_BENCH_LANE_H

#include "tools/bench/latency.h"
#include "tools/bench/site.h"

/* What the figures of a lane are for: those behind the first are what engines are compared with. */
enum bench_role {
	BENCH_ENGINE,
	BENCH_FLOOR,  /* the barest accesses that a device must make */
	BENCH_NETBSD, /* NetBSD's algorithm */
	BENCH_LIBC,   /* memcpy, memset */
	BENCH_ISAL,   /* ISA-L */
	BENCH_NROLES
};

struct bench_lane {
	char name[64];
	char how[32]; /* what it chose by itself, for people */
	enum bench_role role;
	struct bench_site *site; /* borrowed */
	size_t requests;         /* of a pass */
	size_t bytes;            /* of a request */
	bool is_unchecked;       /* what its outputs hold says nothing */
	pid_t daemon;            /* whose processor time counts too, or 0 */

	/*
	 * Required.  Does PASSES passes and returns the seconds that they took; adds the time of
	 * each request to LATENCY.  Ends the program with a message when a request fails.
	 */
	double (*run)(struct bench_lane *lane, uint64_t passes, struct bench_latency *latency);
	/* Required.  Frees the state. */
	void (*close)(struct bench_lane *lane);
	void *state;
};

/* It moves nothing: its bytes are not looked at, and its row says so. */
void bench_lane_uncheck(struct bench_lane *lane);

#endif /* TOOLS_BENCH_LANE_H */
