/* SPDX-License-Identifier: BSD-2-Clause */
/* oracle.h: what the first engine of the table, the reference for all others, says. */
#ifndef TESTS_ENGINES_ORACLE_H
#define TESTS_ENGINES_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include <dev/dmover/dmover.h>

struct question {
	const struct dmover_function *func;
	size_t len; /* may be 0 */
	uint8_t *in[DMOVER_INPUTS_MAX];
	uint8_t *out; /* overlaps no input */
	uint8_t immediate[DMOVER_IMMEDIATE_LEN];
};

/* Fills the output in; RET_RESULT gets DMOVER_IMMEDIATE_LEN bytes.  Never changed by --break. */
void oracle_ask(const struct question *question, uint8_t *ret_result);

#endif /* TESTS_ENGINES_ORACLE_H */
