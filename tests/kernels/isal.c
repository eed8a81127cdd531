/* SPDX-License-Identifier: BSD-2-Clause */
/* isal.c: ISA-L's kernels behind our signatures. */
#include "isal.h"

#include <isa-l.h>

#include <dev/dmover/dmover.h>

const bool isal_is_there = true;

/*
 * ISA-L leaves the upper halves of the vector registers in use, which makes all later instructions of
 * SSE two to three times slower, ours and libc's, until somebody clears them.
 */
static void
clear_upper_halves(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroupper");
#endif
}

/* Neither function writes into what it takes without const. */
uint32_t
isal_crc32c(uint32_t crc, const uint8_t *src, size_t len)
{
	crc = crc32_iscsi((unsigned char *)(uintptr_t)src, (int)len, crc);
	clear_upper_halves();
	return crc;
}

void
isal_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	void *all[DMOVER_INPUTS_MAX + 1];

	for (unsigned i = 0; i < nsrc; i++)
		all[i] = (void *)(uintptr_t)src[i];
	all[nsrc] = dst;
	xor_gen((int)nsrc + 1, (int)len, all);
	clear_upper_halves();
}
