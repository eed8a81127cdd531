/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netbsd.c: the way of NetBSD's software engine: blocks of 1 KiB, one thread, byte by byte.
 *
 * Every function works through one block: what is filled is made once and moved out again and
 * again; copy moves in and out; XOR moves the first input into one block and each further one into
 * another; CRC32C looks up each byte.  Written afresh from that description; this file alone is
 * compiled without vectors, which NetBSD's kernel does not use.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bench/clock.h"
#include "tools/bench/floor.h"
#include "tools/bench/inside.h"

#define BLOCK 1024

/* One request, and how to reach its buffers. */
struct netbsd {
	const struct dmover_function *function;
	const struct bench_layout *layout;
	const uint8_t *base;
	bool is_called; /* reached by calls, as a device must */
	size_t place;
	uint8_t fill;
	uint32_t crc_of_byte[256];
};

/* uiomove(9): at most a block, in or out. */
static void
block_move(const struct netbsd *netbsd, unsigned buffer, size_t from, struct iovec block)
{
	const bool is_output = buffer == netbsd->layout->ninputs;
	struct bench_range range = { netbsd->base, buffer, netbsd->place, from, block.iov_len };
	struct iovec pieces[BLOCK];
	size_t len, at = 0;
	unsigned n = bench_layout_range(netbsd->layout, &range, pieces, BLOCK, &len);
	ssize_t moved;

	if (netbsd->is_called) {
		moved = is_output ? process_vm_writev(getpid(), &block, 1, pieces, n, 0)
				  : process_vm_readv(getpid(), &block, 1, pieces, n, 0);
		if (moved != (ssize_t)block.iov_len)
			err(1, "process_vm");
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		uint8_t *mine = (uint8_t *)block.iov_base + at;

		if (is_output)
			memcpy(pieces[i].iov_base, mine, pieces[i].iov_len);
		else
			memcpy(mine, pieces[i].iov_base, pieces[i].iov_len);
		at += pieces[i].iov_len;
	}
}

static size_t
block_len(const struct netbsd *netbsd, size_t at)
{
	size_t left = netbsd->layout->size - at;

	return left < BLOCK ? left : BLOCK;
}

static void
run_fill(const struct netbsd *netbsd)
{
	uint8_t block[BLOCK];

	memset(block, netbsd->fill, sizeof(block));
	for (size_t at = 0; at < netbsd->layout->size; at += BLOCK)
		block_move(netbsd, netbsd->layout->ninputs, at,
		    (struct iovec){ block, block_len(netbsd, at) });
}

/* Of one input it is a copy. */
static void
run_xor(const struct netbsd *netbsd)
{
	uint8_t sum[BLOCK] = { 0 }, block[BLOCK] = { 0 };

	for (size_t at = 0; at < netbsd->layout->size; at += BLOCK) {
		size_t len = block_len(netbsd, at);

		block_move(netbsd, 0, at, (struct iovec){ sum, len });
		for (unsigned b = 1; b < netbsd->layout->ninputs; b++) {
			block_move(netbsd, b, at, (struct iovec){ block, len });
			for (size_t i = 0; i < len; i++)
				sum[i] ^= block[i];
		}
		block_move(netbsd, netbsd->layout->ninputs, at, (struct iovec){ sum, len });
	}
}

static void
run_crc(const struct netbsd *netbsd, uint8_t *result)
{
	uint32_t crc = ~0u;
	uint8_t block[BLOCK] = { 0 };

	for (size_t at = 0; at < netbsd->layout->size; at += BLOCK) {
		size_t len = block_len(netbsd, at);

		block_move(netbsd, 0, at, (struct iovec){ block, len });
		for (size_t i = 0; i < len; i++)
			crc = crc >> 8 ^ netbsd->crc_of_byte[(crc ^ block[i]) & 0xff];
	}
	for (unsigned i = 0; i < 4; i++)
		result[i] = (uint8_t)(~crc >> 8 * i);
}

static void
run_request(const struct netbsd *netbsd, uint8_t *result)
{
	switch (netbsd->function->dfn_kind) {
	case DMOVER_KIND_ZERO:
	case DMOVER_KIND_FILL8:
		run_fill(netbsd);
		break;
	case DMOVER_KIND_CRC32C:
		run_crc(netbsd, result);
		break;
	default:
		run_xor(netbsd);
	}
}

static struct netbsd *
netbsd_create(const struct dmover_function *function, const struct bench_layout *layout)
{
	struct netbsd *netbsd = calloc(1, sizeof(*netbsd));

	if (netbsd == NULL)
		err(1, "memory");
	netbsd->function = function;
	netbsd->layout = layout;
	netbsd->fill = function->dfn_kind == DMOVER_KIND_FILL8 ? BENCH_FILL : 0;
	bench_crc32c_table(netbsd->crc_of_byte);
	return netbsd;
}

static int
netbsd_move(void *state, const struct bench_site *site, struct bench_item *items, size_t n)
{
	struct netbsd netbsd = *(const struct netbsd *)state;

	(void)site;
	for (size_t i = 0; i < n; i++) {
		netbsd.place = items[i].place;
		run_request(&netbsd, items[i].result);
	}
	return 0;
}

int
bench_netbsd_open(struct bench_lane *lane, struct bench_site *site, char *why, size_t len)
{
	struct netbsd *netbsd = netbsd_create(site->work.function, &site->layout);
	const struct bench_mover mover = { .name = "netbsd",
		.role = BENCH_NETBSD,
		.can_scatter = true,
		.move = netbsd_move,
		.close = free,
		.state = netbsd };

	netbsd->base = site->area.base;
	return bench_inside_open(lane, site, &mover, why, len);
}

static double
device_run(struct bench_lane *lane, uint64_t passes, struct bench_latency *latency)
{
	struct netbsd *netbsd = lane->state;
	uint8_t result[DMOVER_IMMEDIATE_LEN] = { 0 };
	double start = bench_now(), last = start;

	while (passes-- > 0) {
		double now;

		run_request(netbsd, result);
		bench_site_note(lane->site, netbsd->place, result);
		if (++netbsd->place == netbsd->layout->nplaces)
			netbsd->place = 0;
		now = bench_now();
		bench_latency_add(latency, now - last, 1);
		last = now;
	}
	return last - start;
}

static void
device_close(struct bench_lane *lane)
{
	free(lane->state);
}

void
bench_netbsd_device_open(struct bench_lane *lane, struct bench_site *site)
{
	struct netbsd *netbsd = netbsd_create(site->work.function, &site->layout);

	netbsd->base = site->area.base;
	netbsd->is_called = true;
	*lane = (struct bench_lane){ .name = "netbsd",
		.role = BENCH_NETBSD,
		.site = site,
		.requests = 1,
		.bytes = site->layout.size,
		.run = device_run,
		.close = device_close,
		.state = netbsd };
}
