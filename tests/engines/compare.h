/* SPDX-License-Identifier: BSD-2-Clause */
/* compare.h: one request given to an engine and to the oracle, and the answers compared. */
#ifndef TESTS_ENGINES_COMPARE_H
#define TESTS_ENGINES_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "rig.h"

/* Sealed inputs, an output, and the oracle's output. */
struct arena {
	struct guarded in[DMOVER_INPUTS_MAX];
	struct guarded out;
	struct guarded want;
};

/* Input I holds the pattern of seed I + 1 (guarded_fill_and_seal). */
void arena_create(struct arena *arena);
void arena_destroy(struct arena *arena);

/* Where the buffers of one comparison lie. */
struct spot {
	size_t len;
	unsigned in_offset;  /* of input 0, from the edge */
	unsigned in_step;    /* each further input lies so much further off, modulo 64 */
	unsigned out_offset; /* from the edge */
	bool at_end;         /* the edge is the last byte, else the first */
	bool in_place;       /* the output is input 0 */
	uint8_t salt;        /* changes each byte of the immediate */
};

/* The test fails where FUNC at SPOT does not give what the oracle gives, or strays. */
void compare(const struct rig *rig, const struct arena *arena, const struct dmover_function *func,
    const struct spot *spot);

/* Bits of the output and the result that are not what the oracle gives; nothing else is looked at. */
unsigned compare_wrong_bits(const struct rig *rig, const struct arena *arena,
    const struct dmover_function *func, const struct spot *spot);

/* Calls LOOK for each function that ENGINE can do: with linear buffers, then where it may with uios. */
void compare_each_function(const struct dmover_engine *engine,
    void (*look)(
	const struct rig *rig, const struct arena *arena, const struct dmover_function *func));

#endif /* TESTS_ENGINES_COMPARE_H */
