/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rules.c: each rule of the specification, broken by one descriptor, and the status that follows. */
#include "tests/dsa/test_site.h"

#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* A good descriptor of the opcode, at offset 4, 7 and 32; its buffers are the test's to fill in. */
struct good {
	uint8_t flags, opcode;
	uint8_t size;
	uint8_t at56, at57;
};

static const struct good noop = { 0x0c, 0x00, 0, 0, 0 };
static const struct good drain = { 0x0c, 0x02, 0, 0, 0 };
static const struct good copy = { 0x0c, 0x03, 64, 0, 0 };
static const struct good fill = { 0x0c, 0x04, 64, 0, 0 };
static const struct good compare = { 0x0c, 0x05, 64, 0, 0 };
static const struct good dualcast = { 0x0c, 0x09, 64, 0, 0 };
static const struct good crcgen = { 0x0c, 0x10, 64, 0, 0 };
static const struct good copy_crc = { 0x0c, 0x11, 64, 0, 0 };
static const struct good reduce = { 0x0c, 0x19, 64, 0x00, 0x05 };

/*
 * Byte AT is changed by exclusive or with BITS, which makes STATUS of a good descriptor, and nothing
 * else: no byte of memory is written.
 */
static const struct {
	const struct good *good;
	uint8_t at, bits, status;
	uint32_t bad_flags;
} broken[] = {
	/* opcodes that there are not, or not for this device */
	{ &noop, 7, 0x06, 0x10, 0 },
	{ &noop, 7, 0x1a, 0x10, 0 },
	{ &noop, 7, 0x20, 0x10, 0 },
	{ &noop, 7, 0xff, 0x10, 0 },
	/* FENCE outside of a batch; BOF where the queue has it not, or the opcode */
	{ &copy, 4, 0x01, 0x11, 0x000001 },
	{ &copy, 4, 0x02, 0x11, 0x000002 },
	{ &noop, 4, 0x02, 0x11, 0x000002 },
	/* an interrupt: users have none */
	{ &copy, 4, 0x10, 0x19, 0 },
	/* CRSTS; check result; cache control of what writes nothing */
	{ &copy, 4, 0x20, 0x11, 0x000020 },
	{ &copy, 4, 0x40, 0x11, 0x000040 },
	{ &copy, 4, 0x80, 0x11, 0x000080 },
	{ &crcgen, 5, 0x01, 0x11, 0x000100 },
	{ &compare, 5, 0x01, 0x11, 0x000100 },
	{ &noop, 5, 0x01, 0x11, 0x000100 },
	/* traffic classes; strict ordering, readback, durable */
	{ &copy, 5, 0x02, 0x1e, 0 },
	{ &copy, 5, 0x10, 0x1e, 0 },
	{ &copy, 5, 0x20, 0x11, 0x002000 },
	{ &copy, 5, 0x40, 0x11, 0x004000 },
	{ &copy, 5, 0x80, 0x11, 0x008000 },
	/* what belongs to CRC alone; 64-bit CRC; 16-byte patterns of DSA 2 */
	{ &copy, 6, 0x01, 0x11, 0x010000 },
	{ &crcgen, 6, 0x08, 0x11, 0x080000 },
	{ &crcgen, 6, 0x80, 0x11, 0x800000 },
	/* what answers in the record needs one for success */
	{ &crcgen, 4, 0x08, 0x11, 0x000008 },
	{ &copy_crc, 4, 0x08, 0x11, 0x000008 },
	{ &compare, 4, 0x08, 0x11, 0x000008 },
	/* reserved fields: bits 30:20 of the first word, the handle, what is behind it */
	{ &copy, 2, 0x10, 0x12, 0 },
	{ &copy, 3, 0x40, 0x12, 0 },
	{ &copy, 36, 0x01, 0x12, 0 },
	{ &copy, 39, 0x80, 0x12, 0 },
	{ &copy, 40, 0x01, 0x12, 0 },
	{ &copy, 63, 0x01, 0x12, 0 },
	{ &noop, 16, 0x01, 0x12, 0 },
	{ &noop, 32, 0x01, 0x12, 0 },
	{ &noop, 40, 0x01, 0x12, 0 },
	{ &drain, 16, 0x01, 0x12, 0 },
	{ &drain, 40, 0x01, 0x12, 0 },
	{ &fill, 40, 0x01, 0x12, 0 },
	{ &crcgen, 24, 0x01, 0x12, 0 },
	{ &crcgen, 44, 0x01, 0x12, 0 },
	{ &crcgen, 48, 0x01, 0x12, 0 },
	{ &crcgen, 63, 0x01, 0x12, 0 },
	{ &copy_crc, 44, 0x01, 0x12, 0 },
	{ &copy_crc, 56, 0x01, 0x12, 0 },
	{ &dualcast, 48, 0x01, 0x12, 0 },
	{ &compare, 40, 0x01, 0x12, 0 },
	{ &compare, 41, 0x01, 0x12, 0 },
	{ &reduce, 48, 0x01, 0x12, 0 },
	{ &reduce, 58, 0x01, 0x12, 0 },
	{ &reduce, 60, 0x01, 0x12, 0 },
	{ &reduce, 57, 0x10, 0x12, 0 },
	/* sizes: none, and more than the queue's 1 MiB */
	{ &copy, 32, 64, 0x13, 0 },
	{ &copy, 34, 0x10, 0x13, 0 },
	{ &fill, 32, 64, 0x13, 0 },
	{ &compare, 32, 64, 0x13, 0 },
	{ &dualcast, 32, 64, 0x13, 0 },
	{ &crcgen, 32, 64, 0x13, 0 },
	{ &crcgen, 35, 0x80, 0x13, 0 },
	{ &copy_crc, 32, 64, 0x13, 0 },
	{ &reduce, 32, 64, 0x13, 0 },
	/* REDUCE: other computations, unequal and unknown types; addresses */
	{ &reduce, 57, 0x04, 0x15, 0 },
	{ &reduce, 56, 0x01, 0x15, 0 },
	{ &reduce, 56, 0x44, 0x15, 0 },
	/* DUALCAST: bits 11:0 of its destinations; the seed's address */
	{ &dualcast, 40, 0x04, 0x17, 0 },
	{ &dualcast, 41, 0x08, 0x17, 0 },
};

