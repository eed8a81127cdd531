/* SPDX-License-Identifier: BSD-2-Clause */
/* test_submit.c: what is accepted, refused, lost and abandoned, on each road. */
#include "tests/dsa/test_site.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define NOOP                                                                                       \
	{                                                                                          \
		0, 0, 0, 0, 0x0c, 0, 0, 0x00                                                       \
	}

/* A queue that keeps what it gets, until the administrator disables it. */
static void
stuck_open(struct site *site, struct dsa_queue_options queue)
{
	const struct dsa_model_options options = { .queues = { queue },
		.knobs = "any:late=60000000" };

	site_open(site, &options);
}

/* COUNT NOOPs, each with its own record. */
static void
put_noops(const struct site *site, uint8_t *descs, unsigned count)
{
	static const uint8_t noop[BYTES] = NOOP;

	for (unsigned i = 0; i < count; i++) {
		memcpy(descs + i * BYTES, noop, BYTES);
		put_u64(descs, i * BYTES + 8, (uintptr_t)site->record + 32 * i);
	}
}

static long
write_noops(struct site *site, unsigned count)
{
	uint8_t descs[32 * BYTES];

	put_noops(site, descs, count);
	return (long)seen((uint64_t)dsa_client_write(site->client, descs, count * BYTES));
}

START_TEST(write_takes_whole_descriptors)
{
	uint8_t descs[1 + 4 * BYTES];
	struct site site;

	site_open(&site, NULL);
	put_noops(&site, descs + 1, 4);
	ck_assert_int_eq((long)seen((uint64_t)dsa_client_write(site.client, descs + 1, 63)), 0);
	ck_assert_int_eq((long)seen((uint64_t)dsa_client_write(site.client, descs + 1, 0)), 0);
	ck_assert_int_eq(
	    (long)seen((uint64_t)dsa_client_write(site.client, descs + 1, 3 * BYTES + 63)),
	    3 * BYTES);
	dsa_client_drain(site.client);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(seen(site.record[32 * i]), i < 3);
	ck_assert_uint_eq(site_stats(&site).write_calls, 3);
	ck_assert_uint_eq(site_stats(&site).submitted, 3);
	site_close(&site);
}
END_TEST

/* A record off its alignment; a BATCH for DSA 1. */
START_TEST(write_refuses_what_the_kernel_refuses)
{
	uint8_t descs[4 * BYTES];
	struct site site;

	site_open(&site, NULL);
	put_noops(&site, descs, 4);
	if (_i == 0)
		descs[2 * BYTES + 8] += 16;
	else
		descs[2 * BYTES + 7] = 0x01;
	ck_assert_int_eq(
	    (long)seen((uint64_t)dsa_client_write(site.client, descs, sizeof(descs))), 2 * BYTES);
	ck_assert_int_eq(
	    (long)seen((uint64_t)dsa_client_write(site.client, descs + 2 * BYTES, 2 * BYTES)),
	    -EINVAL);
	descs[2 * BYTES + 4] = 0; /* without CRAV the address is nobody's */
	if (_i == 0)
		ck_assert_int_eq(
		    dsa_client_write(site.client, descs + 2 * BYTES, 2 * BYTES), 2 * BYTES);
	site_close(&site);
}
END_TEST

START_TEST(later_devices_take_batches_by_write)
{
	uint8_t desc[BYTES] = { 0, 0, 0, 0, 0x0c, 0, 0, 0x01, [32] = 2 };
	struct site site;

	site_open(&site, &(struct dsa_model_options){ .version = DSA_VERSION_2 });
	put_noops(&site, site.bytes, 2);
	put_u64(desc, 16, (uintptr_t)site.bytes);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	site_close(&site);
}
END_TEST

START_TEST(a_full_shared_queue_says_try_again)
{
	struct site site;

	stuck_open(&site, (struct dsa_queue_options){ .size = 10 });
	ck_assert_int_eq(write_noops(&site, 4), 4 * BYTES);
	ck_assert_int_eq(write_noops(&site, 8), 6 * BYTES);
	ck_assert_int_eq(write_noops(&site, 8), -EAGAIN);
	ck_assert_uint_eq(site_stats(&site).refused, 2);
	ck_assert_uint_eq(site_stats(&site).in_flight, 10);
	ck_assert_uint_eq(site_stats(&site).in_flight_most, 10);
	dsa_model_disable(site.model, 0);
	ck_assert_uint_eq(site_stats(&site).abandoned, 10);
	site_close(&site);
}
END_TEST

