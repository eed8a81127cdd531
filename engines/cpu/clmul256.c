/* SPDX-License-Identifier: BSD-2-Clause */
/* clmul256.c: CRC32C with the 256-bit form of VPCLMULQDQ, for AVX2 processors that have it. */
#include "cpu.h"
#include "crc_lanes.h"

#include <immintrin.h>

enum { VECTOR = 32, STEP = 4 * VECTOR, ROUND = STEP + 3 * CRC32C_LANE_STEP };

static inline __m256i
load_vector(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* Each half of V moved on by as much as the powers say, and TO added. */
static inline __m256i
fold(__m256i v, __m256i powers, __m256i to)
{
	return _mm256_xor_si256(_mm256_xor_si256(_mm256_clmulepi64_epi128(v, powers, 0x00), to),
	    _mm256_clmulepi64_epi128(v, powers, 0x11));
}

static inline __m256i
powers_of(uint32_t first, uint32_t last)
{
	return _mm256_broadcastsi128_si256(crc_vector_powers(first, last));
}

static inline uint32_t
sum_of(__m256i v)
{
	const __m128i by_16 = crc_vector_powers(CRC32C_X159, CRC32C_X95);

	return crc_vector_sum(
	    crc_fold(_mm256_castsi256_si128(v), by_16, _mm256_extracti128_si256(v, 1)));
}

static inline uint32_t
crc_block(const struct crc32c_block *block, uint32_t crc, const uint8_t *src, size_t ahead)
{
	const __m256i by_128 = powers_of(CRC32C_X1055, CRC32C_X991);
	const __m256i by_32 = powers_of(CRC32C_X287, CRC32C_X223);
	const size_t lane = block->rounds * CRC32C_LANE_STEP;
	const uint8_t *words = src + block->rounds * STEP;
	const __m256i before = _mm256_zextsi128_si256(_mm_cvtsi32_si128((int)crc));
	struct crc_lanes lanes = { 0 };
	__m256i v0 = _mm256_xor_si256(before, load_vector(src)), v1 = load_vector(src + VECTOR);
	__m256i v2 = load_vector(src + 2 * VECTOR), v3 = load_vector(src + 3 * VECTOR);

	cpu_prefetch(src, ahead, ROUND);
	crc_lanes_step(&lanes, words, lane);
	for (size_t i = 1; i < block->rounds; i++) {
		const uint8_t *p = src + i * STEP;

		cpu_prefetch(src + i * ROUND, ahead, ROUND);
		v0 = fold(v0, by_128, load_vector(p));
		v1 = fold(v1, by_128, load_vector(p + VECTOR));
		v2 = fold(v2, by_128, load_vector(p + 2 * VECTOR));
		v3 = fold(v3, by_128, load_vector(p + 3 * VECTOR));
		crc_lanes_step(&lanes, words + i * CRC32C_LANE_STEP, lane);
	}
	v1 = fold(v0, by_32, v1);
	v2 = fold(v1, by_32, v2);
	v3 = fold(v2, by_32, v3);
	return crc_lanes_join(&lanes, block, sum_of(v3));
}

uint32_t
cpu_crc32c_clmul256(uint32_t crc, const uint8_t *src, size_t len)
{
	for (unsigned i = 0; i < CRC32C_NBLOCKS; i++) {
		const size_t size = crc32c_blocks[i].rounds * ROUND;

		for (; len >= size; src += size, len -= size)
			crc = crc_block(&crc32c_blocks[i], crc, src, crc_ahead(len, size));
	}
	return crc_words(crc, src, len);
}
