/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc_words.h: CRC32C by words and by 16 bytes, with the instructions of x86-64 or of aarch64.
 *
 * Empty in a file that is not compiled for processors that have them.
 */
#ifndef ENGINES_CPU_CRC_WORDS_H
#define ENGINES_CPU_CRC_WORDS_H

#include "cpu.h"

#if defined(__SSE4_2__) && defined(__PCLMUL__)
#define CRC_WORDS_X86
#elif defined(__ARM_FEATURE_CRC32) && defined(__ARM_FEATURE_CRYPTO)
#define CRC_WORDS_ARM
#endif

#if defined(CRC_WORDS_X86)

#include <nmmintrin.h>
#include <wmmintrin.h>

CPU_INLINE uint64_t
crc_add_8(uint64_t crc, uint64_t word)
{
	return _mm_crc32_u64(crc, word);
}

CPU_INLINE uint32_t
crc_add_4(uint32_t crc, uint32_t word)
{
	return _mm_crc32_u32(crc, word);
}

CPU_INLINE uint32_t
crc_add_1(uint32_t crc, uint8_t byte)
{
	return _mm_crc32_u8(crc, byte);
}

/* Carry-less product of two remainders. */
CPU_INLINE uint64_t
crc_product(uint64_t a, uint32_t b)
{
	const __m128i product = _mm_clmulepi64_si128(
	    _mm_cvtsi64_si128((long long)a), _mm_cvtsi64_si128((long long)b), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

/* 16 bytes of a message that are moved through it by folding, and two powers to do so with. */
typedef __m128i crc_vector;

CPU_INLINE crc_vector
crc_vector_load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

/* The 16 bytes that start with the sum of what came before them. */
CPU_INLINE crc_vector
crc_vector_start(uint32_t crc, const uint8_t *p)
{
	return _mm_xor_si128(_mm_cvtsi32_si128((int)crc), crc_vector_load(p));
}

/* FIRST is for the first 8 bytes, LAST for the others. */
CPU_INLINE crc_vector
crc_vector_powers(uint32_t first, uint32_t last)
{
	return _mm_set_epi64x(last, first);
}

/* V moved on by as much as the powers say, and TO added. */
CPU_INLINE crc_vector
crc_fold(crc_vector v, crc_vector powers, crc_vector to)
{
	return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(v, powers, 0x00), to),
	    _mm_clmulepi64_si128(v, powers, 0x11));
}

CPU_INLINE uint32_t
crc_vector_sum(crc_vector v)
{
	const uint64_t first = (uint64_t)_mm_cvtsi128_si64(v);
	const uint64_t last = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(v, v));

	return (uint32_t)crc_add_8(crc_add_8(0, first), last);
}

#elif defined(CRC_WORDS_ARM)

#include <arm_acle.h>
#include <arm_neon.h>

CPU_INLINE uint64_t
crc_add_8(uint64_t crc, uint64_t word)
{
	return __crc32cd((uint32_t)crc, word);
}

CPU_INLINE uint32_t
crc_add_4(uint32_t crc, uint32_t word)
{
	return __crc32cw(crc, word);
}

CPU_INLINE uint32_t
crc_add_1(uint32_t crc, uint8_t byte)
{
	return __crc32cb(crc, byte);
}

/* Carry-less product of two remainders. */
CPU_INLINE uint64_t
crc_product(uint64_t a, uint32_t b)
{
	return vgetq_lane_u64(vreinterpretq_u64_p128(vmull_p64((poly64_t)a, (poly64_t)b)), 0);
}

typedef uint64x2_t crc_vector;

CPU_INLINE crc_vector
crc_vector_load(const uint8_t *p)
{
	return vreinterpretq_u64_u8(vld1q_u8(p));
}

/* The 16 bytes that start with the sum of what came before them. */
CPU_INLINE crc_vector
crc_vector_start(uint32_t crc, const uint8_t *p)
{
	return veorq_u64(vsetq_lane_u64(crc, vdupq_n_u64(0), 0), crc_vector_load(p));
}

/* FIRST is for the first 8 bytes, LAST for the others. */
CPU_INLINE crc_vector
crc_vector_powers(uint32_t first, uint32_t last)
{
	return vsetq_lane_u64(last, vdupq_n_u64(first), 1);
}

/* V moved on by as much as the powers say, and TO added. */
CPU_INLINE crc_vector
crc_fold(crc_vector v, crc_vector powers, crc_vector to)
{
	const poly128_t first =
	    vmull_p64((poly64_t)vgetq_lane_u64(v, 0), (poly64_t)vgetq_lane_u64(powers, 0));
	const poly128_t last =
	    vmull_high_p64(vreinterpretq_p64_u64(v), vreinterpretq_p64_u64(powers));

	return veorq_u64(
	    veorq_u64(vreinterpretq_u64_p128(first), to), vreinterpretq_u64_p128(last));
}

CPU_INLINE uint32_t
crc_vector_sum(crc_vector v)
{
	return (uint32_t)crc_add_8(crc_add_8(0, vgetq_lane_u64(v, 0)), vgetq_lane_u64(v, 1));
}

#endif

#if defined(CRC_WORDS_X86) || defined(CRC_WORDS_ARM)

CPU_INLINE uint64_t
crc_load_8(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* One after the other: for what is too short for anything else. */
CPU_INLINE uint32_t
crc_words(uint32_t crc, const uint8_t *src, size_t len)
{
	uint64_t sum = crc;
	uint32_t half;

	for (; len >= 8; src += 8, len -= 8)
		sum = crc_add_8(sum, crc_load_8(src));
	crc = (uint32_t)sum;
	if (len & 4) {
		memcpy(&half, src, sizeof(half));
		crc = crc_add_4(crc, half);
		src += 4;
	}
	for (len &= 3; len > 0; src++, len--)
		crc = crc_add_1(crc, *src);
	return crc;
}

#endif /* CRC_WORDS_X86 || CRC_WORDS_ARM */

#endif /* ENGINES_CPU_CRC_WORDS_H */