static void
put_good(struct site *site, const struct good *good, uint8_t *desc)
{
	memset(desc, 0, BYTES);
	desc[4] = good->flags;
	desc[7] = good->opcode;
	desc[32] = good->size;
	desc[56] = good->at56;
	desc[57] = good->at57;
	put_u64(desc, 8, (uintptr_t)site->record);
	if (good->opcode < 0x03)
		return;
	put_u64(desc, 16, (uintptr_t)site->bytes);
	if (good->opcode != 0x10)
		put_u64(desc, 24, (uintptr_t)site->bytes + 4 * PAGE);
	if (good->opcode == 0x09 || good->opcode == 0x19)
		put_u64(desc, 40, (uintptr_t)site->bytes + 8 * PAGE);
}

static void
rules_open(struct site *site)
{
	const struct dsa_model_options options = {
		.version = DSA_VERSION_3,
		.queues = { { .is_dedicated = true, .max_transfer = 1 << 20 } },
	};

	site_open(site, &options);
}

START_TEST(what_is_forbidden_has_its_status)
{
	uint8_t desc[BYTES];
	struct site site;

	rules_open(&site);
	put_good(&site, broken[_i].good, desc);
	site_run(&site, desc);
	ck_status(&site, 0x01);
	memset(site.bytes, 0, SITE_PAGES * PAGE);
	desc[broken[_i].at] ^= broken[_i].bits;
	site_run(&site, desc);
	ck_status(&site, broken[_i].status);
	ck_value(&site, broken[_i].bad_flags);
	ck_completed(&site, 0);
	for (unsigned i = 0; i < SITE_PAGES * PAGE; i += 64)
		ck_assert_uint_eq(site.bytes[i], 0);
	site_close(&site);
}
END_TEST

/* Offsets from the source at which the destination touches it, and not. */
START_TEST(overlap_is_forbidden_where_it_is)
{
	static const struct {
		const struct good *good;
		int shift;
		uint8_t status;
	} cases[] = {
		{ &copy_crc, 63, 0x16 },
		{ &copy_crc, -63, 0x16 },
		{ &copy_crc, 0, 0x16 },
		{ &copy_crc, 64, 0x01 },
		{ &copy_crc, -64, 0x01 },
		{ &copy, 63, 0x01 },
		{ &dualcast, 63, 0x16 },
		{ &reduce, 0, 0x01 },
		{ &compare, 10, 0x01 },
	};
	const struct good *good = cases[_i].good;
	uint8_t desc[BYTES];
	struct site site;

	ck_assert_int_lt(_i, COUNT(cases));
	rules_open(&site);
	put_good(&site, good, desc);
	put_u64(desc, 16, (uintptr_t)site.bytes + PAGE);
	put_u64(desc, 24, (uintptr_t)site.bytes + PAGE + (uint64_t)cases[_i].shift);
	if (good == &dualcast)
		put_u64(desc, 40, (uintptr_t)site.bytes + 3 * PAGE + (uint64_t)cases[_i].shift);
	site_run(&site, desc);
	ck_status(&site, cases[_i].status);
	site_close(&site);
}
END_TEST

START_TEST(reduce_may_be_in_place_and_not_beside)
{
	static const struct {
		unsigned shift;
		uint8_t status;
	} cases[] = { { 0, 0x01 }, { 8, 0x16 }, { 63, 0x16 }, { 64, 0x01 } };
	uint8_t desc[BYTES];
	struct site site;

	rules_open(&site);
	put_good(&site, &reduce, desc);
	put_u64(desc, 40, (uintptr_t)site.bytes + cases[_i].shift);
	site_run(&site, desc);
	ck_status(&site, cases[_i].status);
	put_u64(desc, 40, (uintptr_t)site.bytes + 4 * PAGE + cases[_i].shift);
	site_run(&site, desc);
	ck_status(&site, cases[_i].status);
	site_close(&site);
}
END_TEST

