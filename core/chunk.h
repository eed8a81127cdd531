/* SPDX-License-Identifier: BSD-2-Clause */
/* chunk.h: the bytes of a posted request that a runner has claimed, and their way through memory. */
#ifndef CORE_CHUNK_H
#define CORE_CHUNK_H

#include "core/stage.h"

/* Belongs to one runner. */
struct dmover_chunk {
	size_t len, behind; /* its own bytes, and those of the request after it */
	size_t span;        /* bytes that are the runner's, from the chunk on */
	size_t after;       /* bytes of the request after those */
	bool is_first;
	bool is_uio;       /* the slot has the caller's vectors, not the arena's memory */
	int64_t access_ns; /* spent in the caller's memory */
	struct dmover_uio in[DMOVER_INPUTS_MAX];
	struct dmover_uio out;
	struct stage_slot slot; /* what the engine gets; its done function is the runner's */
};

/*
 * The next bytes: of what the runner has claimed, or of what it claims now, as many as an arena holds
 * for that lane.  False: none are left, or there is no use in them.
 */
bool dmover_chunk_claim(struct dmover_chunk *chunk, struct dmover_stage *stage,
    struct dmover_entry *entry, unsigned lane);

/* Points the slot at the arena; SHARES: the output takes the place of input 0. */
void dmover_chunk_aim(
    struct dmover_chunk *chunk, struct dmover_entry *entry, struct stage_arena *arena, bool shares);
/* Points the slot at the caller's vectors. */
void dmover_chunk_aim_uio(struct dmover_chunk *chunk, struct dmover_entry *entry);

/* Fetches the inputs, or delivers the output, between the arena and the caller.  -errno. */
int dmover_chunk_gather(struct dmover_chunk *chunk);
int dmover_chunk_scatter(struct dmover_chunk *chunk, struct stage_arena *arena);

#endif /* CORE_CHUNK_H */
