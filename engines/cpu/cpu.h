/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu.h: the kernels of one instruction set, and the pieces that instruction sets share. */
#ifndef ENGINES_CPU_CPU_H
#define ENGINES_CPU_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <dev/dmover/engine.h>

/*
 * All members are required, and work for any length and alignment, in any thread.  They touch no byte
 * outside of their buffers.
 */
struct cpu_kernels {
	void (*fill)(uint8_t *dst, uint8_t byte, size_t len);
	/* The two may overlap in any way. */
	void (*copy)(uint8_t *dst, const uint8_t *src, size_t len);
	/* CRC is the running register: not inverted, neither before nor after. */
	uint32_t (*crc32c)(uint32_t crc, const uint8_t *src, size_t len);
	/* 2 to DMOVER_INPUTS_MAX sources; DST may be SRC[0], and overlaps nothing otherwise. */
	void (*xor)(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len);
};

/* One row of cpu_levels: an engine of the table, and the kernels that it uses on this machine. */
struct cpu_level {
	const struct dmover_engine *engine;
	/* Ask only after the engine's probe said yes. */
	const struct cpu_kernels *(*kernels)(void);
};

/* Every level that was compiled, the slowest first; ended by a row without an engine. */
extern const struct cpu_level cpu_levels[];

extern const struct cpu_kernels cpu_scalar_kernels;
extern const struct cpu_kernels cpu_sse4_kernels;
extern const struct cpu_kernels cpu_avx2_kernels;
/* AVX2 with the 256-bit form of VPCLMULQDQ, which later processors have. */
extern const struct cpu_kernels cpu_avx2_clmul_kernels;
extern const struct cpu_kernels cpu_avx512_kernels;
extern const struct cpu_kernels cpu_neon_kernels;

/* XOR by words: what is too short for vectors. */
void cpu_xor_words(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len);

/* CRC32C with the SSE4.2 and PCLMULQDQ instructions. */
uint32_t cpu_crc32c_sse4(uint32_t crc, const uint8_t *src, size_t len);
/* The same with AVX2 and VPCLMULQDQ. */
uint32_t cpu_crc32c_clmul256(uint32_t crc, const uint8_t *src, size_t len);

/* Copies at least 256 bytes with AVX2's non-temporal stores; the two do not overlap. */
void cpu_copy_streamed_avx2(uint8_t *dst, const uint8_t *src, size_t len);

/*
 * From how many bytes on, inputs and output together, stores go past the caches.  A store that goes
 * into the caches first reads the line; one that goes past them makes whoever reads the output next
 * wait for the memory.  So they pay where the output would have fallen out of the caches anyway:
 * three quarters of the 32 MiB that the last level of the processor has on which it was measured
 * (Zen 5, GB/s, libc against streamed): copy 4 MiB 66 : 43, 16 MiB 35 : 43, 64 MiB 24 : 32.
 * A fill reads nothing, and libc's "rep stosb" does not read the lines either: 64 MiB 49 : 45.
 */
#define CPU_STREAM_FROM ((size_t)24 << 20)

/* By libc. */
static inline void
cpu_fill(uint8_t *dst, uint8_t byte, size_t len)
{
	memset(dst, byte, len);
}

static inline void
cpu_copy(uint8_t *dst, const uint8_t *src, size_t len)
{
	if (dst != src)
		memmove(dst, src, len);
}

/* True when a function with NINPUTS inputs of LEN bytes should stream its output. */
static inline bool
cpu_is_streamed(unsigned ninputs, size_t len)
{
	return len >= CPU_STREAM_FROM / (ninputs + 1);
}

static inline bool
cpu_is_apart(const uint8_t *a, const uint8_t *b, size_t len)
{
	return (uintptr_t)a - (uintptr_t)b >= len && (uintptr_t)b - (uintptr_t)a >= len;
}

/* Streamed stores are gathered into whole lines of the caches, if they start with one. */
#define CPU_LINE ((size_t)64)

/* Bytes from P to the next multiple of ALIGN behind it, a power of two: 1 to ALIGN. */
static inline size_t
cpu_to_boundary(const uint8_t *p, size_t align)
{
	return align - ((uintptr_t)p & (align - 1));
}

/* For the bodies of kernels, which see their numbers of inputs as constants only when inlined. */
#define CPU_INLINE static inline __attribute__((always_inline))

/*
 * For long loops: where they lie must not depend on the code that the linker puts before them.  On Zen 5
 * 5 inputs of 64 KiB took cpu-avx2 25 to 27 GB/s instead of 31 to 32 where the loop went across the end
 * of a page, or began elsewhere in a line of the cache (ISA-L 30 to 32).
 */
#define CPU_OWN_PAGE __attribute__((aligned(4096)))
/* In front of short loops over a constant count. */
#define CPU_UNROLL _Pragma("GCC unroll 16")

/* Asks for LEN bytes from AHEAD bytes behind P on, which may lie outside of any buffer. */
CPU_INLINE void
cpu_prefetch(const uint8_t *p, size_t ahead, size_t len)
{
	CPU_UNROLL
	for (size_t i = 0; i < len; i += 64)
		__builtin_prefetch((const void *)((uintptr_t)p + ahead + i));
}

/* How far ahead of its reading a streamed copy does so. */
#define CPU_COPY_AHEAD ((size_t)8192)

#endif /* ENGINES_CPU_CPU_H */
