/* SPDX-License-Identifier: BSD-2-Clause */
/* avx2.c: kernels for AVX2; CRC32C is that of SSE4.2, or that of clmul256.c. */
#include "cpu.h"
#include "wide.h"
#include "wide_xor.h"

/*
 * Where vectors of 32 bytes beat libc, which fills and copies with "rep stosb" and "rep movsb" from
 * 2 KiB on (Zen 5, hot, GB/s, libc against this): fill 4 KiB 140 : 250, 64 KiB 161 : 214,
 * 256 KiB 171 : 113; copy 4 KiB 132 : 184, 16 KiB 152 : 206, 64 KiB 130 : 124.
 */
#define FILL_FROM ((size_t)2048)
#define FILL_TO   ((size_t)65536)
#define COPY_FROM ((size_t)2048)
#define COPY_TO   ((size_t)32768)

void
cpu_copy_streamed_avx2(uint8_t *dst, const uint8_t *src, size_t len)
{
	wide_copy(dst, src, len, /* is_streamed= */ true);
}

static void
avx2_fill(uint8_t *dst, uint8_t byte, size_t len)
{
	if (len >= FILL_FROM && len <= FILL_TO)
		wide_fill(dst, byte, len);
	else
		cpu_fill(dst, byte, len);
}

static void
avx2_copy(uint8_t *dst, const uint8_t *src, size_t len)
{
	if (len < COPY_FROM || !cpu_is_apart(dst, src, len))
		cpu_copy(dst, src, len);
	else if (len <= COPY_TO)
		wide_copy(dst, src, len, /* is_streamed= */ false);
	else if (cpu_is_streamed(/* ninputs= */ 1, len))
		cpu_copy_streamed_avx2(dst, src, len);
	else
		cpu_copy(dst, src, len);
}

static void
avx2_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	if (len < WIDE_VECTOR)
		cpu_xor_words(dst, src, nsrc, len);
	else
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
