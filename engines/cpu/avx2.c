/* SPDX-License-Identifier: BSD-2-Clause */
/* avx2.c: kernels for AVX2; CRC32C is that of SSE4.2, or that of clmul256.c. */
#include "cpu.h"
#include "wide.h"
#include "wide_xor.h"

/* Libc is quicker from here on: 256 KiB 171 GB/s, vectors of 32 bytes 113. */
#define FILL_TO ((size_t)65536)

void
cpu_copy_streamed_avx2(uint8_t *dst, const uint8_t *src, size_t len)
{
	wide_copy(dst, src, len, /* is_streamed= */ true);
}

static void
avx2_fill(uint8_t *dst, uint8_t byte, size_t len)
{
	wide_fill_to(dst, byte, len, FILL_TO);
}

static void
avx2_copy(uint8_t *dst, const uint8_t *src, size_t len)
{
	wide_copy_best(dst, src, len);
}

CPU_OWN_PAGE static void
avx2_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	wide_xor(dst, src, nsrc, len);
}

const struct cpu_kernels cpu_avx2_kernels = {
	.fill = avx2_fill,
	.copy = avx2_copy,
	.crc32c = cpu_crc32c_sse4,
	.xor = avx2_xor,
};

const struct cpu_kernels cpu_avx2_clmul_kernels = {
	.fill = avx2_fill,
	.copy = avx2_copy,
	.crc32c = cpu_crc32c_clmul256,
	.xor = avx2_xor,
};
