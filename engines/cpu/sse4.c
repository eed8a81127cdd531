/* SPDX-License-Identifier: BSD-2-Clause */
/* sse4.c: kernels for SSE2 (fill, copy, XOR) and for SSE4.2 with PCLMULQDQ (CRC32C). */
#include "cpu.h"
#include "crc_lanes.h"
#include "wide.h"
#include "wide_xor.h"

static void
sse4_copy(uint8_t *dst, const uint8_t *src, size_t len)
{
	if (cpu_is_streamed(/* ninputs= */ 1, len) && cpu_is_apart(dst, src, len))
		wide_copy(dst, src, len, /* is_streamed= */ true);
	else
		cpu_copy(dst, src, len);
}

uint32_t
cpu_crc32c_sse4(uint32_t crc, const uint8_t *src, size_t len)
{
	return crc_128(crc, src, len);
}

CPU_OWN_PAGE static void
sse4_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	wide_xor(dst, src, nsrc, len);
}

const struct cpu_kernels cpu_sse4_kernels = {
	.fill = cpu_fill,
	.copy = sse4_copy,
	.crc32c = cpu_crc32c_sse4,
	.xor = sse4_xor,
};
