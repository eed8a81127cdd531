/* SPDX-License-Identifier: BSD-2-Clause */
/* libc.c: what a program would do by itself: memset and memcpy. */
#include "tools/bench/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
libc_move(void *state, const struct bench_site *site, struct bench_item *items, size_t n)
{
	const size_t len = site->layout.size;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (items[i].in[0] != NULL)
			memcpy(items[i].out, items[i].in[0], len);
		else
			memset(items[i].out, site->immediate[0], len);
		/* The compiler must not see that nobody reads it. */
		__asm__ volatile("" : : "r"(items[i].out) : "memory");
	}
	return 0;
}

int
bench_libc_open(struct bench_lane *lane, struct bench_site *site, char *why, size_t len)
{
	const enum dmover_kind kind = site->work.function->dfn_kind;
	const struct bench_mover mover = {
		.name = kind == DMOVER_KIND_COPY ? "memcpy" : "memset",
		.role = BENCH_LIBC,
		.move = libc_move,
	};

	if (kind != DMOVER_KIND_COPY && kind != DMOVER_KIND_ZERO && kind != DMOVER_KIND_FILL8) {
		snprintf(why, len, "the C library has no such function");
		return -EOPNOTSUPP;
	}
	return bench_inside_open(lane, site, &mover, why, len);
}
