/* SPDX-License-Identifier: BSD-2-Clause */
/* pattern.c: the bytes of the inputs, and the oracle. */
#include "tools/bench/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 4096
#define SPOIL 0xe7

/* A mixer of 64 bits: every bit of the output depends on every bit of the input. */
static uint64_t
mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

/* Bytes FROM to FROM + LEN of input BUFFER of PLACE. */
static void
generate(uint8_t *dst, uint64_t place, uint64_t buffer, struct iovec range)
{
	uint64_t from = (uintptr_t)range.iov_base, seed = mix(place * 32 + buffer + 1);

	for (size_t i = 0; i < range.iov_len;) {
		uint64_t at = from + i, word = mix(seed + at / 8);
		size_t n = 8 - at % 8;

		if (n == 8 && range.iov_len - i >= 8) {
			memcpy(dst + i, &word, 8);
		} else {
			if (n > range.iov_len - i)
				n = range.iov_len - i;
			memcpy(dst + i, (const uint8_t *)&word + at % 8, n);
		}
		i += n;
	}
}

static void
generate_input(uint8_t *dst, const struct bench_range *range)
{
	generate(dst, range->place, range->buffer,
	    (struct iovec){ (void *)(uintptr_t)range->from, range->len });
}

/* What the output must hold there. */
static void
expect_output(const struct bench_work *work, const struct bench_range *range, uint8_t *dst)
{
	struct bench_range input = *range;
	uint8_t more[BLOCK];

	switch (work->function->dfn_kind) {
	case DMOVER_KIND_ZERO:
		memset(dst, 0, range->len);
		break;
	case DMOVER_KIND_FILL8:
		memset(dst, BENCH_FILL, range->len);
		break;
	default:
		input.buffer = 0;
		generate_input(dst, &input);
		for (input.buffer = 1; input.buffer < work->layout->ninputs; input.buffer++) {
			generate_input(more, &input);
			for (size_t i = 0; i < range->len; i++)
				dst[i] ^= more[i];
		}
	}
}

void
bench_pattern_fill(const struct bench_work *work, size_t place)
{
	const struct bench_layout *layout = work->layout;

	for (unsigned b = 0; b < layout->ninputs; b++) {
		size_t at = 0;

		for (unsigned i = 0; i < layout->npieces; i++) {
			struct iovec piece = bench_layout_piece(layout, work->base, place, b, i);

			generate(piece.iov_base, place, b,
			    (struct iovec){ (void *)(uintptr_t)at, piece.iov_len });
			at += piece.iov_len;
		}
	}
}

void
bench_pattern_spoil(const struct bench_work *work, size_t place)
{
	const struct bench_layout *layout = work->layout;

	for (unsigned i = 0; work->function->dfn_has_output && i < layout->npieces; i++) {
		struct iovec piece =
		    bench_layout_piece(layout, work->base, place, layout->ninputs, i);

		memset(piece.iov_base, SPOIL, piece.iov_len);
	}
}

/* Compares one buffer of a place with what it must hold. */
static int
check_buffer(const struct bench_work *work, struct bench_range range, char *why, size_t len)
{
	const bool is_output = range.buffer == work->layout->ninputs;
	uint8_t expected[BLOCK];
	struct iovec piece;

	range.base = work->base;
	for (range.from = 0; range.from < work->layout->size; range.from += range.len) {
		const uint8_t *got;

		range.len = work->layout->size - range.from;
		if (range.len > BLOCK)
			range.len = BLOCK;
		bench_layout_range(work->layout, &range, &piece, 1, &range.len);
		if (is_output)
			expect_output(work, &range, expected);
		else
			generate_input(expected, &range);
		got = piece.iov_base;
		for (size_t i = 0; memcmp(got, expected, range.len) != 0 && i < range.len; i++) {
			if (got[i] == expected[i])
				continue;
			snprintf(why, len, "%s %u, byte %zu: %02x instead of %02x",
			    is_output ? "output behind input" : "input", range.buffer,
			    range.from + i, got[i], expected[i]);
			return -EBADMSG;
		}
	}
	return 0;
}

void
bench_crc32c_table(uint32_t table[256])
{
	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78u : 0);
	}
}

static int
check_crc(const struct bench_work *work, size_t place, const uint8_t *result, char *why)
{
	struct bench_range range = { .place = place };
	uint8_t block[BLOCK];
	uint32_t crc = ~0u, table[256], got = 0;

	bench_crc32c_table(table);
	for (; range.from < work->layout->size; range.from += range.len) {
		range.len = work->layout->size - range.from;
		if (range.len > BLOCK)
			range.len = BLOCK;
		generate_input(block, &range);
		for (size_t i = 0; i < range.len; i++)
			crc = crc >> 8 ^ table[(crc ^ block[i]) & 0xff];
	}
	for (unsigned i = 0; i < 4; i++)
		got |= (uint32_t)result[i] << 8 * i;
	if (got == ~crc)
		return 0;
	sprintf(why, "crc %08x instead of %08x", got, ~crc);
	return -EBADMSG;
}

int
bench_pattern_check(
    const struct bench_work *work, size_t place, const uint8_t *result, char *why, size_t len)
{
	char crc[64];
	int err = 0;

	for (unsigned b = 0; b < work->layout->nbuffers && err == 0; b++)
		err = check_buffer(
		    work, (struct bench_range){ .buffer = b, .place = place }, why, len);
	if (err == 0 && work->function->dfn_kind == DMOVER_KIND_CRC32C) {
		err = check_crc(work, place, result, crc);
		if (err < 0)
			snprintf(why, len, "%s", crc);
	}
	return err;
}

void
bench_pattern_immediate(
    const struct dmover_function *function, uint8_t immediate[DMOVER_IMMEDIATE_LEN])
{
	memset(immediate, 0, DMOVER_IMMEDIATE_LEN);
	if (function->dfn_kind == DMOVER_KIND_FILL8)
		immediate[0] = BENCH_FILL;
}
