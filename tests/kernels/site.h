/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * site.h: one call of a CPU kernel between pages that nobody may touch, and what it must give.
 *
 * Needs no library besides libc, so that it also runs where a processor is only emulated.
 */
#ifndef TESTS_KERNELS_SITE_H
#define TESTS_KERNELS_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engines/cpu/cpu.h"

/* Set by --break: one bit of each answer is flipped, so that every test must fail. */
extern bool kernel_break;

/* Wrong answers that the test that runs has seen. */
extern unsigned kernel_faults;

/* Bytes of each buffer: a copy, and an XOR of any number of inputs, that is streamed fits. */
#define KERNEL_ROOM (CPU_STREAM_FROM / 2 + 8192)

/* Where the buffers of a call lie, and of what it is made. */
struct spot {
	enum dmover_kind kind;
	unsigned nsrc;
	size_t len;
	unsigned in_offset;  /* added to 5 times the number of the input, modulo 64 */
	unsigned out_offset; /* from the edge */
	bool at_end;   /* the edge is the last byte before the forbidden page, else the first */
	bool in_place; /* the output is input 0 */
};

/* Memory for all calls, inputs read-only.  False, with a message, when there is not enough. */
bool kernel_site_open(void);
void kernel_site_close(void);

/* Runs SPOT with LEVEL's kernels, and complains where the answer is not that of plain arithmetic. */
void kernel_check(const struct cpu_level *level, const struct spot *spot);

/* A message like printf's, and one more fault.  After some messages only the count grows. */
void kernel_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* CRC32C by one look-up a byte; CRC is the running register. */
uint32_t kernel_crc(uint32_t crc, const uint8_t *bytes, size_t len);

/* Input I: KERNEL_ROOM bytes of noise, read-only. */
const uint8_t *kernel_noise(unsigned i);
/* The output: KERNEL_ROOM bytes. */
uint8_t *kernel_output(void);

#endif /* TESTS_KERNELS_SITE_H */
