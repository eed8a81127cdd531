/* SPDX-License-Identifier: BSD-2-Clause */
/* span.h: the spans of a uio: runs of addresses without a gap, which one operation moves. */
#ifndef ENGINES_URING_SPAN_H
#define ENGINES_URING_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dev/dmover/dmover.h>

/*
 * Passes the next span, at most MAX bytes of it; *ret_addr is where it starts.  Its length, 0 only
 * when MAX is 0 or nothing is left.  Vectors that touch are one span, empty ones are none.
 */
size_t uring_span_next(struct dmover_uio *uio, size_t max, uint64_t *ret_addr);

/* How many spans the next LEN bytes are, counting no further than MOST. */
unsigned uring_span_count(const struct dmover_uio *uio, size_t len, unsigned most);

/* Bytes that the next N spans hold, at most LEN. */
size_t uring_span_reach(const struct dmover_uio *uio, size_t len, unsigned n);

/* Asks the space about all that is left.  0, or its -errno for what is not allowed. */
int uring_span_allowed(const struct dmover_uio *uio, bool is_write);

/* True when the two have an address in common, whatever their spaces are. */
bool uring_span_meet(const struct dmover_uio *a, const struct dmover_uio *b);

#endif /* ENGINES_URING_SPAN_H */
