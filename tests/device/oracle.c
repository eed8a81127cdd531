/* SPDX-License-Identifier: BSD-2-Clause */
/* oracle.c: the functions of dmover(9) as a reader would write them down. */
#include "oracle.h"

#include <string.h>

const struct oracle_function oracle_functions[] = {
	{ .name = "zero", .inputs = 0, .has_output = true },
	{ .name = "fill8", .inputs = 0, .has_output = true },
	{ .name = "copy", .inputs = 1, .has_output = true },
	{ .name = "iscsi-crc32c", .inputs = 1, .has_result = true },
	{ .name = "xor2", .inputs = 2, .has_output = true },
	{ .name = "xor3", .inputs = 3, .has_output = true },
	{ .name = "xor4", .inputs = 4, .has_output = true },
	{ .name = "xor5", .inputs = 5, .has_output = true },
	{ .name = "xor6", .inputs = 6, .has_output = true },
	{ .name = "xor7", .inputs = 7, .has_output = true },
	{ .name = "xor8", .inputs = 8, .has_output = true },
	{ .name = "xor9", .inputs = 9, .has_output = true },
	{ .name = "xor10", .inputs = 10, .has_output = true },
	{ .name = "xor11", .inputs = 11, .has_output = true },
	{ .name = "xor12", .inputs = 12, .has_output = true },
	{ .name = "xor13", .inputs = 13, .has_output = true },
	{ .name = "xor14", .inputs = 14, .has_output = true },
	{ .name = "xor15", .inputs = 15, .has_output = true },
	{ .name = "xor16", .inputs = 16, .has_output = true },
};

const unsigned oracle_nfunctions = sizeof(oracle_functions) / sizeof(oracle_functions[0]);

const struct oracle_function *
oracle_find(const char *name)
{
	for (unsigned i = 0; i < oracle_nfunctions; i++) {
		if (strcmp(oracle_functions[i].name, name) == 0)
			return &oracle_functions[i];
	}
	return NULL;
}

/* Bit by bit, reflected polynomial 0x1edc6f41 (RFC 3720, 12.1), eight steps in one table entry. */
static void
oracle_crc32c(struct oracle_work *work)
{
	uint32_t table[256], crc;

	for (uint32_t i = 0; i < 256; i++) {
		crc = i;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
		table[i] = crc;
	}
	crc = (uint32_t)work->immediate[0] | (uint32_t)work->immediate[1] << 8 |
	      (uint32_t)work->immediate[2] << 16 | (uint32_t)work->immediate[3] << 24;
	crc = ~crc;
	for (size_t i = 0; i < work->len; i++)
		crc = crc >> 8 ^ table[(crc ^ work->in[0][i]) & 0xff];
	crc = ~crc;
	for (int i = 0; i < 4; i++)
		work->result[i] = (uint8_t)(crc >> (8 * i));
}

void
oracle_run(const struct oracle_function *function, struct oracle_work *work)
{
	memset(work->result, 0, sizeof(work->result));
	if (function->has_result) {
		oracle_crc32c(work);
		return;
	}
	if (function->inputs > 0) {
		for (size_t i = 0; i < work->len; i++)
			work->out[i] = work->in[0][i];
		for (unsigned n = 1; n < function->inputs; n++) {
			for (size_t i = 0; i < work->len; i++)
				work->out[i] ^= work->in[n][i];
		}
		return;
	}
	memset(work->out, strcmp(function->name, "fill8") == 0 ? work->immediate[0] : 0, work->len);
}