START_TEST(users_fill_a_shared_queue_to_its_threshold)
{
	struct site site;

	stuck_open(&site, (struct dsa_queue_options){ .size = 10, .threshold = 3 });
	ck_assert_int_eq(write_noops(&site, 8), 3 * BYTES);
	ck_assert_int_eq(write_noops(&site, 1), -EAGAIN);
	dsa_model_disable(site.model, 0);
	site_close(&site);
}
END_TEST

START_TEST(a_full_dedicated_queue_loses_what_it_takes)
{
	uint8_t desc[BYTES];
	struct site site;

	stuck_open(&site, (struct dsa_queue_options){ .size = 10, .is_dedicated = true });
	ck_assert_int_eq(write_noops(&site, 12), 12 * BYTES);
	put_noops(&site, desc, 1);
	dsa_client_movdir64b(site.client, desc);
	ck_assert_uint_eq(seen(site_stats(&site).dropped), 3);
	ck_assert_uint_eq(site_stats(&site).submitted, 13);
	ck_assert_uint_eq(site_stats(&site).in_flight, 10);
	ck_assert_uint_eq(site_stats(&site).sw_errors, 3);
	ck_assert(dsa_model_has_error(site.model));
	dsa_model_disable(site.model, 0);
	site_close(&site);
}
END_TEST

START_TEST(an_entry_is_free_when_its_record_is_seen)
{
	struct site site;

	site_open(&site,
	    &(struct dsa_model_options){ .queues = { { .size = 1, .is_dedicated = true } } });
	for (unsigned i = 0; i < 3000; i++) {
		uint8_t desc[BYTES] = NOOP;

		site_run(&site, desc);
	}
	ck_assert_uint_eq(seen(site_stats(&site).dropped), 0);
	ck_assert_uint_eq(site_stats(&site).completed, 3000);
	site_close(&site);
}
END_TEST

START_TEST(each_instruction_has_its_kind_of_queue)
{
	const bool is_dedicated = _i == 1;
	uint8_t desc[BYTES];
	struct site site;

	site_open(
	    &site, &(struct dsa_model_options){ .queues = { { .is_dedicated = is_dedicated } } });
	put_noops(&site, desc, 1);
	put_u32(desc, 0, is_dedicated ? 0 : 0xffffffff); /* the processor replaces it */
	ck_assert_uint_eq(seen(dsa_client_enqcmd(site.client, desc)), !is_dedicated);
	dsa_client_drain(site.client);
	ck_assert_uint_eq(seen(site.record[0]), is_dedicated ? 0 : 1);
	site.record[0] = 0;
	put_u32(desc, 0, 0);
	dsa_client_movdir64b(site.client, desc);
	dsa_client_drain(site.client);
	ck_assert_uint_eq(seen(site.record[0]), is_dedicated ? 1 : 0);
	ck_assert_uint_eq(site_stats(&site).dropped, !is_dedicated);
	ck_assert_uint_eq(site_stats(&site).refused, is_dedicated);
	site_close(&site);
}
END_TEST

START_TEST(enqcmd_retries_when_the_queue_is_full)
{
	uint8_t desc[BYTES];
	struct site site;

	stuck_open(&site, (struct dsa_queue_options){ .size = 2 });
	put_noops(&site, desc, 1);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(seen(dsa_client_enqcmd(site.client, desc)), i < 2);
	dsa_model_disable(site.model, 0);
	ck_assert_uint_eq(seen(dsa_client_enqcmd(site.client, desc)), 0);
	site_close(&site);
}
END_TEST

START_TEST(a_dedicated_queue_is_opened_once)
{
	struct dsa_client *other = NULL;
	struct site site;

	site_open(&site, &(struct dsa_model_options){ .queues = { { .is_dedicated = true } } });
	ck_assert_int_eq(
	    (int)seen((uint64_t)dsa_client_open(site.model, 0, &site.memory, &other)), -EBUSY);
	ck_assert_int_eq(dsa_client_open(site.model, 1, &site.memory, &other), -ENXIO);
	dsa_client_close(site.client);
	ck_assert_int_eq(dsa_client_open(site.model, 0, &site.memory, &site.client), 0);
	site_close(&site);
}
END_TEST

