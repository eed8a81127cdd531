/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.h: requests that are to be laid out in a caller's memory, and what must come of them. */
#ifndef TESTS_ENGINES_PLAN_H
#define TESTS_ENGINES_PLAN_H

#include "caller.h"
#include "core/batch.h"

enum plan_shape {
	PLAN_APART,    /* no two buffers share a byte */
	PLAN_IN_PLACE, /* the output is the very memory of input ->alias, otherwise cut */
	PLAN_OVERLAP,  /* the output begins ->shift bytes behind the only input */
};

struct plan {
	const struct dmover_function *func;
	size_t len;
	unsigned in_pieces, out_pieces; /* vectors of each buffer, 1 to 1024; 0: one */
	unsigned skew;                  /* of the first buffer; the others differ; modulo 64 */
	bool on_own_pages;              /* no page holds bytes of two buffers */
	enum plan_shape shape;
	unsigned alias;
	ptrdiff_t shift;
	uint32_t seed; /* of cuts, gaps and order */
	uint8_t immediate[DMOVER_IMMEDIATE_LEN];
	int error; /* what the response must say; not 0: each output byte may be old */
};

/* What must come of plans that were built. */
struct outcome {
	uint8_t *want; /* the caller's memory, by offset, if all goes well */
	uint8_t (*results)[DMOVER_IMMEDIATE_LEN];
};

/* Buffers of a plan: the inputs, then the output. */
unsigned plan_buffers(const struct plan *plan);
/* Bytes that a request of FUNC reads and writes, whichever is more. */
size_t plan_traffic(const struct dmover_function *func, size_t len);

/* Functions that stand for all where time counts: each kind, and of xor 2, 5 and 16 inputs. */
bool plan_is_typical(const struct dmover_function *func);

/*
 * A batch of N requests, whose ids are 0 and so on, in memory of the caller that is not used
 * yet.  The same plans in the same memory make the same batch.
 */
struct dmover_batch *plan_build(struct caller *caller, const struct plan *plans, unsigned n);

/* Asks the oracle what ->before becomes.  The batch must not have run. */
void outcome_init(
    struct outcome *outcome, const struct caller *caller, const struct dmover_batch *batch);
void outcome_fini(struct outcome *outcome);

/* Offset, in the caller's memory, of the byte at AT of a buffer; buffers as plan_buffers(). */
size_t plan_offset(const struct caller *caller, const struct dmover_batch *batch, unsigned entry,
    unsigned buffer, size_t at);

#endif /* TESTS_ENGINES_PLAN_H */
