/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu.h: the kernels of one instruction set, and the pieces that instruction sets share. */
#ifndef ENGINES_CPU_CPU_H
#define ENGINES_CPU_CPU_H

#include <stddef.h>
#include <stdint.h>

/* All members are required and are called with a length above 0, at any alignment. */
struct cpu_kernels {
	void (*fill)(uint8_t *dst, uint8_t byte, size_t len);
	/* The two may overlap in any way. */
	void (*copy)(uint8_t *dst, const uint8_t *src, size_t len);
	/* CRC is the running register: not inverted, neither before nor after. */
	uint32_t (*crc32c)(uint32_t crc, const uint8_t *src, size_t len);
	/* 2 to DMOVER_INPUTS_MAX sources; DST may be SRC[0]. */
	void (*xor)(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len);
};

extern const struct cpu_kernels cpu_scalar_kernels;
extern const struct cpu_kernels cpu_sse4_kernels;
extern const struct cpu_kernels cpu_avx2_kernels;

void cpu_fill(uint8_t *dst, uint8_t byte, size_t len);
void cpu_copy(uint8_t *dst, const uint8_t *src, size_t len);

/* XOR of the bytes from FROM up to LEN: the ends that wider kernels leave. */
void cpu_xor_from(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t from, size_t len);

/* CRC32C with the SSE4.2 and PCLMULQDQ instructions. */
uint32_t cpu_crc32c_sse4(uint32_t crc, const uint8_t *src, size_t len);

#endif /* ENGINES_CPU_CPU_H */
