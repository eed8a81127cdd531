/* SPDX-License-Identifier: BSD-2-Clause */
/* test_batch.c: the memory behind the requests of one write(2). */
#include "unit.h"

#include <string.h>

#include "core/batch.h"

START_TEST(an_empty_batch_is_almost_nothing)
{
	struct dmover_batch *batch = dmover_batch_create();

	same_size(batch->bat_nentries, 0);
	same_size(dmover_batch_memory(batch), sizeof(*batch) + BATCH_RUNNER);
	dmover_batch_free(batch);
	dmover_batch_free(NULL);
}
END_TEST

START_TEST(a_batch_grows_and_never_shrinks)
{
	struct dmover_batch *batch = dmover_batch_create();
	size_t memory;

	same_int(dmover_batch_resize(batch, 10, 20), 0);
	same_int(dmover_batch_resize_iovs(batch, 30), 0);
	same_size(batch->bat_max_entries, 10);
	same_size(batch->bat_max_buffers, 20);
	same_size(batch->bat_max_iovs, 30);
	memset(batch->bat_entries, 0x55, 10 * sizeof(*batch->bat_entries));
	memset(batch->bat_responses, 0x55, 10 * sizeof(*batch->bat_responses));
	memset(batch->bat_buffers, 0x55, 20 * sizeof(*batch->bat_buffers));
	memory = dmover_batch_memory(batch);
	same_size(memory, sizeof(*batch) + BATCH_RUNNER +
			      10 * (sizeof(*batch->bat_entries) + sizeof(*batch->bat_responses)) +
			      20 * sizeof(*batch->bat_buffers) + 30 * sizeof(*batch->bat_iovs));
	same_int(dmover_batch_resize(batch, 5, 0), 0);
	same_int(dmover_batch_resize_iovs(batch, 1), 0);
	same_size(dmover_batch_memory(batch), memory);
	dmover_batch_free(batch);
}
END_TEST

START_TEST(vectors_stay_when_there_are_more_of_them)
{
	struct dmover_batch *batch = dmover_batch_create();

	same_int(dmover_batch_resize_iovs(batch, 2), 0);
	batch->bat_iovs[0] = (struct iovec){ batch, 1 };
	batch->bat_iovs[1] = (struct iovec){ NULL, 2 };
	same_int(dmover_batch_resize_iovs(batch, 5000), 0);
	holds(batch->bat_iovs[0].iov_base == batch);
	same_size(batch->bat_iovs[1].iov_len, 2);
	dmover_batch_free(batch);
}
END_TEST

TCase *
unit_batch(void)
{
	TCase *tc = unit_case("batch");

	tcase_add_test(tc, an_empty_batch_is_almost_nothing);
	tcase_add_test(tc, a_batch_grows_and_never_shrinks);
	tcase_add_test(tc, vectors_stay_when_there_are_more_of_them);
	return tc;
}
