/* SPDX-License-Identifier: BSD-2-Clause */
/* test_batches.c: lists of descriptors: all good, some bad, fenced, cut short. */
#include "tests/dsa/test_site.h"

#include <string.h>
#include <sys/mman.h>

#define MEMBERS 100u

/* A list of copies, member I from and to byte I, with record I + 1; the list is in the middle. */
struct batch {
	struct site site;
	uint8_t *list, *out;
	uint8_t desc[BYTES];
};

static uint8_t *
member(struct batch *batch, unsigned i)
{
	return batch->list + i * BYTES;
}

static const uint8_t *
record(const struct batch *batch, unsigned i)
{
	return batch->site.record + 32 * (i + 1);
}

static void
batch_open(struct batch *batch, unsigned count, const char *knobs)
{
	struct dsa_model_options options = {
		.version = DSA_VERSION_2,
		.queues = { { .max_batch = MEMBERS } },
		.knobs = knobs,
	};

	memset(batch->desc, 0, BYTES);
	site_open(&batch->site, &options);
	batch->list = batch->site.bytes + 4 * PAGE;
	batch->out = batch->site.bytes + PAGE;
	for (unsigned i = 0; i < MEMBERS; i++) {
		uint8_t *desc = member(batch, i);

		desc[4] = 0x0c;
		desc[7] = 0x03;
		desc[32] = 1;
		put_places(desc, record(batch, i), batch->site.bytes + i, batch->out + i);
		batch->site.bytes[i] = (uint8_t)(i + 1);
	}
	batch->desc[4] = 0x0c;
	batch->desc[7] = 0x01;
	put_u64(batch->desc, 16, (uintptr_t)batch->list);
	put_u32(batch->desc, 32, count);
}

static void
batch_close(struct batch *batch)
{
	site_close(&batch->site);
}

START_TEST(a_batch_does_all_its_members)
{
	static const unsigned counts[] = { 2, 3, 64, 65, 100 };
	const unsigned count = counts[_i];
	struct batch batch;
	struct dsa_stats stats;

	batch_open(&batch, count, NULL);
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x01);
	ck_completed(&batch.site, 0);
	for (unsigned i = 0; i < MEMBERS; i++) {
		ck_assert_uint_eq(seen(record(&batch, i)[0]), i < count ? 0x01 : 0x00);
		ck_assert_uint_eq(seen(batch.out[i]), i < count ? i + 1 : 0);
	}
	stats = site_stats(&batch.site);
	ck_assert_uint_eq(stats.completed, 1);
	ck_assert_uint_eq(stats.members, count);
	batch_close(&batch);
}
END_TEST

START_TEST(a_batch_that_makes_no_sense_is_refused)
{
	struct batch batch;

	batch_open(&batch, 2, NULL);
	for (unsigned count = 0; count < 2; count++) {
		put_u32(batch.desc, 32, count);
		site_run(&batch.site, batch.desc);
		ck_status(&batch.site, 0x14);
	}
	put_u32(batch.desc, 32, MEMBERS + 1);
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x14);
	put_u32(batch.desc, 32, 2);
	batch.desc[16] += 32;
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x18);
	batch.desc[16] -= 32;
	batch.desc[24] = 1;
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x12);
	batch.desc[24] = 0;
	batch.desc[4] |= 0x02;
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x11);
	batch_close(&batch);
}
END_TEST

START_TEST(a_bad_member_fails_alone_and_the_batch_tells)
{
	static const struct {
		uint8_t at, value, status;
	} bad[] = { { 7, 0x01, 0x10 }, { 7, 0x02, 0x10 }, { 40, 0x01, 0x12 }, { 32, 0x00, 0x13 } };
	struct batch batch;

	batch_open(&batch, 10, NULL);
	member(&batch, 4)[bad[_i].at] = bad[_i].value;
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x05);
	ck_completed(&batch.site, 10);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_uint_eq(seen(record(&batch, i)[0]), i == 4 ? bad[_i].status : 0x01);
	batch_close(&batch);
}
END_TEST

