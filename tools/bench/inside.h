/* SPDX-License-Identifier: BSD-2-Clause */
/* inside.h: lanes that work on this process's own memory: engines, libraries, plain code. */
#ifndef TOOLS_BENCH_INSIDE_H
#define TOOLS_BENCH_INSIDE_H

#include <dev/dmover/engine.h>

#include "tools/bench/lane.h"

/* One request, as addresses.  Buffers of one piece; those of several have no addresses here. */
struct bench_item {
	size_t place;
	uint8_t *out; /* NULL where the function has no output */
	const uint8_t *in[DMOVER_INPUTS_MAX];
	uint8_t result[DMOVER_IMMEDIATE_LEN];
	struct dmover_request dreq; /* for engines */
	struct dmover_buffer buffers[DMOVER_INPUTS_MAX];
	struct iovec *iov; /* of all buffers, the output last */
};

/* Who moves. */
struct bench_mover {
	const char *name;
	enum bench_role role;
	bool can_scatter; /* takes buffers of several pieces */
	/*
	 * Required.  Carries out N items; several threads at once.  -errno when it does not take
	 * them, which only the first call of all may return.
	 */
	int (*move)(void *state, const struct bench_site *site, struct bench_item *items, size_t n);
	/* Optional. */
	void (*close)(void *state);
	void *state;
};

/*
 * Takes the mover over, also when it fails: -errno, with the reason in WHY.  THREADS as the point's
 * sessions say.
 */
int bench_inside_open(struct bench_lane *lane, struct bench_site *site,
    const struct bench_mover *mover, char *why, size_t len);

/*
 * What can be opened at a site; -errno, with the reason in WHY.
 *   engine   one of the table, by NAME[:ARGS] (direct.c)
 *   libc     memset or memcpy (libc.c)
 *   isal     ISA-L, where it was found (isal.c)
 *   netbsd   the loops of NetBSD's software engine (netbsd.c)
 */
int bench_direct_open(
    struct bench_lane *lane, struct bench_site *site, const char *name, char *why, size_t len);
int bench_libc_open(struct bench_lane *lane, struct bench_site *site, char *why, size_t len);
int bench_isal_open(struct bench_lane *lane, struct bench_site *site, char *why, size_t len);
int bench_netbsd_open(struct bench_lane *lane, struct bench_site *site, char *why, size_t len);

/* The engine of that name (up to a colon), or NULL. */
const struct dmover_engine *bench_engine_find(const char *name);

#endif /* TOOLS_BENCH_INSIDE_H */
