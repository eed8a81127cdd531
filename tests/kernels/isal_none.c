/* SPDX-License-Identifier: BSD-2-Clause */
/* isal_none.c: no ISA-L on this machine; see isal.h. */
#include "isal.h"

#include <stdlib.h>

const bool isal_is_there = false;

uint32_t
isal_crc32c(uint32_t crc, const uint8_t *src, size_t len)
{
	(void)crc;
	(void)src;
	(void)len;
	abort();
}

void
isal_xor(uint8_t *dst, const uint8_t *const *src, unsigned nsrc, size_t len)
{
	(void)dst;
	(void)src;
	(void)nsrc;
	(void)len;
	abort();
}
