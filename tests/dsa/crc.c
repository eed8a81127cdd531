/* SPDX-License-Identifier: BSD-2-Clause */
/* crc.c: CRC-32C by a table of 256, its register with the lowest bit first. */
#include "tests/dsa/crc.h"

#include <pthread.h>

#include "tests/dsa/spec.h"

#define POLY_REFLECTED 0x82f63b78u /* 0x1edc6f41 */

static pthread_once_t table_once = PTHREAD_ONCE_INIT;
static uint32_t table[256];

static void
table_fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t state = i;

		for (int bit = 0; bit < 8; bit++)
			state = state >> 1 ^ ((state & 1) != 0 ? POLY_REFLECTED : 0);
		table[i] = state;
	}
}

static uint32_t
reflect(uint32_t value, unsigned bits)
{
	uint32_t turned = 0;

	for (unsigned i = 0; i < bits; i++)
		turned |= (value >> i & 1) << (bits - 1 - i);
	return turned;
}

uint32_t
crc_begin(uint32_t seed, uint32_t flags)
{
	return (flags & DSA_FLAG_CRC_PLAIN) != 0 ? reflect(seed, 32) : ~seed;
}

uint32_t
crc_end(uint32_t state, uint32_t flags)
{
	return (flags & DSA_FLAG_CRC_PLAIN) != 0 ? reflect(state, 32) : ~state;
}

uint32_t
crc_add(uint32_t state, const uint8_t *bytes, size_t len, uint32_t flags)
{
	pthread_once(&table_once, table_fill);
	for (size_t i = 0; i < len; i++) {
		uint32_t byte = bytes[i];

		if ((flags & DSA_FLAG_CRC_DATA) != 0)
			byte = reflect(byte, 8);
		state = state >> 8 ^ table[(state ^ byte) & 0xff];
	}
	return state;
}
