/* SPDX-License-Identifier: BSD-2-Clause */
/* trial.h: batches that go through the middle layer and one engine, and are held to the oracle. */
#ifndef TESTS_ENGINES_TRIAL_H
#define TESTS_ENGINES_TRIAL_H

#include "plan.h"
#include "rig.h"
#include "road.h"

/* Requests of one batch, at the most. */
#define TRIAL_MAX 256

/* Pages, by offset, that the caller takes away while the batch runs. */
struct bad_pages {
	size_t at, len;
	enum caller_access access;
};

struct trial {
	const char *engine; /* what --engine says */
	struct road road;
	struct caller caller;
	const struct plan *plans;
	unsigned n;
	struct dmover_batch *map; /* of the plans: never runs, shows where they lie */
	struct outcome outcome;
	enum road_way way; /* of the last run */
	struct dmover_response responses[TRIAL_MAX];
};

/* The middle layer with ENGINE, and a caller with SIZE bytes. */
void trial_start(struct trial *trial, const char *engine, size_t size);
void trial_stop(struct trial *trial);

/* Lays N plans out and asks the oracle; they stay the test's own.  Until trial_unplan(). */
void trial_plan(struct trial *trial, const struct plan *plans, unsigned n);
void trial_unplan(struct trial *trial);

/* The plans once, on fresh bytes; BAD may be NULL.  --break spoils each answer here. */
void trial_run(struct trial *trial, enum road_way way, const struct bad_pages *bad);
/* The test fails where a response or a byte, of the outputs or around them, is not right. */
void trial_check(struct trial *trial);
/* The same for the bytes alone. */
void trial_check_bytes(struct trial *trial);
/* Bits that differ from the oracle's, in the output and the result of request E. */
unsigned trial_wrong_bits(const struct trial *trial, unsigned e);

/* The plans on each way that takes them, and each checked. */
void trial_each_way(struct trial *trial, const struct plan *plans, unsigned n);

/* As rig_main(); 77, with the reason, where no other process's memory can be entered. */
int trial_main(int argc, char **argv, Suite *(*make_suite)(void));

#endif /* TESTS_ENGINES_TRIAL_H */
