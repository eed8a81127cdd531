/* SPDX-License-Identifier: BSD-2-Clause */
/* pattern.h: the bytes of the inputs, and the oracle: what each function must make of them. */
#ifndef TOOLS_BENCH_PATTERN_H
#define TOOLS_BENCH_PATTERN_H

#include <stdint.h>

#include "tools/bench/memory.h"

/* The byte of fill8. */
#define BENCH_FILL 0x5a

/* Buffers of one point in one area. */
struct bench_work {
	const struct dmover_function *function;
	const struct bench_layout *layout;
	uint8_t *base;
};

/* Fills all inputs of PLACE; each place, input and offset has its own bytes. */
void bench_pattern_fill(const struct bench_work *work, size_t place);

/* Makes the output of PLACE wrong, so that only a request can make it right. */
void bench_pattern_spoil(const struct bench_work *work, size_t place);

/*
 * Looks at each byte of the output of PLACE, or at RESULT where there is none, and at each byte of
 * the inputs.  0, or -EBADMSG with the first difference in WHY.
 */
int bench_pattern_check(
    const struct bench_work *work, size_t place, const uint8_t *result, char *why, size_t len);

/* What CRC32C (RFC 3720) makes of each byte, bit by bit. */
void bench_crc32c_table(uint32_t table[256]);

/* The immediate of FUNCTION: the byte of fill8, the start of a CRC. */
void bench_pattern_immediate(
    const struct dmover_function *function, uint8_t immediate[DMOVER_IMMEDIATE_LEN]);

#endif /* TOOLS_BENCH_PATTERN_H */
