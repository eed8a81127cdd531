/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.h: areas of private memory, and where the buffers of a point's requests lie in one.
 *
 * An area holds places; a place has one buffer for each input and one for the output; a buffer has
 * one or more pieces.  The buffers of the same kind lie side by side, one region for each kind.  No
 * two pieces and no two buffers that are moved together touch.
 */
#ifndef TOOLS_BENCH_MEMORY_H
#define TOOLS_BENCH_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "tools/bench/point.h"

struct bench_area {
	uint8_t *base;
	size_t len;
};

/*
 * LEN bytes with pages of this kind, each touched; no child of fork(2) inherits them.  -errno.
 * Pages of 2M are the kernel's best effort: bench_area_huge() tells.
 */
int bench_area_init(struct bench_area *area, size_t len, enum bench_pages pages);
/* NULL members are allowed. */
void bench_area_fini(struct bench_area *area);
/* The share of the area that lies in huge pages, 0 to 1; below 0 when it cannot be known. */
double bench_area_huge(const struct bench_area *area);

struct bench_layout {
	size_t size;           /* bytes of a buffer */
	unsigned ninputs;      /* buffers 0 to ninputs - 1; the output is buffer ninputs */
	unsigned nbuffers;     /* with the output, where there is one */
	unsigned npieces;      /* of a buffer */
	size_t piece, step;    /* bytes of each piece but the last; from one to the next */
	size_t stride, region; /* from one place, one buffer, to the next */
	size_t align;
	size_t slots, rotations; /* requests in flight; how often each moves to another place */
	size_t nplaces;          /* slots * rotations */
	size_t len;              /* bytes of the whole area */
};

/* -E2BIG when a buffer has fewer bytes than pieces. */
int bench_layout_init(struct bench_layout *layout, const struct bench_point *point);

/* Piece I of a buffer. */
struct iovec bench_layout_piece(const struct bench_layout *layout, const uint8_t *base,
    size_t place, unsigned buffer, unsigned i);

/* A range of bytes of one kind of buffer, counted on through the places that follow PLACE. */
struct bench_range {
	const uint8_t *base;
	unsigned buffer;
	size_t place, from, len;
};

/* The pieces of a range, at most MAX; *ret_len is how many bytes they hold. */
unsigned bench_layout_range(const struct bench_layout *layout, const struct bench_range *range,
    struct iovec *iov, unsigned max, size_t *ret_len);

#endif /* TOOLS_BENCH_MEMORY_H */
