/* SPDX-License-Identifier: BSD-2-Clause */
/* test_faults.c: memory that is not there, and the rest of the work after it has come. */
#include "tests/dsa/test_site.h"

#include <string.h>
#include <sys/mman.h>

#define DESC(opcode, size)                                                                         \
	{                                                                                          \
		0, 0, 0, 0, 0x0c, 0, 0, opcode, [32] = (size)&0xff, [33] = (size) >> 8 & 0xff,     \
						[34] = (size) >> 16 & 0xff                         \
	}
#define SIZE 50000u

static void
protect(uint8_t *page, int rights)
{
	ck_assert_int_eq(mprotect(page, PAGE, rights), 0);
}

START_TEST(a_source_that_ends_is_a_partial_read_fault)
{
	uint8_t desc[BYTES] = DESC(0x03, SIZE), *src, *dst, *hole;
	struct site site;

	site_open(&site, NULL);
	src = site.bytes + 100;
	dst = site.bytes + 24 * PAGE + 7;
	hole = site.bytes + 5 * PAGE;
	pattern(src, SIZE, 1);
	protect(hole, PROT_NONE);
	put_places(desc, site.record, src, dst);
	site_run(&site, desc);
	ck_status(&site, 0x03);
	ck_result(&site, 0);
	ck_completed(&site, (uint32_t)(hole - src));
	ck_fault_addr(&site, hole);
	protect(hole, PROT_READ | PROT_WRITE);
	ck_assert(same(src, dst, (size_t)(hole - src)));
	ck_assert_uint_eq(dst[hole - src], 0);
	put_places(desc, site.record, hole, dst + (hole - src));
	put_u32(desc, 32, SIZE - (uint32_t)(hole - src));
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_assert(same(src, dst, SIZE));
	site_close(&site);
}
END_TEST

START_TEST(a_destination_that_is_read_only_is_a_write_fault)
{
	static const uint8_t opcodes[] = { 0x03, 0x04, 0x11 };
	uint8_t desc[BYTES] = DESC(opcodes[_i], SIZE), *dst, *hole;
	struct site site;

	site_open(&site, NULL);
	dst = site.bytes + 24 * PAGE + 7;
	hole = site.bytes + 30 * PAGE;
	memset(site.bytes, 0x42, SIZE);
	protect(hole, PROT_READ);
	put_places(desc, site.record, site.bytes, dst);
	if (opcodes[_i] == 0x04)
		put_u64(desc, 16, UINT64_C(0x4242424242424242));
	site_run(&site, desc);
	ck_status(&site, 0x83);
	ck_completed(&site, (uint32_t)(hole - dst));
	ck_fault_addr(&site, hole);
	ck_assert(same(site.bytes, dst, (size_t)(hole - dst)));
	ck_assert_uint_eq(*hole, 0);
	site_close(&site);
}
END_TEST

/* Reading and writing: the hole is in the source or in the destination. */
START_TEST(an_overlapping_copy_faults_backwards)
{
	const bool is_write = _i == 1;
	const int shift = is_write ? 3 * (int)PAGE : 5000;
	uint8_t desc[BYTES] = DESC(0x03, SIZE), *src, *dst, *hole, *end;
	static uint8_t wanted[SIZE];
	struct site site;

	site_open(&site, NULL);
	src = site.bytes + 2 * PAGE + 11;
	dst = src + shift;
	hole = is_write ? dst - 11 + 9 * PAGE : src - 11 + PAGE;
	pattern(src, SIZE, 2);
	memcpy(wanted, src, SIZE);
	end = is_write ? dst : src;
	protect(hole, is_write ? PROT_READ : PROT_NONE);
	put_places(desc, site.record, src, dst);
	site_run(&site, desc);
	ck_status(&site, is_write ? 0x83 : 0x03);
	ck_result(&site, 1);
	ck_completed(&site, SIZE - (uint32_t)(hole + PAGE - end));
	ck_fault_addr(&site, hole + PAGE - 1);
	protect(hole, PROT_READ | PROT_WRITE);
	put_u32(desc, 32, SIZE - get_u32(site.record, 4));
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_assert(same(dst, wanted, SIZE));
	site_close(&site);
}
END_TEST

START_TEST(a_crc_goes_on_after_a_fault)
{
	uint8_t desc[BYTES] = DESC(0x10, SIZE), *src, *hole;
	struct site site;
	uint32_t whole;

	site_open(&site, NULL);
	src = site.bytes + 9;
	hole = site.bytes + 3 * PAGE;
	pattern(src, SIZE, 3);
	put_u64(desc, 16, (uintptr_t)src);
	site_run(&site, desc);
	whole = get_u32(site.record, 16);
	protect(hole, PROT_NONE);
	site_run(&site, desc);
	ck_status(&site, 0x03);
	ck_completed(&site, 3 * PAGE - 9);
	ck_fault_addr(&site, hole);
	protect(hole, PROT_READ | PROT_WRITE);
	put_u64(desc, 16, (uintptr_t)hole);
	put_u32(desc, 32, SIZE - (3 * PAGE - 9));
	put_u32(desc, 40, get_u32(site.record, 16));
	site_run(&site, desc);
	ck_status(&site, 0x01);
	ck_value(&site, whole);
	site_close(&site);
}
END_TEST

