/* SPDX-License-Identifier: BSD-2-Clause */
/* reach.c: what every space of a real caller must do. */
#include "reach.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define PIECES 1000

/* How far one may go from AT, at most to END. */
static size_t
reach_of(size_t at, size_t end, bool is_write)
{
	size_t n = 0;

	for (; at + n < end; n++) {
		size_t page = (at + n) / CHILD_PAGE;

		if (page == PAGE_NONE || page >= NPAGES || (is_write && page == PAGE_READ))
			break;
	}
	return n;
}

/* One access of the bytes [at, end): what it returns, and what it moved. */
static void
reach_once(
    struct dmover_space *space, const struct child *child, size_t at, size_t end, bool is_write)
{
	uint8_t buf[NPAGES * CHILD_PAGE + CHILD_PAGE], there[sizeof(buf)];
	struct iovec local = { buf, end - at }, remote = { child->memory + at, end - at };
	size_t may = reach_of(at, end, is_write);
	ssize_t n;

	for (size_t i = 0; i < end - at; i++)
		buf[i] = is_write ? child_byte(at + i) : 0;
	n = is_write ? space->spc_ops->spo_writev(space, &local, 1, &remote, 1)
		     : space->spc_ops->spo_readv(space, &local, 1, &remote, 1);
	same_int(n, may > 0 ? (ssize_t)may : -EFAULT);
	if (n <= 0)
		return;
	child_peek(child, at, there, (size_t)n);
	same_bytes(buf, there, (size_t)n);
}

/* Every pair of places around the borders of pages. */
static void
reach_borders(struct dmover_space *space, const struct child *child)
{
	size_t places[3 * (NPAGES + 1)];
	unsigned n = 0;

	for (size_t page = 0; page <= NPAGES; page++) {
		if (page > 0)
			places[n++] = page * CHILD_PAGE - 1;
		places[n++] = page * CHILD_PAGE;
		places[n++] = page * CHILD_PAGE + 1;
	}
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = i + 1; j < n; j++) {
			reach_once(space, child, places[i], places[j], false);
			reach_once(space, child, places[i], places[j], true);
		}
}

/* Many pieces on both sides, cut in different places; the last remote one cannot be reached. */
static void
reach_pieces(struct dmover_space *space, const struct child *child)
{
	uint8_t buf[3 * PIECES + 1], there[3 * PIECES];
	struct iovec local[PIECES + 1], remote[PIECES + 1];

	for (unsigned i = 0; i < PIECES; i++) {
		/* From behind: nothing joins with its neighbour. */
		remote[i] = (struct iovec){ child->memory + 3 * (PIECES - 1 - i), 3 };
		local[i] = (struct iovec){ buf + 3 * i, i % 2 == 0 ? 1 : 5 };
		if (i % 2 != 0)
			local[i].iov_base = buf + 3 * i - 2;
	}
	remote[PIECES] = (struct iovec){ child->memory + PAGE_NONE * CHILD_PAGE, 1 };
	local[PIECES] = (struct iovec){ buf + 3 * PIECES, 1 };
	memset(buf, 0, sizeof(buf));
	same_int(space->spc_ops->spo_readv(space, local, PIECES, remote, PIECES), 3 * PIECES);
	for (unsigned i = 0; i < 3 * PIECES; i++)
		same_int(buf[i], child_byte(3 * (PIECES - 1 - i / 3) + i % 3));
	same_int(
	    space->spc_ops->spo_readv(space, local, PIECES + 1, remote, PIECES + 1), 3 * PIECES);
	for (unsigned i = 0; i < 3 * PIECES; i++)
		buf[i] = (uint8_t)(i * 11);
	same_int(
	    space->spc_ops->spo_writev(space, local, PIECES + 1, remote, PIECES + 1), 3 * PIECES);
	child_peek(child, 0, there, sizeof(there));
	for (unsigned i = 0; i < 3 * PIECES; i++)
		same_int(there[3 * (PIECES - 1 - i / 3) + i % 3], (uint8_t)(i * 11));
}

/* Addresses that no caller has. */
static void
reach_nowhere(struct dmover_space *space)
{
	static const uintptr_t nowhere[] = { 0, 8, (uintptr_t)1 << 62, (uintptr_t)1 << 63,
		UINTPTR_MAX - 15 };
	uint8_t buf[16] = { 0 };
	struct iovec local = { buf, 16 };

	for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		struct iovec remote = { (void *)nowhere[i], 16 };

		same_int(space->spc_ops->spo_readv(space, &local, 1, &remote, 1), -EFAULT);
		same_int(space->spc_ops->spo_writev(space, &local, 1, &remote, 1), -EFAULT);
	}
}

void
reach_check(struct dmover_space *space, const struct child *child)
{
	reach_borders(space, child);
	reach_pieces(space, child);
	reach_nowhere(space);
}
