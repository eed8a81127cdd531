/* SPDX-License-Identifier: BSD-2-Clause */
/* crc.h: CRC-32C as DSA computes it, bit order and inversion by flags. */
#ifndef TESTS_DSA_CRC_H
#define TESTS_DSA_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The register for a seed, under the descriptor's flags; and the result for a register. */
uint32_t crc_begin(uint32_t seed, uint32_t flags);
uint32_t crc_end(uint32_t state, uint32_t flags);

/* The register after LEN more bytes. */
uint32_t crc_add(uint32_t state, const uint8_t *bytes, size_t len, uint32_t flags);

#endif /* TESTS_DSA_CRC_H */
