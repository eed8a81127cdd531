/* SPDX-License-Identifier: BSD-2-Clause */
/* site.h: where a point is measured: its memory, filled, and the book of what was moved there. */
#ifndef TOOLS_BENCH_SITE_H
#define TOOLS_BENCH_SITE_H

#include "tools/bench/pattern.h"

struct bench_site {
	struct bench_point point;
	struct bench_layout layout;
	struct bench_area area;
	struct bench_work work;
	uint8_t immediate[DMOVER_IMMEDIATE_LEN];
	/* Only when outputs are checked: for each place, was it used, and its last result. */
	uint8_t *used;
	uint8_t (*results)[DMOVER_IMMEDIATE_LEN];
};

/*
 * LIMIT: bytes that the area may have.  IS_CHECKED: bench_site_check() will be called.  -errno, with
 * the reason in WHY.
 */
struct bench_site_options {
	size_t limit;
	bool is_checked;
};
int bench_site_init(struct bench_site *site, const struct bench_point *point,
    const struct bench_site_options *options, char *why, size_t len);
/* Zeroed ones are allowed. */
void bench_site_fini(struct bench_site *site);

/* A request at PLACE is finished.  Any thread, for places of its own. */
static inline void
bench_site_note(struct bench_site *site, size_t place, const uint8_t *result)
{
	if (site->used == NULL)
		return;
	site->used[place] = 1;
	for (unsigned i = 0; i < DMOVER_IMMEDIATE_LEN; i++)
		site->results[place][i] = result[i];
}

/*
 * Checks all places used since the last call, and spoils their outputs for the next time.  Returns
 * how many there were, or -EBADMSG with the first wrong byte in WHY.
 */
long bench_site_check(struct bench_site *site, char *why, size_t len);

/* As if nothing had been moved since the last call: spoils the outputs, without a check. */
void bench_site_forget(struct bench_site *site);

#endif /* TOOLS_BENCH_SITE_H */
