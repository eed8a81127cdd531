/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.h: what the fault engine is asked to do wrong, and how often. */
#ifndef ENGINES_FAULT_PLAN_H
#define ENGINES_FAULT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dev/dmover/engine.h>

/* A request that is delayed for longer looks lost to any caller. */
#define FAULT_DELAY_MAX_NS UINT64_C(60000000000)

struct fault_plan {
	const struct dmover_engine *over;   /* does the work */
	const struct dmover_function *only; /* others are left alone; NULL: none is */
	uint64_t every;                     /* each which request is hit; from 1 */
	uint64_t delay_ns;                  /* 0: none */
	int error;                          /* positive errno; 0: none */
	bool final;
	bool reorder;
	bool corrupt;
	bool again;
	bool refuse;
};

/*
 * ARGS is a list such as "over=cpu-avx2,every=100,error=EIO"; NULL or "" asks for nothing wrong.
 * -EINVAL: it makes no sense, and WHY (LEN bytes with the NUL) says what.  -ENOMEM.
 */
int fault_plan_parse(const char *args, struct fault_plan *ret_plan, char *why, size_t len);

#endif /* ENGINES_FAULT_PLAN_H */
