/* SPDX-License-Identifier: BSD-2-Clause */
/* idxd_errands.h: requests for the idxd engine over the queues of idxd_fake.h, and what came of them. */
#ifndef TESTS_UNIT_IDXD_ERRANDS_H
#define TESTS_UNIT_IDXD_ERRANDS_H

#include "engines/idxd/idxd.h"
#include "idxd_fake.h"

/* Bytes of each request, and requests. */
#define ERRAND_LEN  256u
#define ERRANDS_MAX 64u

/* One request, over its own memory. */
struct errand {
	struct dmover_request dreq;
	struct dmover_buffer in[DMOVER_INPUTS_MAX];
	uint8_t from[ERRAND_LEN], to[ERRAND_LEN];
	struct errands *errands;
	unsigned nends;
	unsigned nclosed; /* opens that were closed by its end */
	unsigned place;   /* in the order of ends, from 0 */
};

struct errands {
	void *engine;
	sem_t ended; /* posted by each */
	atomic_uint nended;
	struct errand each[ERRANDS_MAX];
};

/* Opens the engine over the queues of idxd_fake_init(); it must open. */
void errands_open(struct errands *errands, const char *args);
/* No request is inside.  Every queue that was opened must be closed then. */
void errands_close(struct errands *errands);

/* Fills in request I; what is copied is said by I. */
void errand_init(struct errands *errands, unsigned i, const char *func);

/* Fills request I in and submits it; returns the engine's answer. */
int errands_submit(struct errands *errands, unsigned i, const char *func);
/* The first N of them, which the engine must take. */
void errands_submit_all(struct errands *errands, unsigned n, const char *func);
/* The same, with the first one kept in its call until all the others are inside. */
void errands_submit_together(struct errands *errands, unsigned n, const char *func);

/* Waits for N ends; each of the first N requests must have ended once and well. */
void errands_check(struct errands *errands, unsigned n);

/*
 * Waits until the only queue, which was put into quarantine, is live again: it is opened, probed, and
 * then given back.
 */
void errands_await_return(struct errands *errands);

/* How many of WHAT, a member of struct idxd_stats, the engine has counted. */
#define ERRANDS_COUNT(errands, what) atomic_load(&idxd_stats((errands)->engine)->what)

#endif /* TESTS_UNIT_IDXD_ERRANDS_H */
