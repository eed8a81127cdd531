/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc32c.c: joins the CRC32C sums of the parts of a message.
 *
 * A sum is a remainder of polynomials over GF(2): LEN more bytes multiply it by x^(8 LEN) modulo
 * the Castagnoli polynomial P.  Bit 31 of a word is the coefficient of x^0.
 */
#include "core/crc32c.h"

/* P without x^32 (RFC 3720, section 12.1). */
#define POLYNOMIAL 0x82f63b78u

/* x^(8 * 2^k) modulo P for k from 0 on: each is the square of the one before. */
static const uint32_t powers[] = { 0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c, 0x18b8ea18,
	0x510ac59a, 0xb82be955, 0xb8fdb1e7, 0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a,
	0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc, 0xfe7740e6, 0xf946610b, 0x3c204f8f,
	0x538586e3, 0x59726915, 0x734d5309, 0xbc1ac763, 0x7d0722cc, 0xd289cabe, 0xe94ca9bc,
	0x05b74f3f, 0xa51e1f42, 0x40000000, 0x20000000, 0x08000000 };

/* From here on they begin again: x^(2^31 - 1) is 1, so the powers 2^34 and 2^3 are the same. */
#define NPOWERS (sizeof(powers) / sizeof(powers[0]))

static uint32_t
multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
		if ((a & bit) != 0)
			product ^= b;
		b = (b & 1) != 0 ? b >> 1 ^ POLYNOMIAL : b >> 1;
	}
	return product;
}

uint32_t
dmover_crc32c_before(uint32_t crc, size_t len)
{
	for (size_t k = 0; len != 0; k++, len >>= 1)
		if ((len & 1) != 0)
			crc = multiply(powers[k % NPOWERS], crc);
	return crc;
}
