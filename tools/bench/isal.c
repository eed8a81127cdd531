/* SPDX-License-Identifier: BSD-2-Clause */
/* isal.c: ISA-L's CRC32C and XOR, where the library was found when this was built. */
#include "tools/bench/inside.h"

#include <errno.h>
#include <stdio.h>

#ifdef BENCH_HAVE_ISAL

#include <isa-l.h>

/* xor_gen() needs vectors that start at multiples of it. */
#define XOR_ALIGN 32

/*
 * ISA-L leaves the upper halves of the vector registers in use, which slows down all later
 * instructions of SSE, also those of the next lane, until somebody clears them.
 */
static void
clear_upper_halves(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroupper");
#endif
}

static void
store_crc(uint8_t *result, uint32_t crc)
{
	for (unsigned i = 0; i < 4; i++)
		result[i] = (uint8_t)(crc >> 8 * i);
}

static int
isal_move(void *state, const struct bench_site *site, struct bench_item *items, size_t n)
{
	const unsigned ninputs = site->layout.ninputs;
	const int len = (int)site->layout.size;
	void *vectors[DMOVER_INPUTS_MAX + 1];
	int err;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (items[i].out == NULL) {
			unsigned char *in = (unsigned char *)(uintptr_t)items[i].in[0];

			store_crc(items[i].result, ~crc32_iscsi(in, len, ~0u));
			clear_upper_halves();
			continue;
		}
		for (unsigned b = 0; b < ninputs; b++)
			vectors[b] = (void *)(uintptr_t)items[i].in[b];
		vectors[ninputs] = items[i].out;
		err = xor_gen((int)ninputs + 1, len, vectors);
		clear_upper_halves();
		if (err != 0)
			return -EINVAL;
	}
	return 0;
}

int
bench_isal_open(struct bench_lane *lane, struct bench_site *site, char *why, size_t len)
{
	static const struct bench_mover mover = {
		.name = "isa-l", .role = BENCH_ISAL, .move = isal_move
	};
	const enum dmover_kind kind = site->work.function->dfn_kind;

	if (kind != DMOVER_KIND_CRC32C && kind != DMOVER_KIND_XOR) {
		snprintf(why, len, "ISA-L has no such function");
		return -EOPNOTSUPP;
	}
	if (kind == DMOVER_KIND_XOR &&
	    (site->layout.align % XOR_ALIGN != 0 || site->layout.stride % XOR_ALIGN != 0)) {
		snprintf(why, len, "ISA-L's xor_gen() needs aligned buffers");
		return -EOPNOTSUPP;
	}
	return bench_inside_open(lane, site, &mover, why, len);
}

#else

int
bench_isal_open(struct bench_lane *lane, struct bench_site *site, char *why, size_t len)
{
	(void)lane;
	(void)site;
	snprintf(why, len, "built without ISA-L (libisal-dev)");
	return -EOPNOTSUPP;
}

#endif
