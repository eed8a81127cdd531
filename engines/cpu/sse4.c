/* SPDX-License-Identifier: BSD-2-Clause */
/* sse4.c: kernels for SSE2 (XOR) and for SSE4.2 with PCLMULQDQ (CRC32C). */
#include "cpu.h"

#include <string.h>

#include <emmintrin.h>
#include <nmmintrin.h>
#include <wmmintrin.h>

/*
 * The crc32 instruction takes 3 cycles, but one can start in each cycle.  So three lanes that
 * follow each other in memory are summed at once, and joined at the end: a lane's sum moves past
 * the N bytes behind it by multiplication with x^(8N) modulo the polynomial.
 *
 * The product of two bit-reflected 32-bit values stands one bit too low, and the crc32 instruction
 * that reduces it multiplies by x^32 on the way: hence the exponent 8N - 33.
 */
struct crc_lanes {
	size_t len;      /* bytes of one lane, a multiple of 8 */
	uint32_t past_1; /* x^(8 len - 33): moves a sum past one lane */
	uint32_t past_2; /* x^(16 len - 33): past two */
};

static const struct crc_lanes long_lanes = { 2048, 0xa51b6135, 0x82f89c77 };
static const struct crc_lanes short_lanes = { 256, 0xb9e02b86, 0xdd7e3b0c };

static uint64_t
load_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Product of two polynomials of degree below 32. */
static uint64_t
multiply(uint64_t a, uint32_t b)
{
	__m128i product = _mm_clmulepi64_si128(
	    _mm_cvtsi64_si128((long long)a), _mm_cvtsi64_si128((long long)b), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

/* CRC over three lanes that start at SRC. */
static uint64_t
crc_three_lanes(const struct crc_lanes *lanes, uint64_t crc, const uint8_t *src)
{
	const size_t len = lanes->len;
	const size_t last = len - sizeof(uint64_t);
	uint64_t crc0 = crc, crc1 = 0, crc2 = 0;
	uint64_t join;

	for (size_t i = 0; i < last; i += sizeof(uint64_t)) {
		crc0 = _mm_crc32_u64(crc0, load_word(src + i));
		crc1 = _mm_crc32_u64(crc1, load_word(src + len + i));
		crc2 = _mm_crc32_u64(crc2, load_word(src + 2 * len + i));
	}
	crc0 = _mm_crc32_u64(crc0, load_word(src + last));
	crc1 = _mm_crc32_u64(crc1, load_word(src + len + last));
	/* The last word of lane 2 takes the other two in: one reduction for all three. */
	join = multiply(crc0, lanes->past_2) ^ multiply(crc1, lanes->past_1);
	return _mm_crc32_u64(crc2, load_word(src + 2 * len + last) ^ join);
}

uint32_t
cpu_crc32c_sse4(uint32_t crc, const uint8_t *src, size_t len)
{
	const struct crc_lanes *const sizes[] = { &long_lanes, &short_lanes };
	uint64_t sum = crc;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const size_t step = 3 * sizes[i]->len;

		for (; len >= step; src += step, len -= step)
			sum = crc_three_lanes(sizes[i], sum, src);
	}
	for (; len >= sizeof(uint64_t); src += sizeof(uint64_t), len -= sizeof(uint64_t))
		sum = _mm_crc32_u64(sum, load_word(src));
	crc = (uint32_t)sum;
	for (; len > 0; src++, len--)
		crc = _mm_crc32_u8(crc, *src);
	return crc;
}

static __m128i
load_vector(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

static void
store_vector(uint8_t *p, __m128i v)
{
	_mm_storeu_si128((__m128i *)p, v);
}

/* Every load of a block comes before its stores: DST may be SRC[0]. */
static void
sse4_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	const size_t vector = sizeof(__m128i), block = 4 * vector;
	size_t i = 0;

	for (; i + block <= len; i += block) {
		__m128i v0 = load_vector(src[0] + i);
		__m128i v1 = load_vector(src[0] + i + vector);
		__m128i v2 = load_vector(src[0] + i + 2 * vector);
		__m128i v3 = load_vector(src[0] + i + 3 * vector);

		for (unsigned s = 1; s < nsrc; s++) {
			const uint8_t *p = src[s] + i;

			v0 = _mm_xor_si128(v0, load_vector(p));
			v1 = _mm_xor_si128(v1, load_vector(p + vector));
			v2 = _mm_xor_si128(v2, load_vector(p + 2 * vector));
			v3 = _mm_xor_si128(v3, load_vector(p + 3 * vector));
		}
		store_vector(dst + i, v0);
		store_vector(dst + i + vector, v1);
		store_vector(dst + i + 2 * vector, v2);
		store_vector(dst + i + 3 * vector, v3);
	}
	cpu_xor_from(dst, src, nsrc, i, len);
}

const struct cpu_kernels cpu_sse4_kernels = {
	.fill = cpu_fill,
	.copy = cpu_copy,
	.crc32c = cpu_crc32c_sse4,
	.xor = sse4_xor,
};
