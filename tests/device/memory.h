/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.h: buffers between pages that nobody may touch. */
#ifndef TESTS_DEVICE_MEMORY_H
#define TESTS_DEVICE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* LEN readable and writable bytes of zero with an inaccessible page before and after the pages. */
void *memory_map(size_t len);

/* Of the bytes of memory_map(LEN), those that end where the inaccessible page begins. */
void *memory_map_at_end(size_t len);

void memory_unmap(void *memory, size_t len);

/* Fills with bytes that depend on SEED. */
void memory_fill(void *memory, size_t len, uint32_t seed);

/* mprotect(2), which must work. */
void memory_protect(void *memory, size_t len, int prot);

/* Whether every byte is VALUE. */
int memory_is(const void *memory, uint8_t value, size_t len);

#endif /* TESTS_DEVICE_MEMORY_H */
