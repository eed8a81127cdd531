/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc32c.h: how a CRC32C is taken apart and put together again, and the constants that this needs.
 *
 * A message is a polynomial over GF(2), its first bit that of the highest power; its CRC is the
 * remainder of message * x^32 by P, the Castagnoli polynomial 0x1EDC6F41 of RFC 3720.  Everything
 * stands the wrong way round: the lowest bit of a byte, word or register is the highest power.
 *
 * What is followed by n bytes counts x^(8n) times as much.  So separate parts of a message can be
 * summed on their own, each is then multiplied by the power of x for the bytes behind it, and all are
 * added (that is, XORed).  A power may be replaced by its remainder by P, which has 32 bits.
 *
 * Such a remainder stands in the low half of a 64-bit word, which as a polynomial multiplies it by
 * x^32.  And the 127 bits of a carry-less product of two 64-bit words stand one place too low in
 * the 128 bits of the result, which multiplies by x.  Hence two rules:
 *
 *  - Folding.  To move 16 bytes D bytes on, the first 8 of them (which have 8 bytes behind them)
 *    are multiplied by x^(8D + 64 - 33) = x^(8D + 31), the last 8 by x^(8D - 33).
 *  - Joining.  The CRC32 instruction multiplies by x^32 and takes the remainder, and the product of
 *    two remainders in 64 bits has one x too much: a sum moves past D bytes with x^(8D - 33) again.
 *
 * CRC32C_X<n> is the remainder of x^n by P.  tests/kernels/kernels.c computes all of them anew, by n
 * steps of: shift right by one; if a one fell out, XOR with 0x82F63B78, which is P reversed.
 */
#ifndef ENGINES_CPU_CRC32C_H
#define ENGINES_CPU_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#define CRC32C_POLYNOMIAL 0x82f63b78u

/* Folding by 16, 32, 48, 64, 128 and 256 bytes. */
#define CRC32C_X95   0x493c7d27u
#define CRC32C_X159  0xf20c0dfeu
#define CRC32C_X223  0xba4fc28eu
#define CRC32C_X287  0x3da6d0cbu
#define CRC32C_X351  0xddc0152bu
#define CRC32C_X415  0x1c291d04u
#define CRC32C_X479  0x9e4addf8u
#define CRC32C_X543  0x740eef02u
#define CRC32C_X991  0x0d3b6092u
#define CRC32C_X1055 0x6992cea2u
#define CRC32C_X2015 0xb9e02b86u
#define CRC32C_X2079 0xdcb17aa4u

/* Joining past one, two and three lanes of 352, 128 and 32 bytes; some of these are above. */
#define CRC32C_X2783 0xce7f39f4u
#define CRC32C_X5599 0xe6fc4e6au
#define CRC32C_X8415 0x6f345e45u
#define CRC32C_X3039 0xd270f1a2u
#define CRC32C_X735  0x0715ce53u

/*
 * A block of a message: first a part that is folded in vectors, then three lanes that are summed
 * with the CRC32 instruction, which takes 3 cycles but can start in each one.  Both are done at
 * once, as they use different parts of the processor.  In each round a lane advances by
 * CRC32C_LANE_STEP bytes, and the vectors by as many as four of them hold.
 */
#define CRC32C_LANE_STEP 32u
struct crc32c_block {
	size_t rounds;
	uint32_t past_1, past_2, past_3; /* lanes of rounds * CRC32C_LANE_STEP bytes */
};

/*
 * The sizes of blocks, the largest first.  11 rounds is the most with which a block of the widest
 * vectors, 3872 bytes, fits a page; the others are for what is left.
 */
#define CRC32C_NBLOCKS 3u
static const struct crc32c_block crc32c_blocks[CRC32C_NBLOCKS] = {
	{ 11, CRC32C_X2783, CRC32C_X5599, CRC32C_X8415 },
	{ 4, CRC32C_X991, CRC32C_X2015, CRC32C_X3039 },
	{ 1, CRC32C_X223, CRC32C_X479, CRC32C_X735 },
};

/*
 * How far ahead of its reading a block asks for memory.  The four streams of a block are too short
 * for the processor to find out by itself (64 MiB, cold: 23 to 34 GB/s without, 46 to 52 with it).
 */
#define CRC32C_AHEAD ((size_t)16384)

#endif /* ENGINES_CPU_CRC32C_H */
