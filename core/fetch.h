/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fetch.h: from the records of a write(2) to a batch: fetches the descriptors out of the caller's
 * memory, once, and checks them.
 *
 * Two vectored accesses serve all records of a write, whatever their number: the output vectors
 * and the input arrays, then the input vectors; more only past 1024 pieces.
 */
#ifndef CORE_FETCH_H
#define CORE_FETCH_H

#include "core/batch.h"

/* Records, and vectors, that one batch holds at most; the rest of a write follows in another. */
#define FETCH_RECORDS_MAX 1024
#define FETCH_IOVS_MAX    32768

/* Memory of one thread, used again for every fetch. */
struct dmover_fetcher;

struct dmover_fetcher *dmover_fetcher_create(void);
/* NULL is allowed. */
void dmover_fetcher_destroy(struct dmover_fetcher *fetcher);

struct dmover_fetch {
	const struct dmover_function *func;
	const struct dmover_layout *layout;
	struct dmover_space *space;
	const uint8_t *records;
	unsigned nrecords; /* at most FETCH_RECORDS_MAX */
};

/*
 * Fills BATCH with the records before the first bad one, at most as many as fit; returns their
 * number.  *ret_error is what is wrong with the one after them: -EINVAL, -EFAULT, -EPERM, -ENOMEM;
 * 0: nothing, they are all in or the batch is full.
 */
unsigned dmover_fetch(struct dmover_fetcher *fetcher, const struct dmover_fetch *fetch,
    struct dmover_batch *batch, int *ret_error);

#endif /* CORE_FETCH_H */
