/* SPDX-License-Identifier: BSD-2-Clause */
/* avx512.c: kernels for AVX-512 (F, BW, VL) with VPCLMULQDQ. */
#include "cpu.h"
#include "crc_lanes.h"
#include "wide.h"
#include "wide_xor.h"

#include <immintrin.h>

/* The truth table of a ternary operation. */
enum { XOR_OF_THREE = 0x96 };

enum { VECTOR = 64, STEP = 4 * VECTOR, ROUND = STEP + 3 * CRC32C_LANE_STEP };

/* Libc is quicker from here on: 1 MiB 146 GB/s, vectors of 64 bytes 131. */
#define FILL_TO ((size_t)262144)

static void
avx512_fill(uint8_t *dst, uint8_t byte, size_t len)
{
	wide_fill_to(dst, byte, len, FILL_TO);
}

static void
avx512_copy(uint8_t *dst, const uint8_t *src, size_t len)
{
	wide_copy_best(dst, src, len);
}

static inline __m512i
load_vector(const uint8_t *p)
{
	return _mm512_loadu_si512(p);
}

/* Each quarter of V moved on by as much as the powers say, and TO added. */
static inline __m512i
fold(__m512i v, __m512i powers, __m512i to)
{
	return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(v, powers, 0x00),
	    _mm512_clmulepi64_epi128(v, powers, 0x11), to, XOR_OF_THREE);
}

static inline __m512i
powers_of(uint32_t first, uint32_t last)
{
	return _mm512_broadcast_i32x4(crc_vector_powers(first, last));
}

/* The first three quarters are moved onto the last one. */
static inline uint32_t
sum_of(__m512i v)
{
	const __m512i powers = _mm512_set_epi64(
	    0, 0, CRC32C_X95, CRC32C_X159, CRC32C_X223, CRC32C_X287, CRC32C_X351, CRC32C_X415);
	const __m512i last = _mm512_maskz_mov_epi64(0xc0, v);
	const __m512i moved = fold(v, powers, last);
	const __m256i half =
	    _mm256_xor_si256(_mm512_castsi512_si256(moved), _mm512_extracti64x4_epi64(moved, 1));

	return crc_vector_sum(
	    _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)));
}

/* The vector that starts with the sum of what came before it. */
static inline __m512i
start_vector(uint32_t crc, const uint8_t *p)
{
	return _mm512_xor_si512(
	    _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)crc)), load_vector(p));
}

/* Four vectors that lie STEP bytes before P and are folded onto it as long as there are STEP more. */
struct four {
	__m512i v0, v1, v2, v3;
};

static inline void
four_start(struct four *four, uint32_t crc, const uint8_t *p)
{
	four->v0 = start_vector(crc, p);
	four->v1 = load_vector(p + VECTOR);
	four->v2 = load_vector(p + 2 * VECTOR);
	four->v3 = load_vector(p + 3 * VECTOR);
}

static inline void
four_fold(struct four *four, const uint8_t *p)
{
	const __m512i by_256 = powers_of(CRC32C_X2079, CRC32C_X2015);

	four->v0 = fold(four->v0, by_256, load_vector(p));
	four->v1 = fold(four->v1, by_256, load_vector(p + VECTOR));
	four->v2 = fold(four->v2, by_256, load_vector(p + 2 * VECTOR));
	four->v3 = fold(four->v3, by_256, load_vector(p + 3 * VECTOR));
}

/* All that stands before the last of the four, moved onto it. */
static inline __m512i
four_join(const struct four *four)
{
	const __m512i by_64 = powers_of(CRC32C_X543, CRC32C_X479);

	return fold(fold(fold(four->v0, by_64, four->v1), by_64, four->v2), by_64, four->v3);
}

static inline uint32_t
crc_block(const struct crc32c_block *block, uint32_t crc, const uint8_t *src, size_t ahead)
{
	const size_t lane = block->rounds * CRC32C_LANE_STEP;
	const uint8_t *words = src + block->rounds * STEP;
	struct crc_lanes lanes = { 0 };
	struct four four;

	four_start(&four, crc, src);
	cpu_prefetch(src, ahead, ROUND);
	crc_lanes_step(&lanes, words, lane);
	for (size_t i = 1; i < block->rounds; i++) {
		cpu_prefetch(src + i * ROUND, ahead, ROUND);
		four_fold(&four, src + i * STEP);
		crc_lanes_step(&lanes, words + i * CRC32C_LANE_STEP, lane);
	}
	return crc_lanes_join(&lanes, block, sum_of(four_join(&four)));
}

/* What is shorter than a block, at least a vector of it; without lanes, whose joining would cost more. */
static inline uint32_t
crc_vectors(uint32_t crc, const uint8_t *src, size_t len)
{
	const __m512i by_64 = powers_of(CRC32C_X543, CRC32C_X479);
	size_t i = VECTOR;
	struct four four;
	__m512i v;

	if (len < STEP) {
		v = start_vector(crc, src);
	} else {
		four_start(&four, crc, src);
		for (i = STEP; i + STEP <= len; i += STEP)
			four_fold(&four, src + i);
		v = four_join(&four);
	}
	for (; i + VECTOR <= len; i += VECTOR)
		v = fold(v, by_64, load_vector(src + i));
	return crc_words(sum_of(v), src + i, len - i);
}

static uint32_t
avx512_crc32c(uint32_t crc, const uint8_t *src, size_t len)
{
	const struct crc32c_block *block = &crc32c_blocks[0];
	const size_t size = block->rounds * ROUND;

	for (; len >= size; src += size, len -= size)
		crc = crc_block(block, crc, src, crc_ahead(len, size));
	if (len >= 2 * VECTOR)
		return crc_vectors(crc, src, len);
	return crc_words(crc, src, len);
}

/* Less than a vector: masked loads and stores touch no byte that the mask leaves out. */
static inline void
xor_short(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	const __mmask64 mask = ((uint64_t)1 << len) - 1;
	__m512i v = _mm512_maskz_loadu_epi8(mask, src[0]);

	for (unsigned s = 1; s < nsrc; s++)
		v = _mm512_xor_si512(v, _mm512_maskz_loadu_epi8(mask, src[s]));
	_mm512_mask_storeu_epi8(dst, mask, v);
}

/* Streamed stores of few inputs are AVX2's (2 inputs of 64 MiB: 42 GB/s, with halves of ours 33). */
CPU_OWN_PAGE static void
avx512_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	if (len < VECTOR)
		xor_short(dst, src, nsrc, len);
	else if (nsrc <= 5 && cpu_is_streamed(nsrc, len))
		cpu_avx2_kernels.xor (dst, src, nsrc, len);
	else
		wide_xor(dst, src, nsrc, len);
}

const struct cpu_kernels cpu_avx512_kernels = {
	.fill = avx512_fill,
	.copy = avx512_copy,
	.crc32c = avx512_crc32c,
	.xor = avx512_xor,
};
