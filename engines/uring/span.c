/* SPDX-License-Identifier: BSD-2-Clause */
/* span.c: the spans of a uio: runs of addresses without a gap, which one operation moves. */
#include "span.h"

#include <errno.h>

/* A range of addresses; END is the last one, so that it always fits. */
struct range {
	uint64_t start, end;
};

static void
skip_finished(struct dmover_uio *uio)
{
	while (uio->uio_iovcnt > 0 && uio->uio_skip >= uio->uio_iov->iov_len) {
		uio->uio_skip -= uio->uio_iov->iov_len;
		uio->uio_iov++;
		uio->uio_iovcnt--;
	}
}

/* Where the next byte is.  As a number: the address is the caller's invention. */
static uint64_t
address(const struct dmover_uio *uio)
{
	return (uint64_t)(uintptr_t)uio->uio_iov->iov_base + uio->uio_skip;
}

size_t
uring_span_next(struct dmover_uio *uio, size_t max, uint64_t *ret_addr)
{
	size_t len = 0;

	if (max > uio->uio_resid)
		max = uio->uio_resid;
	skip_finished(uio);
	*ret_addr = uio->uio_iovcnt > 0 ? address(uio) : 0;
	while (len < max && uio->uio_iovcnt > 0 && address(uio) == *ret_addr + len) {
		size_t part = uio->uio_iov->iov_len - uio->uio_skip;

		if (part > max - len)
			part = max - len;
		len += part;
		uio->uio_skip += part;
		skip_finished(uio);
	}
	uio->uio_resid -= len;
	uio->uio_offset += (off_t)len;
	return len;
}

unsigned
uring_span_count(const struct dmover_uio *uio, size_t len, unsigned most)
{
	struct dmover_uio at = *uio;
	uint64_t addr;
	unsigned n = 0;

	while (n < most && len > 0) {
		size_t part = uring_span_next(&at, len, &addr);

		if (part == 0)
			break;
		len -= part;
		n++;
	}
	return n;
}

size_t
uring_span_reach(const struct dmover_uio *uio, size_t len, unsigned n)
{
	struct dmover_uio at = *uio;
	uint64_t addr;
	size_t reach = 0;

	for (; n > 0 && reach < len; n--) {
		size_t part = uring_span_next(&at, len - reach, &addr);

		if (part == 0)
			break;
		reach += part;
	}
	return reach;
}

int
uring_span_allowed(const struct dmover_uio *uio, bool is_write)
{
	const struct dmover_space_ops *ops = uio->uio_space->spc_ops;
	struct dmover_uio at = *uio;

	while (at.uio_resid > 0) {
		uint64_t addr;
		size_t left = uring_span_next(&at, at.uio_resid, &addr);

		if (left == 0)
			return -EFAULT; /* uio_resid was more than the vectors hold */
		while (left > 0) {
			void *start = (void *)(uintptr_t)addr; /* a number, too */
			ssize_t n = ops->spo_allowed(uio->uio_space, is_write, start, left);

			if (n <= 0)
				return n < 0 ? (int)n : -EFAULT;
			addr += (uint64_t)n;
			left -= (size_t)n;
		}
	}
	return 0;
}

/* The range of the next span; false: there is none. */
static bool
next_range(struct dmover_uio *uio, struct range *ret)
{
	size_t len;

	ret->start = 0;
	len = uring_span_next(uio, uio->uio_resid, &ret->start);
	ret->end = ret->start + (len - 1);
	return len > 0;
}

static bool
ranges_meet(const struct range *a, const struct range *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static struct range
hull(const struct dmover_uio *uio)
{
	struct dmover_uio at = *uio;
	struct range range, all = { .start = UINT64_MAX };

	while (next_range(&at, &range)) {
		if (range.start < all.start)
			all.start = range.start;
		if (range.end > all.end)
			all.end = range.end;
	}
	return all;
}

bool
uring_span_meet(const struct dmover_uio *a, const struct dmover_uio *b)
{
	const struct range all = hull(b);
	struct dmover_uio a_at = *a;
	struct range of_a, of_b;

	while (next_range(&a_at, &of_a)) {
		struct dmover_uio b_at = *b;

		if (!ranges_meet(&of_a, &all))
			continue;
		while (next_range(&b_at, &of_b))
			if (ranges_meet(&of_a, &of_b))
				return true;
	}
	return false;
}
