/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c: buffers between pages that nobody may touch. */
#include "memory.h"

#include <sys/mman.h>

#include "suite.h"

static size_t
whole_pages(size_t len)
{
	return len == 0 ? PAGE : (len + PAGE - 1) / PAGE * PAGE;
}

void *
memory_map(size_t len)
{
	size_t inner = whole_pages(len);
	uint8_t *outer;

	outer = mmap(NULL, inner + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(outer, MAP_FAILED);
	memory_protect(outer + PAGE, inner, PROT_READ | PROT_WRITE);
	return outer + PAGE;
}

void *
memory_map_at_end(size_t len)
{
	uint8_t *memory = memory_map(len);

	return memory + whole_pages(len) - len;
}

void
memory_unmap(void *memory, size_t len)
{
	uint8_t *outer = (uint8_t *)memory - (uintptr_t)memory % PAGE - PAGE;

	ck_assert_int_eq(munmap(outer, whole_pages(len) + 2 * PAGE), 0);
}

void
memory_fill(void *memory, size_t len, uint32_t seed)
{
	uint8_t *p = memory;
	uint32_t state = seed * 2654435761U + 1;

	for (size_t i = 0; i < len; i++) {
		state = state * 1664525 + 1013904223;
		p[i] = (uint8_t)(state >> 24);
	}
}

void
memory_protect(void *memory, size_t len, int prot)
{
	ck_assert_int_eq(mprotect(memory, len, prot), 0);
}

int
memory_is(const void *memory, uint8_t value, size_t len)
{
	const uint8_t *p = memory;

	return len == 0 || (p[0] == value && memcmp(p, p + 1, len - 1) == 0);
}
