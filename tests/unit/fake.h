/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake.h: a caller that is not there -- a space over the test's own memory with faults that are
 * planned byte by byte, batches in it, and a plain model of what must come of them.
 */
#ifndef TESTS_UNIT_FAKE_H
#define TESTS_UNIT_FAKE_H

#include <semaphore.h>

#include "core/batch.h"
#include "core/uio.h"

#define FAKE_BAD_MAX 4

/* Bytes that cannot be read, or written, or both. */
struct fake_bad {
	uintptr_t from, to;
	bool no_read, no_write;
};

struct fake_space {
	struct dmover_space space; /* first */
	struct fake_bad bad[FAKE_BAD_MAX];
	unsigned nbad;
	int error; /* given by each access after the first error_after ones */
	unsigned error_after;
	atomic_uint naccesses;
	atomic_bool was_wrong; /* an access broke the contract of struct dmover_space_ops */
	atomic_bool is_destroyed;
	bool is_resident;
	sem_t *entered, *go; /* NULL, or: each access posts the one and waits for the other */
};

void fake_init(struct fake_space *fake);
void fake_add_bad(
    struct fake_space *fake, const void *from, size_t len, bool no_read, bool no_write);

/* A request to be built. */
struct fake_plan {
	const char *func;
	size_t len;
	unsigned pieces; /* vectors of each buffer, at least 1 */
};

/* The memory that the requests are in. */
struct fake_caller {
	struct fake_space fake;
	uint8_t *memory;
	size_t size, used;
};

/* What must come of a batch. */
struct fake_model {
	unsigned nentries;
	uint8_t *memory; /* all of the caller's, afterwards */
	uint8_t *is_any; /* 1: a byte that may be anything, for its request failed */
	int *errors;
	uint8_t (*results)[DMOVER_IMMEDIATE_LEN];
};

void caller_init(struct fake_caller *caller, size_t size);
void caller_fini(struct fake_caller *caller);

/* A batch of N requests over fresh memory of the caller, whose ids are 1000 and so on. */
struct dmover_batch *caller_build(
    struct fake_caller *caller, const struct fake_plan *plans, unsigned n);

/* To be made before the batch runs; tells what the planned faults do to it. */
void model_init(
    struct fake_model *model, const struct fake_caller *caller, const struct dmover_batch *batch);
void model_fini(struct fake_model *model);
/* All of the caller's memory is as it must be. */
void model_check_memory(const struct fake_model *model, const struct fake_caller *caller);
/* The responses, in any order, are what they must be. */
void model_check_responses(
    const struct fake_model *model, const struct dmover_response *responses, unsigned n);

#define FAKE_FIRST_ID 1000

/* CRC-32C as in its definition, bit by bit; goes on from CRC. */
uint32_t model_crc(uint32_t crc, const uint8_t *p, size_t n);

#endif /* TESTS_UNIT_FAKE_H */
