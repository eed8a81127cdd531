/* SPDX-License-Identifier: BSD-2-Clause */
/* oracle.h: the functions of dmover(9) as a reader would write them down. */
#ifndef TESTS_DEVICE_ORACLE_H
#define TESTS_DEVICE_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oracle_function {
	const char *name;
	unsigned inputs;
	bool has_output;
	bool has_result;
};

/* One application of a function. */
struct oracle_work {
	const uint8_t *in[16];
	uint8_t immediate[8];
	uint8_t *out;
	size_t len;
	uint8_t result[8];
};

extern const struct oracle_function oracle_functions[];
extern const unsigned oracle_nfunctions;

const struct oracle_function *oracle_find(const char *name);
void oracle_run(const struct oracle_function *function, struct oracle_work *work);

#endif /* TESTS_DEVICE_ORACLE_H */
