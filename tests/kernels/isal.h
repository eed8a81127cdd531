/* SPDX-License-Identifier: BSD-2-Clause */
/* isal.h: ISA-L's kernels, to compare with; isal.c where the library was found, else isal_none.c. */
#ifndef TESTS_KERNELS_ISAL_H
#define TESTS_KERNELS_ISAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The others may only be called when this is true. */
extern const bool isal_is_there;

/* CRC is the running register, as in struct cpu_kernels. */
uint32_t isal_crc32c(uint32_t crc, const uint8_t *src, size_t len);
/* All buffers are aligned to 32 bytes. */
void isal_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len);

#endif /* TESTS_KERNELS_ISAL_H */