START_TEST(reduce_wants_aligned_elements)
{
	uint8_t desc[BYTES];
	struct site site;

	rules_open(&site);
	for (unsigned at = 16; at <= 40; at += at == 16 ? 8 : 16) {
		put_good(&site, &reduce, desc);
		desc[56] = 0x22;
		desc[at] ^= 2;
		site_run(&site, desc);
		ck_status(&site, 0x1c);
	}
	site_close(&site);
}
END_TEST

START_TEST(a_seed_in_memory_is_aligned)
{
	uint8_t desc[BYTES];
	struct site site;

	rules_open(&site);
	put_good(&site, &crcgen, desc);
	desc[6] = 0x01;
	put_u64(desc, 48, (uintptr_t)site.bytes + 2);
	site_run(&site, desc);
	ck_status(&site, 0x1c);
	put_u32(desc, 40, 1); /* both */
	site_run(&site, desc);
	ck_status(&site, 0x12);
	site_close(&site);
}
END_TEST

START_TEST(older_devices_refuse_what_came_later)
{
	uint8_t desc[BYTES];
	struct site site;

	site_open(&site, &(struct dsa_model_options){ .version = DSA_VERSION_2 });
	put_good(&site, &reduce, desc);
	site_run(&site, desc);
	ck_status(&site, 0x10);
	site_close(&site);
	site_open(&site, NULL);
	put_good(&site, &fill, desc);
	desc[6] = 0x04;
	site_run(&site, desc);
	ck_status(&site, 0x11);
	ck_value(&site, 0x040000);
	site_close(&site);
}
END_TEST

START_TEST(options_of_device_and_queue_take_away)
{
	const struct dsa_model_options options = {
		.no_overlap = true,
		.no_cache_control = true,
		.queues = { { .disabled_ops = UINT64_C(1) << 0x04 } },
	};
	uint8_t desc[BYTES];
	struct site site;

	site_open(&site, &options);
	put_good(&site, &fill, desc);
	site_run(&site, desc);
	ck_status(&site, 0x10);
	put_good(&site, &copy, desc);
	desc[5] = 0x01;
	site_run(&site, desc);
	ck_status(&site, 0x11);
	ck_value(&site, 0x000100);
	put_good(&site, &copy, desc);
	put_u64(desc, 24, (uintptr_t)site.bytes + 63);
	site_run(&site, desc);
	ck_status(&site, 0x16);
	site_close(&site);
}
END_TEST

START_TEST(options_of_device_and_queue_add)
{
	const struct dsa_model_options options = { .queues = { { .may_block_on_fault = true } } };
	uint8_t desc[BYTES];
	struct site site;

	site_open(&site, &options);
	put_good(&site, &copy, desc);
	desc[4] |= 0x02;
	desc[5] |= 0x01;
	site_run(&site, desc);
	ck_status(&site, 0x01);
	put_good(&site, &noop, desc);
	desc[4] |= 0x02;
	site_run(&site, desc);
	ck_status(&site, 0x11);
	site_close(&site);
}
END_TEST

/* A misaligned record, a privilege, a record nowhere, and none at all: the device only logs an error. */
START_TEST(what_has_no_record_is_logged)
{
	uint8_t desc[BYTES];
	struct site site;

	rules_open(&site);
	put_good(&site, &copy, desc);
	site.bytes[0] = 1;
	if (_i == 0)
		desc[8] ^= 0x10;
	else if (_i == 1)
		desc[3] = 0x80;
	else if (_i == 2)
		put_u64(desc, 8, (uintptr_t)site.bytes - PAGE);
	else
		desc[4] = 0x10;
	if (_i == 0)
		dsa_client_movdir64b(site.client, desc);
	else
		site_submit(&site, desc);
	dsa_client_drain(site.client);
	for (unsigned i = 0; i < 64; i++)
		ck_assert_uint_eq(site.record[i], 0);
	ck_assert_uint_eq(seen(site_stats(&site).lost), 1);
	ck_assert_uint_eq(site_stats(&site).records, 0);
	ck_assert(dsa_model_has_error(site.model));
	ck_assert_uint_eq(seen(site.bytes[4 * PAGE]), _i == 2 ? 1 : 0);
	site_close(&site);
}
END_TEST

TCase *
test_rules(void)
{
	TCase *tcase = tcase_create("rules");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, what_is_forbidden_has_its_status, 0, COUNT(broken));
	tcase_add_loop_test(tcase, overlap_is_forbidden_where_it_is, 0, 9);
	tcase_add_loop_test(tcase, reduce_may_be_in_place_and_not_beside, 0, 4);
	tcase_add_test(tcase, reduce_wants_aligned_elements);
	tcase_add_test(tcase, a_seed_in_memory_is_aligned);
	tcase_add_test(tcase, older_devices_refuse_what_came_later);
	tcase_add_test(tcase, options_of_device_and_queue_take_away);
	tcase_add_test(tcase, options_of_device_and_queue_add);
	tcase_add_loop_test(tcase, what_has_no_record_is_logged, 0, 4);
	return tcase;
}
