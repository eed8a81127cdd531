/* SPDX-License-Identifier: BSD-2-Clause */
/* scalar.c: plain C kernels, which every other engine is compared with. */
#include "cpu.h"
#include "crc32c.h"

#include <pthread.h>
#include <string.h>

/*
 * crc_of[n][b]: what the byte b adds to the CRC when n bytes stand behind it.  Eight bytes are then
 * eight look-ups that do not wait for each other.  Written once, before the first CRC.
 */
#define SLICES 8u
static uint32_t crc_of[SLICES][256];
static pthread_once_t crc_tables_made = PTHREAD_ONCE_INIT;

static void
make_crc_tables(void)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? CRC32C_POLYNOMIAL : 0);
		crc_of[0][byte] = crc;
	}
	for (unsigned n = 1; n < SLICES; n++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			const uint32_t crc = crc_of[n - 1][byte];

			crc_of[n][byte] = crc >> 8 ^ crc_of[0][crc & 0xff];
		}
	}
}

/* The bytes of a word come in the order of memory on either kind of machine. */
static uint32_t
load_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t
scalar_crc32c(uint32_t crc, const uint8_t *src, size_t len)
{
	(void)pthread_once(&crc_tables_made, make_crc_tables);
	for (; len >= SLICES; src += SLICES, len -= SLICES) {
		const uint32_t a = load_le32(src) ^ crc;
		const uint32_t b = load_le32(src + 4);

		crc = crc_of[7][a & 0xff] ^ crc_of[6][a >> 8 & 0xff] ^ crc_of[5][a >> 16 & 0xff] ^
		      crc_of[4][a >> 24] ^ crc_of[3][b & 0xff] ^ crc_of[2][b >> 8 & 0xff] ^
		      crc_of[1][b >> 16 & 0xff] ^ crc_of[0][b >> 24];
	}
	for (; len > 0; src++, len--)
		crc = crc >> 8 ^ crc_of[0][(crc ^ *src) & 0xff];
	return crc;
}

static uint64_t
load_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Four words at once: each pass over the list of sources costs as much as several words. */
static size_t
xor_blocks(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	enum { WORDS = 4, BLOCK = WORDS * sizeof(uint64_t) };
	size_t i = 0;

	for (; i + BLOCK <= len; i += BLOCK) {
		uint64_t words[WORDS];

		memcpy(words, src[0] + i, BLOCK);
		for (unsigned s = 1; s < nsrc; s++) {
			const uint8_t *p = src[s] + i;

			CPU_UNROLL
			for (unsigned w = 0; w < WORDS; w++)
				words[w] ^= load_word(p + w * sizeof(uint64_t));
		}
		memcpy(dst + i, words, BLOCK);
	}
	return i;
}

void
cpu_xor_words(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	size_t i = xor_blocks(dst, src, nsrc, len);

	for (; i + sizeof(uint64_t) <= len; i += sizeof(uint64_t)) {
		uint64_t word = load_word(src[0] + i);

		for (unsigned s = 1; s < nsrc; s++)
			word ^= load_word(src[s] + i);
		memcpy(dst + i, &word, sizeof(word));
	}
	for (; i < len; i++) {
		uint8_t byte = src[0][i];

		for (unsigned s = 1; s < nsrc; s++)
			byte ^= src[s][i];
		dst[i] = byte;
	}
}

const struct cpu_kernels cpu_scalar_kernels = {
	.fill = cpu_fill,
	.copy = cpu_copy,
	.crc32c = scalar_crc32c,
	.xor = cpu_xor_words,
};