START_TEST(a_crc_that_has_not_begun_has_no_value)
{
	uint8_t desc[BYTES] = DESC(0x10, 100);
	struct site site;

	site_open(&site, NULL);
	put_u64(desc, 16, (uintptr_t)site.bytes - 1);
	put_u32(desc, 40, 0x12345678);
	site_run(&site, desc);
	ck_status(&site, 0x03);
	ck_completed(&site, 0);
	ck_value(&site, 0);
	ck_fault_addr(&site, site.bytes - 1);
	site_close(&site);
}
END_TEST

START_TEST(a_seed_that_is_nowhere_is_a_fault)
{
	uint8_t desc[BYTES] = DESC(0x10, 100);
	struct site site;

	site_open(&site, NULL);
	desc[6] = 0x01;
	put_u64(desc, 16, (uintptr_t)site.bytes);
	put_u64(desc, 48, (uintptr_t)site.bytes - 4);
	site_run(&site, desc);
	ck_status(&site, 0x03);
	ck_completed(&site, 0);
	ck_fault_addr(&site, site.bytes - 4);
	site_close(&site);
}
END_TEST

START_TEST(compare_and_dualcast_fault_in_each_buffer)
{
	uint8_t compare[BYTES] = DESC(0x05, SIZE), dualcast[BYTES] = DESC(0x09, SIZE), *hole;
	struct site site;

	site_open(&site, NULL);
	hole = site.bytes + 30 * PAGE;
	protect(hole, PROT_NONE);
	put_places(compare, site.record, site.bytes, site.bytes + 24 * PAGE);
	site_run(&site, compare);
	ck_status(&site, 0x03);
	ck_completed(&site, 6 * PAGE);
	ck_fault_addr(&site, hole);
	put_places(dualcast, site.record, site.bytes + 32 * PAGE, site.bytes);
	put_u64(dualcast, 40, (uintptr_t)site.bytes + 16 * PAGE);
	protect(site.bytes + 20 * PAGE, PROT_READ);
	site_run(&site, dualcast);
	ck_status(&site, 0x83);
	ck_completed(&site, 4 * PAGE);
	ck_fault_addr(&site, site.bytes + 20 * PAGE);
	site_close(&site);
}
END_TEST

/* The system cannot mend what is not there. */
START_TEST(a_fault_that_blocks_is_final)
{
	const struct dsa_model_options options = { .queues = { { .may_block_on_fault = true } } };
	uint8_t desc[BYTES] = DESC(0x03, SIZE);
	struct site site;

	site_open(&site, &options);
	desc[4] |= 0x02;
	put_places(desc, site.record, site.bytes - 1, site.bytes + 24 * PAGE);
	site_run(&site, desc);
	ck_status(&site, 0x04);
	put_places(desc, site.record, site.bytes, site.bytes + SITE_PAGES * PAGE - 10);
	site_run(&site, desc);
	ck_status(&site, 0x84);
	ck_completed(&site, 10);
	site_close(&site);
}
END_TEST

START_TEST(addresses_may_be_anything)
{
	static const uint64_t wild[] = { 0, 1, UINT64_C(0x7fffffffffff), UINT64_C(0x800000000000),
		UINT64_C(0xffff800000000000), UINT64_MAX - 7, UINT64_MAX };
	static const uint8_t opcodes[] = { 0x03, 0x04, 0x05, 0x10, 0x11 };
	struct site site;

	site_open(&site, NULL);
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		uint8_t desc[BYTES] = DESC(opcodes[i], 100);

		put_u64(desc, 16, wild[_i]);
		if (opcodes[i] != 0x10)
			put_u64(desc, 24, wild[_i] + 200);
		site_run(&site, desc);
		ck_assert_uint_eq(seen(site.record[0]) & 0x7f, 0x03);
		ck_completed(&site, 0);
	}
	site_close(&site);
}
END_TEST

TCase *
test_faults(void)
{
	TCase *tcase = tcase_create("faults");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_source_that_ends_is_a_partial_read_fault);
	tcase_add_loop_test(tcase, a_destination_that_is_read_only_is_a_write_fault, 0, 3);
	tcase_add_loop_test(tcase, an_overlapping_copy_faults_backwards, 0, 2);
	tcase_add_test(tcase, a_crc_goes_on_after_a_fault);
	tcase_add_test(tcase, a_crc_that_has_not_begun_has_no_value);
	tcase_add_test(tcase, a_seed_that_is_nowhere_is_a_fault);
	tcase_add_test(tcase, compare_and_dualcast_fault_in_each_buffer);
	tcase_add_test(tcase, a_fault_that_blocks_is_final);
	tcase_add_loop_test(tcase, addresses_may_be_anything, 0, 7);
	return tcase;
}