START_TEST(a_shared_queue_has_many_clients)
{
	uint8_t first[BYTES] = NOOP, second[BYTES] = NOOP;
	struct dsa_client *other;
	struct site site;

	site_open(&site, &(struct dsa_model_options){ .knobs = "any:late=60000000:count=1" });
	ck_assert_int_eq(dsa_client_open(site.model, 0, &site.memory, &other), 0);
	put_u64(first, 8, (uintptr_t)site.record);
	put_u64(second, 8, (uintptr_t)site.record + 32);
	site_submit(&site, first);
	ck_assert_int_eq(dsa_client_write(other, second, BYTES), BYTES);
	dsa_client_close(other); /* does not wait for the first */
	ck_assert_uint_eq(seen(site.record[0]), 0);
	ck_assert_uint_eq(seen(site.record[32]), 1);
	dsa_model_disable(site.model, 0);
	site_close(&site);
}
END_TEST

START_TEST(close_waits_for_what_is_late)
{
	uint8_t desc[BYTES] = NOOP;
	struct site site;

	site_open(&site, &(struct dsa_model_options){ .knobs = "any:late=30000" });
	put_u64(desc, 8, (uintptr_t)site.record);
	site_submit(&site, desc);
	dsa_client_close(site.client);
	ck_assert_uint_eq(seen(site.record[0]), 1);
	site.client = NULL;
	site_close(&site);
}
END_TEST

START_TEST(a_disabled_queue_abandons_and_refuses)
{
	const bool is_dedicated = _i == 1;
	struct dsa_client *other;
	struct site site;

	stuck_open(&site, (struct dsa_queue_options){ .size = 10, .is_dedicated = is_dedicated });
	ck_assert_int_eq(write_noops(&site, 5), 5 * BYTES);
	dsa_model_disable(site.model, 0);
	ck_assert(!dsa_model_is_enabled(site.model, 0));
	ck_assert_uint_eq(site_stats(&site).abandoned, 5);
	ck_assert_uint_eq(site_stats(&site).in_flight, 0);
	ck_assert_int_eq(write_noops(&site, 2), is_dedicated ? 2 * BYTES : -EAGAIN);
	ck_assert_uint_eq(site_stats(&site).dropped, is_dedicated ? 2 : 0);
	ck_assert_int_eq(dsa_client_open(site.model, 0, &site.memory, &other), -ENXIO);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_uint_eq(site.record[32 * i], 0);
	ck_assert_int_eq(dsa_model_set_knobs(site.model, NULL, NULL, 0), 0);
	dsa_model_enable(site.model, 0);
	ck_assert_int_eq(write_noops(&site, 2), 2 * BYTES);
	dsa_client_drain(site.client);
	ck_assert_uint_eq(site.record[32], 1);
	site_close(&site);
}
END_TEST

START_TEST(one_queue_is_disabled_and_the_other_lives)
{
	const struct dsa_model_options options = { .nqueues = 2,
		.knobs = "any@wq0.0:late=60000000" };
	uint8_t desc[BYTES] = NOOP;
	struct dsa_client *other;
	struct dsa_stats stats;
	struct site site;

	site_open(&site, &options);
	ck_assert_int_eq(dsa_client_open(site.model, 1, &site.memory, &other), 0);
	ck_assert_int_eq(write_noops(&site, 3), 3 * BYTES);
	dsa_model_disable(site.model, 0);
	put_u64(desc, 8, (uintptr_t)site.record + 1024);
	ck_assert_int_eq(dsa_client_write(other, desc, BYTES), BYTES);
	dsa_client_close(other);
	ck_assert_uint_eq(site.record[1024], 1);
	dsa_model_stats(site.model, 1, &stats);
	ck_assert_uint_eq(stats.completed, 1);
	ck_assert_uint_eq(stats.abandoned, 0);
	dsa_model_stats(site.model, 0, &stats);
	ck_assert_uint_eq(stats.abandoned, 3);
	site_close(&site);
}
END_TEST

