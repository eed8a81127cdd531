/* SPDX-License-Identifier: BSD-2-Clause */
/* touch.c: brings pages into memory, so that a device may go on where it found none. */
#include "touch.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* A byte of each page; kernels before 5.14 have no other way. */
static void
touch_each(volatile uint8_t *bytes, size_t len, bool is_write, size_t page)
{
	for (size_t i = 0; i < len; i += i == 0 ? page - (uintptr_t)bytes % page : page) {
		const uint8_t byte = bytes[i];

		if (is_write)
			bytes[i] = byte;
	}
}

void
idxd_touch(void *addr, size_t len, bool is_write)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t before = (uintptr_t)addr % page;
	uint8_t *start = (uint8_t *)addr - before;

	if (len == 0)
		return;
#if defined(MADV_POPULATE_READ) && defined(MADV_POPULATE_WRITE)
	if (madvise(start, before + len, is_write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ) == 0)
		return;
#else
	(void)start;
#endif
	touch_each(addr, len, is_write, page);
}
