/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idxd_fake.h: a door of the idxd engine with queues behind it that do, at once and in the thread that
 * writes, what they are told -- or something else.
 */
#ifndef TESTS_UNIT_IDXD_FAKE_H
#define TESTS_UNIT_IDXD_FAKE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "engines/idxd/desc.h"
#include "engines/idxd/door.h"

#define IDXD_FAKE_QUEUES 4u
#define IDXD_FAKE_LOST   64u

enum idxd_fake_way {
	IDXD_FAKE_WORKS,
	IDXD_FAKE_VANISHES, /* what is submitted, but for a NOOP, is done in the queue's close */
	IDXD_FAKE_SPOILS,   /* the record has the status ->status, and nothing is done */
	IDXD_FAKE_SPOILS_BATCHES, /* the same; only of batches, and their members are done in the close */
	IDXD_FAKE_IS_FULL,        /* -EAGAIN */
	IDXD_FAKE_FAILS,          /* write(2) answers ->error, to a NOOP, too */
};

/* One at a time; what is not said is 0. */
struct idxd_fake {
	struct dsa_queue queues[IDXD_FAKE_QUEUES]; /* (lock) what the survey finds */
	unsigned nqueues;
	int open_error; /* of the node */
	int map_error;  /* of the portal */
	bool has_portal;
	atomic_int way;
	unsigned well; /* bit n: queue n works all the same */
	uint8_t status;
	int error;
	bool no_batches;      /* -EINVAL, as for the first version's devices */
	unsigned short_count; /* at most so many descriptors are taken at once; 0: all */
	unsigned extra;       /* so many more are said to be taken */
	sem_t opened;         /* posted by each open */
	sem_t entered, go; /* with ->is_gated the next write of other than a NOOP posts and waits */
	sem_t closing, may_close; /* with ->is_close_gated the next close does */
	sem_t surveyed;           /* posted by each survey */
	atomic_bool is_gated, is_close_gated;
	atomic_uint nopen, nclosed, nwrites, ndescs; /* writes of other than NOOPs */
	atomic_uint most;                            /* descriptors of one write */
	pthread_mutex_t lock;
	struct idxd_desc lost[IDXD_FAKE_LOST]; /* (lock) of queue ->lost_by[], still to be done */
	int lost_by[IDXD_FAKE_LOST];
	unsigned nlost;
};

extern struct idxd_fake idxd_fake;
extern const struct idxd_door idxd_fake_door;

/* Queues of 64 entries, all well. */
void idxd_fake_init(unsigned nqueues);
void idxd_fake_fini(void);

/* What the survey says of a queue from now on.  Any thread. */
void idxd_fake_change(unsigned number, const struct dsa_queue *queue);

#endif /* TESTS_UNIT_IDXD_FAKE_H */
