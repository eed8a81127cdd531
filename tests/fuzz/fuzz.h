/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz.h: what the fuzz targets share. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <dev/dmover/dmover.h>

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The target: one input.  Called by libFuzzer, or by replay.c for each file of the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One of the functions of the table. */
static inline const struct dmover_function *
fuzz_function(unsigned choice)
{
	unsigned n = 0;

	while (dmover_function_at(n) != NULL)
		n++;
	return dmover_function_at(choice % n);
}

#endif /* TESTS_FUZZ_H */
