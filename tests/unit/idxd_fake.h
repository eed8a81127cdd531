/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idxd_fake.h: a door of the idxd engine with queues behind it that do, at once and in the thread that
 * writes, what they are told -- or something else.
 */
#ifndef TESTS_UNIT_IDXD_FAKE_H
#define TESTS_UNIT_IDXD_FAKE_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "engines/idxd/door.h"

enum idxd_fake_way {
	IDXD_FAKE_WORKS,
	IDXD_FAKE_VANISHES, /* what is submitted, but for a NOOP, is lost */
	IDXD_FAKE_SPOILS,   /* the record has the status ->status, and nothing is done */
	IDXD_FAKE_IS_FULL,  /* -EAGAIN */
	IDXD_FAKE_FAILS,    /* write(2) answers ->error, to a NOOP, too */
};

/* One at a time; what is not said is 0. */
struct idxd_fake {
	struct dsa_queue queues[2]; /* what the survey finds */
	unsigned nqueues;
	int open_error; /* of the node */
	int map_error;  /* of the portal */
	bool has_portal;
	atomic_int way;
	uint8_t status;
	int error;
	bool no_batches;      /* -EINVAL, as for the first version's devices */
	unsigned short_count; /* at most so many descriptors are taken at once; 0: all */
	unsigned extra;       /* so many more are said to be taken */
	sem_t opened;         /* posted by each open */
	sem_t entered, go; /* with ->is_gated the next write of other than a NOOP posts and waits */
	atomic_bool is_gated;
	atomic_uint nopen, nclosed, nwrites, ndescs; /* writes of other than NOOPs */
};

extern struct idxd_fake idxd_fake;
extern const struct idxd_door idxd_fake_door;

/* Queues of 64 entries, all well. */
void idxd_fake_init(unsigned nqueues);
void idxd_fake_fini(void);

#endif /* TESTS_UNIT_IDXD_FAKE_H */