START_TEST(a_halted_device_does_nothing_until_it_is_reset)
{
	struct site site;

	stuck_open(&site, (struct dsa_queue_options){ .size = 4 });
	ck_assert_int_eq(write_noops(&site, 3), 3 * BYTES);
	dsa_model_halt(site.model);
	ck_assert(dsa_model_is_halted(site.model));
	ck_assert_int_eq(write_noops(&site, 1), -EAGAIN);
	ck_assert_int_eq(dsa_model_set_knobs(site.model, "", NULL, 0), 0);
	dsa_model_reset(site.model);
	ck_assert(!dsa_model_is_halted(site.model));
	ck_assert_int_eq(write_noops(&site, 1), -EAGAIN);
	dsa_model_enable(site.model, 0);
	ck_assert_int_eq(write_noops(&site, 1), BYTES);
	dsa_client_drain(site.client);
	ck_assert_uint_eq(site.record[0], 1);
	site_close(&site);
}
END_TEST

#define CROWD       4
#define CROWD_TRIES 500

static void *
crowd_thread(void *arg)
{
	struct site *site = arg;
	uint8_t desc[BYTES] = NOOP, record[64] __attribute__((aligned(64)));

	put_u64(desc, 8, (uintptr_t)record);
	for (unsigned i = 0; i < CROWD_TRIES; i++) {
		record[0] = 0;
		while (dsa_client_write(site->client, desc, BYTES) == -EAGAIN)
			;
		site_wait(record);
	}
	return NULL;
}

START_TEST(many_threads_submit_at_once)
{
	pthread_t threads[CROWD];
	struct site site;

	site_open(&site, &(struct dsa_model_options){ .queues = { { .size = 2 } } });
	for (unsigned i = 0; i < CROWD; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, crowd_thread, &site), 0);
	for (unsigned i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(seen(site_stats(&site).completed), CROWD * CROWD_TRIES);
	ck_assert_uint_eq(site_stats(&site).records, CROWD * CROWD_TRIES);
	ck_assert_uint_le(site_stats(&site).in_flight_most, 2);
	site_close(&site);
}
END_TEST

START_TEST(options_that_make_no_sense_are_refused)
{
	static const struct dsa_model_options bad[] = {
		{ .version = 0x150 },
		{ .nqueues = DSA_QUEUES_MAX + 1 },
		{ .queues = { { .size = DSA_SIZE_MAX + 1 } } },
		{ .queues = { { .size = 4, .threshold = 5 } } },
		{ .queues = { { .max_transfer = DSA_TRANSFER_MAX + 1 } } },
		{ .queues = { { .max_batch = DSA_BATCH_MAX + 1 } } },
		{ .knobs = "copy:often" },
	};
	struct dsa_model *model;
	char why[200] = "";

	ck_assert_int_eq(
	    (int)seen((uint64_t)dsa_model_create(&bad[_i], &model, why, sizeof(why))), -EINVAL);
	ck_assert_str_ne(why, "");
}
END_TEST

TCase *
test_submit(void)
{
	TCase *tcase = tcase_create("submit");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, write_takes_whole_descriptors);
	tcase_add_loop_test(tcase, write_refuses_what_the_kernel_refuses, 0, 2);
	tcase_add_test(tcase, later_devices_take_batches_by_write);
	tcase_add_test(tcase, a_full_shared_queue_says_try_again);
	tcase_add_test(tcase, users_fill_a_shared_queue_to_its_threshold);
	tcase_add_test(tcase, a_full_dedicated_queue_loses_what_it_takes);
	tcase_add_test(tcase, an_entry_is_free_when_its_record_is_seen);
	tcase_add_loop_test(tcase, each_instruction_has_its_kind_of_queue, 0, 2);
	tcase_add_test(tcase, enqcmd_retries_when_the_queue_is_full);
	tcase_add_test(tcase, a_dedicated_queue_is_opened_once);
	tcase_add_test(tcase, a_shared_queue_has_many_clients);
	tcase_add_test(tcase, close_waits_for_what_is_late);
	tcase_add_loop_test(tcase, a_disabled_queue_abandons_and_refuses, 0, 2);
	tcase_add_test(tcase, one_queue_is_disabled_and_the_other_lives);
	tcase_add_test(tcase, a_halted_device_does_nothing_until_it_is_reset);
	tcase_add_test(tcase, many_threads_submit_at_once);
	tcase_add_loop_test(tcase, options_that_make_no_sense_are_refused, 0, 7);
	return tcase;
}
