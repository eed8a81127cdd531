/* SPDX-License-Identifier: BSD-2-Clause */
/* batch.c: the memory behind the requests of one write(2). */
#include "core/batch.h"

#include <errno.h>
#include <stdlib.h>

struct dmover_batch *
dmover_batch_create(void)
{
	return calloc(1, sizeof(struct dmover_batch));
}

void
dmover_batch_free(struct dmover_batch *batch)
{
	if (batch == NULL)
		return;
	free(batch->bat_entries);
	free(batch->bat_buffers);
	free(batch->bat_iovs);
	free(batch->bat_responses);
	free(batch);
}

/* *array gets room for at least N elements of SIZE bytes; *max tells how many it has. */
static int
grow(void **array, unsigned *max, unsigned n, size_t size)
{
	void *more;

	if (n <= *max)
		return 0;
	more = realloc(*array, n * size);
	if (more == NULL)
		return -ENOMEM;
	*array = more;
	*max = n;
	return 0;
}

int
dmover_batch_resize(struct dmover_batch *batch, unsigned entries, unsigned buffers)
{
	unsigned responses = batch->bat_max_entries;

	if (grow((void **)&batch->bat_responses, &responses, entries,
		sizeof(*batch->bat_responses)) < 0)
		return -ENOMEM;
	if (grow((void **)&batch->bat_entries, &batch->bat_max_entries, entries,
		sizeof(*batch->bat_entries)) < 0)
		return -ENOMEM;
	return grow((void **)&batch->bat_buffers, &batch->bat_max_buffers, buffers,
	    sizeof(*batch->bat_buffers));
}

int
dmover_batch_resize_iovs(struct dmover_batch *batch, unsigned iovs)
{
	return grow(
	    (void **)&batch->bat_iovs, &batch->bat_max_iovs, iovs, sizeof(*batch->bat_iovs));
}

size_t
dmover_batch_memory(const struct dmover_batch *batch)
{
	return sizeof(*batch) + BATCH_RUNNER +
	       batch->bat_max_entries *
		   (sizeof(*batch->bat_entries) + sizeof(*batch->bat_responses)) +
	       batch->bat_max_buffers * sizeof(*batch->bat_buffers) +
	       batch->bat_max_iovs * sizeof(*batch->bat_iovs);
}
