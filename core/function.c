/* SPDX-License-Identifier: BSD-2-Clause */
/* function.c: the table of functions -- name, inputs, immediates, output. */
#include <dev/dmover/dmover.h>

#include <string.h>

#include "core/crc32c.h"

static uint32_t
load_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void
join_crc32c(uint8_t *result, const uint8_t *part, size_t behind)
{
	uint32_t crc = load_le32(result) ^ dmover_crc32c_before(load_le32(part), behind);

	for (unsigned i = 0; i < 4; i++)
		result[i] = (uint8_t)(crc >> 8 * i);
}

#define XOR(n)                                                                                     \
	{                                                                                          \
		.dfn_name = "xor" #n, .dfn_kind = DMOVER_KIND_XOR, .dfn_ninputs = (n),             \
		.dfn_has_output = true,                                                            \
	}

static const struct dmover_function functions[] = {
	{ .dfn_name = "zero",
	    .dfn_kind = DMOVER_KIND_ZERO,
	    .dfn_has_output = true,
	    .dfn_uniform = true },
	{ .dfn_name = "fill8",
	    .dfn_kind = DMOVER_KIND_FILL8,
	    .dfn_immediate_in = 1,
	    .dfn_has_output = true,
	    .dfn_uniform = true },
	{ .dfn_name = "copy",
	    .dfn_kind = DMOVER_KIND_COPY,
	    .dfn_ninputs = 1,
	    .dfn_has_output = true },
	{ .dfn_name = "iscsi-crc32c",
	    .dfn_kind = DMOVER_KIND_CRC32C,
	    .dfn_ninputs = 1,
	    .dfn_immediate_in = 4,
	    .dfn_immediate_out = 4,
	    .dfn_join = join_crc32c },
	XOR(2),
	XOR(3),
	XOR(4),
	XOR(5),
	XOR(6),
	XOR(7),
	XOR(8),
	XOR(9),
	XOR(10),
	XOR(11),
	XOR(12),
	XOR(13),
	XOR(14),
	XOR(15),
	XOR(16),
};

#define NFUNCTIONS (sizeof(functions) / sizeof(functions[0]))

const struct dmover_function *
dmover_function_find(const char *name)
{
	for (size_t i = 0; i < NFUNCTIONS; i++)
		if (strcmp(functions[i].dfn_name, name) == 0)
			return &functions[i];
	return NULL;
}

const struct dmover_function *
dmover_function_at(unsigned i)
{
	return i < NFUNCTIONS ? &functions[i] : NULL;
}
