/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wide.h: vectors as wide as the file that includes this may use, and fill and copy with them.
 *
 * The kernels of an instruction set are these functions, compiled with that set's flags.
 */
#ifndef ENGINES_CPU_WIDE_H
#define ENGINES_CPU_WIDE_H

#include "cpu.h"

#if defined(__AVX512F__)
#define WIDE_VECTOR 64
#elif defined(__AVX2__)
#define WIDE_VECTOR 32
#else
#define WIDE_VECTOR 16
#endif
#define WIDE_BLOCK ((size_t)4 * WIDE_VECTOR)

#ifdef __x86_64__
#include <immintrin.h>
#endif

typedef uint64_t wide_vector __attribute__((vector_size(WIDE_VECTOR), may_alias));

CPU_INLINE wide_vector
wide_load(const uint8_t *p)
{
	wide_vector v;

	memcpy(&v, p, sizeof(v));
	return v;
}

CPU_INLINE void
wide_store(uint8_t *p, wide_vector v)
{
	memcpy(p, &v, sizeof(v));
}

/* Past the caches where the instruction set can; P is aligned.  wide_fence() comes after the last. */
CPU_INLINE void
wide_stream(uint8_t *p, wide_vector v)
{
	/* Between these clang does not merge the store with an ordinary one, which drops the hint. */
	__asm__ volatile("");
#if defined(__AVX512F__)
	/* As two halves: whole ones were slower on Zen 5 (copy, 16 MiB: 37 GB/s, as halves 44). */
	_mm256_stream_si256((__m256i *)p, _mm512_castsi512_si256((__m512i)v));
	_mm256_stream_si256((__m256i *)(p + 32), _mm512_extracti64x4_epi64((__m512i)v, 1));
#elif defined(__AVX2__)
	_mm256_stream_si256((__m256i *)p, (__m256i)v);
#elif defined(__x86_64__)
	_mm_stream_si128((__m128i *)p, (__m128i)v);
#else
	*(wide_vector *)p = v;
#endif
	__asm__ volatile("");
}

/* Streamed stores come in no order; what follows must not be seen before them. */
CPU_INLINE void
wide_fence(void)
{
#ifdef __x86_64__
	_mm_sfence();
#endif
}

/* P is aligned. */
CPU_INLINE void
wide_put(uint8_t *p, wide_vector v, bool is_streamed)
{
	if (is_streamed)
		wide_stream(p, v);
	else
		*(wide_vector *)p = v;
}

/* At least a block and a line. */
CPU_INLINE void
wide_fill(uint8_t *dst, uint8_t byte, size_t len)
{
	const wide_vector v = (byte * UINT64_C(0x0101010101010101)) - (wide_vector){ 0 };
	size_t i = cpu_to_boundary(dst, CPU_LINE);

	CPU_UNROLL
	for (unsigned j = 0; j < CPU_LINE; j += WIDE_VECTOR)
		wide_store(dst + j, v);
	for (; i + WIDE_BLOCK <= len; i += WIDE_BLOCK) {
		CPU_UNROLL
		for (unsigned j = 0; j < WIDE_BLOCK; j += WIDE_VECTOR)
			*(wide_vector *)(dst + i + j) = v;
	}
	CPU_UNROLL
	for (unsigned j = WIDE_VECTOR; j <= WIDE_BLOCK; j += WIDE_VECTOR)
		wide_store(dst + len - j, v);
}

/* At least a block and a line; the two do not overlap. */
CPU_INLINE void
wide_copy(uint8_t *dst, const uint8_t *src, size_t len, const bool is_streamed)
{
	size_t i = cpu_to_boundary(dst, CPU_LINE);

	CPU_UNROLL
	for (unsigned j = 0; j < CPU_LINE; j += WIDE_VECTOR)
		wide_store(dst + j, wide_load(src + j));
	for (; i + WIDE_BLOCK <= len; i += WIDE_BLOCK) {
		const uint8_t *p = src + i;

		if (is_streamed)
			cpu_prefetch(p, CPU_COPY_AHEAD, WIDE_BLOCK);
		wide_put(dst + i, wide_load(p), is_streamed);
		wide_put(dst + i + WIDE_VECTOR, wide_load(p + WIDE_VECTOR), is_streamed);
		wide_put(dst + i + 2 * WIDE_VECTOR, wide_load(p + 2 * WIDE_VECTOR), is_streamed);
		wide_put(dst + i + 3 * WIDE_VECTOR, wide_load(p + 3 * WIDE_VECTOR), is_streamed);
	}
	CPU_UNROLL
	for (unsigned j = WIDE_VECTOR; j <= WIDE_BLOCK; j += WIDE_VECTOR)
		wide_store(dst + len - j, wide_load(src + len - j));
	if (is_streamed)
		wide_fence();
}

/*
 * From here on vectors of 32 bytes and more beat libc, which fills and copies with "rep stosb" and
 * "rep movsb" (Zen 5, hot, GB/s, libc : 32 : 64 bytes): fill 4 KiB 140 : 250 : 248; copy 4 KiB
 * 132 : 184 : 241, 16 KiB 152 : 206 : 246, 64 KiB 130 : 124 : 124.
 */
#define WIDE_FROM    ((size_t)2048)
#define WIDE_COPY_TO ((size_t)32768)

/* By vectors from WIDE_FROM up to TO bytes, else by libc. */
CPU_INLINE void
wide_fill_to(uint8_t *dst, uint8_t byte, size_t len, const size_t to)
{
	if (len >= WIDE_FROM && len <= to)
		wide_fill(dst, byte, len);
	else
		cpu_fill(dst, byte, len);
}

/* By vectors from WIDE_FROM up to WIDE_COPY_TO bytes, streamed where that pays, else by libc. */
CPU_INLINE void
wide_copy_best(uint8_t *dst, const uint8_t *src, size_t len)
{
	if (len < WIDE_FROM || !cpu_is_apart(dst, src, len))
		cpu_copy(dst, src, len);
	else if (len <= WIDE_COPY_TO)
		wide_copy(dst, src, len, /* is_streamed= */ false);
	else if (cpu_is_streamed(/* ninputs= */ 1, len))
		cpu_copy_streamed_avx2(dst, src, len);
	else
		cpu_copy(dst, src, len);
}

#endif /* ENGINES_CPU_WIDE_H */