START_TEST(a_fence_ends_a_batch_after_a_failure)
{
	struct batch batch;

	batch_open(&batch, 10, NULL);
	member(&batch, 2)[4] |= 0x01;
	member(&batch, 7)[4] |= 0x01;
	member(&batch, 4)[32] = 0;
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x05);
	ck_completed(&batch.site, 7);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_uint_eq(seen(record(&batch, i)[0]), i == 4 ? 0x13 : i < 7 ? 0x01 : 0x00);
	batch_close(&batch);
}
END_TEST

START_TEST(a_list_that_ends_is_a_fault_of_the_batch)
{
	struct batch batch;
	uint8_t *list;

	batch_open(&batch, 2, NULL);
	list = batch.site.bytes + SITE_PAGES * PAGE - 3 * BYTES;
	memcpy(list, batch.list, 3 * BYTES);
	put_u64(batch.desc, 16, (uintptr_t)list);
	put_u32(batch.desc, 32, 5);
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x06);
	ck_completed(&batch.site, 3);
	ck_fault_addr(&batch.site, batch.site.bytes + SITE_PAGES * PAGE);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(seen(batch.out[i]), i < 3 ? i + 1 : 0);
	batch_close(&batch);
}
END_TEST

START_TEST(members_may_go_without_records)
{
	struct batch batch;

	batch_open(&batch, 10, NULL);
	for (unsigned i = 0; i < 10; i++)
		member(&batch, i)[4] = 0;
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x01);
	member(&batch, 3)[32] = 0;
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x05);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_uint_eq(record(&batch, i)[0], 0);
	batch_close(&batch);
}
END_TEST

START_TEST(knobs_spoil_a_member_or_the_list)
{
	struct batch batch;

	batch_open(&batch, 10, "batch:member=6:count=1,batch:list=3:skip=1");
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x05);
	ck_completed(&batch.site, 10);
	ck_assert_uint_eq(seen(record(&batch, 6)[0]), 0x20);
	ck_assert_uint_eq(seen(batch.out[6]), 0);
	ck_assert_uint_eq(seen(batch.out[7]), 8);
	memset(batch.out, 0, 10);
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x06);
	ck_completed(&batch.site, 3);
	ck_fault_addr(&batch.site, batch.list + 3 * BYTES);
	ck_assert_uint_eq(seen(batch.out[2]), 3);
	ck_assert_uint_eq(seen(batch.out[3]), 0);
	batch_close(&batch);
}
END_TEST

START_TEST(knobs_reach_members_by_their_opcode)
{
	struct batch batch;

	batch_open(&batch, 10, "copy:never:every=4,copy:status=0x20:every=5");
	site_run(&batch.site, batch.desc);
	ck_status(&batch.site, 0x05);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_uint_eq(seen(record(&batch, i)[0]), (i + 1) % 4 == 0   ? 0x00
							      : (i + 1) % 5 == 0 ? 0x20
										 : 0x01);
	batch_close(&batch);
}
END_TEST

TCase *
test_batches(void)
{
	TCase *tcase = tcase_create("batches");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, a_batch_does_all_its_members, 0, 5);
	tcase_add_test(tcase, a_batch_that_makes_no_sense_is_refused);
	tcase_add_loop_test(tcase, a_bad_member_fails_alone_and_the_batch_tells, 0, 4);
	tcase_add_test(tcase, a_fence_ends_a_batch_after_a_failure);
	tcase_add_test(tcase, a_list_that_ends_is_a_fault_of_the_batch);
	tcase_add_test(tcase, members_may_go_without_records);
	tcase_add_test(tcase, knobs_spoil_a_member_or_the_list);
	tcase_add_test(tcase, knobs_reach_members_by_their_opcode);
	return tcase;
}
