/* SPDX-License-Identifier: BSD-2-Clause */
/* avx2.c: XOR for AVX2; its CRC32C is that of sse4.c, its fill and copy are the C library's. */
#include "cpu.h"

#include <immintrin.h>

static __m256i
load_vector(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

static void
store_vector(uint8_t *p, __m256i v)
{
	_mm256_storeu_si256((__m256i *)p, v);
}

/* Every load of a block comes before its stores: DST may be SRC[0]. */
static void
avx2_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	const size_t vector = sizeof(__m256i), block = 4 * vector;
	size_t i = 0;

	for (; i + block <= len; i += block) {
		__m256i v0 = load_vector(src[0] + i);
		__m256i v1 = load_vector(src[0] + i + vector);
		__m256i v2 = load_vector(src[0] + i + 2 * vector);
		__m256i v3 = load_vector(src[0] + i + 3 * vector);

		for (unsigned s = 1; s < nsrc; s++) {
			const uint8_t *p = src[s] + i;

			v0 = _mm256_xor_si256(v0, load_vector(p));
			v1 = _mm256_xor_si256(v1, load_vector(p + vector));
			v2 = _mm256_xor_si256(v2, load_vector(p + 2 * vector));
			v3 = _mm256_xor_si256(v3, load_vector(p + 3 * vector));
		}
		store_vector(dst + i, v0);
		store_vector(dst + i + vector, v1);
		store_vector(dst + i + 2 * vector, v2);
		store_vector(dst + i + 3 * vector, v3);
	}
	cpu_xor_from(dst, src, nsrc, i, len);
}

const struct cpu_kernels cpu_avx2_kernels = {
	.fill = cpu_fill,
	.copy = cpu_copy,
	.crc32c = cpu_crc32c_sse4,
	.xor = avx2_xor,
};
