/* SPDX-License-Identifier: BSD-2-Clause */
/* crc_lanes.h: blocks of a message that are summed in three lanes of words and in vectors at once. */
#ifndef ENGINES_CPU_CRC_LANES_H
#define ENGINES_CPU_CRC_LANES_H

#include "crc32c.h"
#include "crc_words.h"

#if defined(CRC_WORDS_X86) || defined(CRC_WORDS_ARM)

/* The sums of three lanes that follow each other in memory. */
struct crc_lanes {
	uint64_t sum0, sum1, sum2;
};

/* SRC is where lane 0 stands, and the lanes are LEN bytes apart. */
CPU_INLINE void
crc_lanes_step(struct crc_lanes *lanes, const uint8_t *src, size_t len)
{
	CPU_UNROLL
	for (unsigned i = 0; i < CRC32C_LANE_STEP; i += 8) {
		lanes->sum0 = crc_add_8(lanes->sum0, crc_load_8(src + i));
		lanes->sum1 = crc_add_8(lanes->sum1, crc_load_8(src + len + i));
		lanes->sum2 = crc_add_8(lanes->sum2, crc_load_8(src + 2 * len + i));
	}
}

/* The sum of a block from BEFORE, that of what stands in front of its lanes, and theirs. */
CPU_INLINE uint32_t
crc_lanes_join(const struct crc_lanes *lanes, const struct crc32c_block *block, uint64_t before)
{
	const uint64_t moved = crc_product(before, block->past_3) ^
			       crc_product(lanes->sum0, block->past_2) ^
			       crc_product(lanes->sum1, block->past_1);

	return (uint32_t)(crc_add_8(0, moved) ^ lanes->sum2);
}

/* CRC32C_AHEAD, or 0 where that would be behind the LEN bytes that are left. */
CPU_INLINE size_t
crc_ahead(size_t len, size_t block)
{
	return len >= CRC32C_AHEAD + block ? CRC32C_AHEAD : 0;
}

/* One block that is folded in vectors of 16 bytes; all of it is at SRC. */
CPU_INLINE uint32_t
crc_block_128(const struct crc32c_block *block, uint32_t crc, const uint8_t *src, size_t ahead)
{
	const crc_vector by_64 = crc_vector_powers(CRC32C_X543, CRC32C_X479);
	const crc_vector by_16 = crc_vector_powers(CRC32C_X159, CRC32C_X95);
	const size_t lane = block->rounds * CRC32C_LANE_STEP, round = 64 + 3 * CRC32C_LANE_STEP;
	const uint8_t *words = src + block->rounds * 64;
	struct crc_lanes lanes = { 0 };
	crc_vector v0 = crc_vector_start(crc, src), v1 = crc_vector_load(src + 16);
	crc_vector v2 = crc_vector_load(src + 32), v3 = crc_vector_load(src + 48);

	cpu_prefetch(src, ahead, round);
	crc_lanes_step(&lanes, words, lane);
	for (size_t i = 1; i < block->rounds; i++) {
		const uint8_t *p = src + i * 64;

		cpu_prefetch(src + i * round, ahead, round);
		v0 = crc_fold(v0, by_64, crc_vector_load(p));
		v1 = crc_fold(v1, by_64, crc_vector_load(p + 16));
		v2 = crc_fold(v2, by_64, crc_vector_load(p + 32));
		v3 = crc_fold(v3, by_64, crc_vector_load(p + 48));
		crc_lanes_step(&lanes, words + i * CRC32C_LANE_STEP, lane);
	}
	v1 = crc_fold(v0, by_16, v1);
	v2 = crc_fold(v1, by_16, v2);
	v3 = crc_fold(v2, by_16, v3);
	return crc_lanes_join(&lanes, block, crc_vector_sum(v3));
}

CPU_INLINE uint32_t
crc_128(uint32_t crc, const uint8_t *src, size_t len)
{
	for (unsigned i = 0; i < CRC32C_NBLOCKS; i++) {
		const size_t size = crc32c_blocks[i].rounds * (64 + 3 * CRC32C_LANE_STEP);

		for (; len >= size; src += size, len -= size)
			crc = crc_block_128(&crc32c_blocks[i], crc, src, crc_ahead(len, size));
	}
	return crc_words(crc, src, len);
}

#endif /* CRC_WORDS_X86 || CRC_WORDS_ARM */

#endif /* ENGINES_CPU_CRC_LANES_H */
