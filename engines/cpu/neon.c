/* SPDX-License-Identifier: BSD-2-Clause */
/* neon.c: kernels for aarch64 with NEON (XOR), the CRC32 instructions and PMULL (CRC32C). */
#include "cpu.h"
#include "crc_lanes.h"
#include "wide_xor.h"

static uint32_t
neon_crc32c(uint32_t crc, const uint8_t *src, size_t len)
{
	return crc_128(crc, src, len);
}

static void
neon_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	wide_xor(dst, src, nsrc, len);
}

const struct cpu_kernels cpu_neon_kernels = {
	.fill = cpu_fill,
	.copy = cpu_copy,
	.crc32c = neon_crc32c,
	.xor = neon_xor,
};
